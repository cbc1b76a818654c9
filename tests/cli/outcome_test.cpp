#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "support/connection.hpp"
#include "support/temp_dir.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Json = nlohmann::json;
using Answer = std::pair<int, std::string>;

constexpr const char* kTaken = R"({"accepted":2,"duplicates":1,"rejected":0})";

std::string url_of(const FakeUpstream& port) {
  return "http://" + address_of(port) + "/";
}

TEST(OutcomeVerb, PostsADecisionWithItsOutcomes) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, kTaken}; }));
  const Ran ran = command(
      {"outcome", "TOKEN", "click=1", "revenue=-12.5", "seen=true", "--unit", "u-17", "--gateway", url_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "2 accepted, 1 known before, 0 rejected\n");
  EXPECT_EQ(port.request(0).start_line, "POST /sluice/v1/outcomes HTTP/1.1");
  EXPECT_EQ(port.request(0).field("content-type"), "application/json");
  EXPECT_EQ(Json::parse(port.request(0).body),
            (Json{{"decision", "TOKEN"}, {"click", 1}, {"revenue", -12.5}, {"seen", true}, {"unit", "u-17"}}));
}

TEST(OutcomeVerb, SaysWhatWasRejectedAndLeavesAnExitCode) {
  Answer answer{400, R"({"accepted":0,"duplicates":0,"rejected":1,"problems":[
      {"index":0,"outcome":"click","reason":"expired","message":"it is late"}]})"};
  const FakeUpstream port(admin_port([&](const auto&) { return answer; }));
  const auto report = [&] { return command({"outcome", "TOKEN", "click=1", "--gateway", url_of(port), "-o", "json"}); };
  const Ran rejected = report();
  EXPECT_EQ(rejected.exit_code, 3);
  EXPECT_EQ(rejected.err, "sluice: item 0 (click): expired: it is late\n");
  EXPECT_EQ(Json::parse(rejected.out)["problems"][0]["reason"], "expired");
  answer = {503, R"({"error":"the disk is full"})"};
  EXPECT_EQ(report().exit_code, 1);
  EXPECT_EQ(report().err, "sluice: the disk is full\n");
  answer = {503, R"({"accepted":0,"duplicates":0,"rejected":1,"problems":[
      {"index":0,"outcome":"click","reason":"full","message":"no room"}]})"};
  EXPECT_EQ(report().exit_code, 1);
}

TEST(OutcomeVerb, AnotherPortIsToldFromADataPort) {
  for (const char* body : {R"({"error": "not found; there are /, /api/v1/routes"})", "404 page not found"}) {
    const FakeUpstream port(admin_port([body](const auto&) { return Answer{404, body}; }));
    const Ran ran = command({"outcome", "TOKEN", "click=1", "--gateway", url_of(port)});
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.err, "sluice: " + address_of(port) +
                           " takes no outcomes; --gateway is a data port of the gateway, one of the policy's "
                           "spec.listeners\n");
  }
}

TEST(OutcomeVerb, ReadsLinesFromAFileSomeThousandAtATime) {
  std::vector<std::size_t> posts;
  const FakeUpstream port(admin_port([&](const test::HttpMessage& request) {
    EXPECT_EQ(request.field("content-type"), "application/x-ndjson");
    posts.push_back(static_cast<std::size_t>(std::count(request.body.begin(), request.body.end(), '\n')));
    return Answer{200, posts.size() == 1 ? R"({"accepted":2000,"duplicates":0,"rejected":0})"
                                         : R"({"accepted":499,"duplicates":0,"rejected":1,"problems":[
                                              {"index":7,"reason":"forged","message":"not ours"}]})"};
  }));
  const test::TempDir dir;
  std::string lines;
  for (int i = 0; i < 2500; ++i) lines += "{\"decision\":\"T\",\"click\":1}\n\n";
  const auto file = dir.write("reports.ndjson", lines);
  const Ran ran = command({"outcome", "--file", file.string(), "--gateway", url_of(port)});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_EQ(posts, (std::vector<std::size_t>{2000, 500}));
  EXPECT_EQ(ran.out, "2 499 accepted, 0 known before, 1 rejected\n");
  EXPECT_EQ(ran.err, "sluice: item 2007: forged: not ours\n");
}

TEST(OutcomeVerb, NonsenseIsToldBeforeAnythingIsSent) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, kTaken}; }));
  const std::string url = url_of(port);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"TOKEN"},
                                                    {"TOKEN", "click"},
                                                    {"TOKEN", "=1"},
                                                    {"TOKEN", "click=much"},
                                                    {"TOKEN", "click=1", "click=1"},
                                                    {"TOKEN", "unit=1"},
                                                    {"TOKEN", "click=inf"},
                                                    {"TOKEN", "click=1", "--file", "x"},
                                                    {"--file", "/no/such/file"}}) {
    std::vector<std::string> line = {"outcome", "--gateway", url};
    line.insert(line.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(command(line).exit_code, 2) << (arguments.empty() ? "" : arguments.back());
  }
  for (const char* const gateway : {"https://127.0.0.1:8080", "http://127.0.0.1:8080/path", "http://", "127.0.0.1:x"}) {
    EXPECT_EQ(command({"outcome", "TOKEN", "click=1", "--gateway", gateway}).exit_code, 2) << gateway;
  }
  EXPECT_EQ(port.request_count(), 0U);
}

TEST(OutcomeVerb, AGatewayThatIsNotThereIsNamed) {
  const Ran ran = command({"outcome", "TOKEN", "click=1", "--gateway", "127.0.0.1:1"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err,
            "sluice: nothing listens on 127.0.0.1:1; start a gateway with `sluice serve FILE`, or say where its data "
            "port is with --gateway http://HOST:PORT\n");
}

}  // namespace
}  // namespace sluice::cli
