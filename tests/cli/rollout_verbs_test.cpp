#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "support/connection.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Json = nlohmann::json;
using Answer = std::pair<int, std::string>;

constexpr const char* kPaused =
    R"({"route": "fraud", "phase": "Paused", "step": 2, "steps": 5, "stepText": "pause 10m", "message": "v2 has 5%"})";

TEST(RolloutVerbs, EachSaysItsWordAndShowsWhatCameOfIt) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, kPaused}; }));
  for (const std::string verb : {"promote", "pause", "resume", "abort", "retry", "undo"}) {
    const std::size_t before = port.request_count();
    const Ran ran = command({verb, "fraud", "--actor", "alice", "--admin", address_of(port)});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(ran.out, "fraud: Paused, step 2/5 (pause 10m): v2 has 5%\n");
    EXPECT_EQ(port.request(before).start_line, "POST /api/v1/routes/fraud/" + verb + " HTTP/1.1");
    EXPECT_EQ(port.request(before).body, R"({"actor":"alice"})");
    EXPECT_EQ(port.request(before).field("content-type"), "application/json");
  }
}

TEST(RolloutVerbs, OnlyAPromotionGoesAllTheWay) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, kPaused}; }));
  EXPECT_EQ(command({"promote", "fraud", "--full", "--actor", "alice", "--admin", address_of(port)}).exit_code, 0);
  EXPECT_EQ(port.request(0).body, R"({"full":true,"actor":"alice"})");
  EXPECT_EQ(command({"pause", "fraud", "--full", "--admin", address_of(port)}).exit_code, 2);
  EXPECT_EQ(port.request_count(), 1U);
}

TEST(RolloutVerbs, TellTheUserWhoIsAtTheTerminal) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, kPaused}; }));
  setenv("USER", "bob", 1);
  EXPECT_EQ(command({"abort", "fraud", "--admin", address_of(port)}).exit_code, 0);
  EXPECT_EQ(port.request(0).body, R"({"actor":"bob"})");
}

TEST(RolloutVerbs, WriteTheRolloutForPrograms) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, kPaused}; }));
  const Ran ran = command({"retry", "fraud", "-o", "json", "--admin", address_of(port)});
  EXPECT_EQ(Json::parse(ran.out)["phase"], "Paused");
}

TEST(RolloutVerbs, EveryEndHasItsExitCode) {
  Answer answer{409, R"({"error": "nothing is promoted yet: use abort"})"};
  const FakeUpstream port(admin_port([&](const auto&) { return answer; }));
  const auto undo = [&] { return command({"undo", "fraud", "--admin", address_of(port)}); };
  const Ran refused = undo();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_EQ(refused.err, "sluice: nothing is promoted yet: use abort\n");
  EXPECT_EQ(refused.out, "");
  answer = {404, R"({"error": "there is no route fraud"})"};
  EXPECT_EQ(undo().exit_code, 4);
  answer = {401, R"({"error": "a bearer token is needed"})"};
  EXPECT_EQ(undo().exit_code, 1);
  answer = {200, "hello"};
  EXPECT_EQ(undo().exit_code, 1);
  EXPECT_EQ(command({"undo", "fraud", "--admin", "nowhere"}).exit_code, 1);
  EXPECT_EQ(command({"undo"}).exit_code, 2);
  EXPECT_EQ(command({"undo", "a/b"}).exit_code, 2);
}

}  // namespace
}  // namespace sluice::cli
