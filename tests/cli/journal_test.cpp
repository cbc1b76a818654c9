#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/command.hpp"
#include "support/connection.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Json = nlohmann::json;
using Answer = std::pair<int, std::string>;

Json line(std::uint64_t sequence) {
  return {{"sequence", sequence},
          {"time", "2026-11-22T09:51:07.042Z"},
          {"route", "fraud"},
          {"rollout", "fraud-3"},
          {"actor", sequence % 2 == 0 ? "alice" : "sluice"},
          {"kind", "Advanced"},
          {"text", "line " + std::to_string(sequence)}};
}

/// The number behind `name=` in the target; 0: it is not there.
std::uint64_t parameter(const std::string& target, const std::string& name) {
  const std::size_t at = target.find(name + "=");
  return at == std::string::npos ? 0 : std::stoull(target.substr(at + name.size() + 1));
}

/// A gateway whose journal of `fraud` has lines 1 to `last`, asked as the API is.
Answer gateway(const std::string& target, std::uint64_t last) {
  if (!target.starts_with("/api/v1/routes/fraud/journal") && !target.starts_with("/api/v1/journal")) {
    if (target == "/api/v1/routes/idle") return {200, R"({"route": "idle"})"};
    if (target.find("/journal") != std::string::npos) return {200, R"({"entries": [], "before": null})"};
    return {404, R"({"error": "there is no route"})"};
  }
  const std::uint64_t before = parameter(target, "before");
  std::uint64_t next = before == 0 ? last : before - 1;
  Json page{{"entries", Json::array()}, {"before", nullptr}};
  for (std::uint64_t i = 0; i < parameter(target, "limit") && next > 0; ++i) page["entries"].push_back(line(next--));
  if (next > 0) page["before"] = next + 1;
  return {200, page.dump()};
}

TEST(JournalVerb, ShowsTheNewestLinesOldestFirst) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request.target(), 42); }));
  const Ran ran = command({"journal", "fraud", "-n", "2", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "2026-11-22 09:51:07  fraud-3  Advanced: line 41\n"
            "2026-11-22 09:51:07  fraud-3  Advanced: line 42 (alice)\n");
  const Ran all = command({"journal", "--admin", address_of(port)});
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 20) << "unless another number is asked for";
}

TEST(JournalVerb, TurnsPagesAndWritesALineOfJsonForEach) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request.target(), 2500); }));
  const Ran ran = command({"journal", "fraud", "-n", "2400", "-o", "json", "--admin", address_of(port)});
  std::istringstream lines(ran.out);
  std::uint64_t next = 101;
  for (std::string text; std::getline(lines, text); ++next) ASSERT_EQ(Json::parse(text)["sequence"], next);
  EXPECT_EQ(next, 2501U);
}

TEST(JournalVerb, FollowsWithoutLosingOrRepeatingALine) {
  std::atomic<std::uint64_t> last{40};
  const FakeUpstream port(admin_port([&](const auto& request) {
    const Answer answer = gateway(request.target(), last);
    last += 3;
    return answer;
  }));
  const Ran ran = command({"journal", "fraud", "-f", "-n", "1", "--interval", "1ms", "--times", "4", "-o", "json",
                           "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::uint64_t next = 40;
  for (std::string text; std::getline(lines, text); ++next) ASSERT_EQ(Json::parse(text)["sequence"], next);
  EXPECT_GE(next, 41U + 4 * 3);
}

TEST(JournalVerb, FollowsThroughARestartAndIntoAJournalThatBeginsAnew) {
  std::atomic<int> asked{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    const int now = ++asked;
    if (now == 2 || now == 3) return Answer{503, R"({"error": "not yet"})"};
    return gateway(request.target(), now == 1 ? 7 : 2);
  }));
  const Ran ran =
      command({"journal", "fraud", "-f", "-n", "0", "--interval", "1ms", "--times", "4", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "sluice: not yet\n") << "said once";
  EXPECT_EQ(ran.out,
            "2026-11-22 09:51:07  fraud-3  Advanced: line 1\n"
            "2026-11-22 09:51:07  fraud-3  Advanced: line 2 (alice)\n");
}

TEST(JournalVerb, FollowsNoLongerWhenItsTokenIsNotTakenAnyMore) {
  std::atomic<int> asked{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    return ++asked < 3 ? gateway(request.target(), 7) : Answer{401, R"({"error": "this is not the token"})"};
  }));
  const Ran ran = command({"journal", "fraud", "-f", "-n", "0", "--interval", "1ms", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err.find("sluice: this is not the token"), 0U) << ran.err;
}

TEST(JournalVerb, TellsARouteWithoutLinesFromNone) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request.target(), 1); }));
  EXPECT_EQ(command({"journal", "idle", "--admin", address_of(port)}).exit_code, 0);
  const Ran unknown = command({"journal", "frau", "--admin", address_of(port)});
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_EQ(unknown.err, "sluice: there is no route\n");
}

TEST(JournalVerb, RefusesWhatMakesNoSense) {
  EXPECT_EQ(command({"journal", "a/b"}).exit_code, 2);
  EXPECT_EQ(command({"journal", "fraud", "-n", "100001"}).exit_code, 2);
  EXPECT_EQ(command({"journal", "fraud", "--interval", "1s"}).exit_code, 2) << "of what?";
  EXPECT_EQ(command({"journal", "fraud", "-f", "--interval", "1"}).exit_code, 2);
  EXPECT_EQ(command({"journal", "fraud", "-f", "--interval", "0s"}).exit_code, 2) << "no pause at all";
  EXPECT_EQ(command({"journal", "fraud", "-o", "yaml"}).exit_code, 2);
}

}  // namespace
}  // namespace sluice::cli
