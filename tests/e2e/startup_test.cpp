#include <sstream>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Startup, TellsWhereItListens) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "listeners: [{address: 127.0.0.1:0}, {address: 127.0.0.1:0}]"));
  EXPECT_NE(sluice.port(0), sluice.port(1));
  for (const std::size_t listener : {0u, 1u}) {
    RawClient client(sluice.port(listener));
    EXPECT_EQ(client.get("/").body, "fine");
  }
  EXPECT_NE(sluice.metrics_port(), 0);
  EXPECT_NE(sluice.admin_port(), 0);
}

TEST(Startup, AMalformedPolicyIsReportedWithItsPlacesAndExits2) {
  FakeUpstream upstream;
  const auto finished = serve_and_fail(policy_for(upstream, "timeoutz: {}\nretry: {attempts: many}"));
  EXPECT_EQ(finished.exit.code, 2) << finished.err;
  EXPECT_TRUE(mentions(finished.err, "policy.yaml:")) << finished.err;
  EXPECT_TRUE(mentions(finished.err, "timeoutz")) << finished.err;
  EXPECT_TRUE(mentions(finished.err, "did you mean")) << finished.err;
  EXPECT_TRUE(mentions(finished.err, "attempts")) << "all problems in one run\n" << finished.err;
  EXPECT_FALSE(mentions(finished.out, "ready"));
}

TEST(Startup, TextThatIsNoYamlExits2) {
  for (const auto& text : {std::string("{{{"), std::string("\0\1\2", 3), std::string("a: [1, 2\nb: }"),
                           std::string("\xff\xfe\x00", 3), std::string("just words")}) {
    const auto finished = serve_and_fail(text);
    EXPECT_EQ(finished.exit.code, 2) << text << finished.err;
    EXPECT_FALSE(finished.err.empty());
  }
}

TEST(Startup, WithoutARouteNothingIsFound) {
  SluiceProcess sluice(gateway_yaml());
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").status(), 404);
}

TEST(Startup, WhatDoesNotActYetIsRefusedByName) {
  FakeUpstream upstream;
  const auto finished =
      serve_and_fail(gateway_yaml() + route_yaml("model", {version_yaml("v1", upstream, "rewrite: {model: other}")}));
  EXPECT_EQ(finished.exit.code, 2) << finished.err;
  EXPECT_TRUE(mentions(finished.err, "does not act")) << finished.err;
}

TEST(Startup, AMissingFileIsAClearError) {
  const auto finished = run({sluice_binary(), "serve", "/nowhere/policy.yaml"});
  EXPECT_TRUE(finished.exit.code == 1 || finished.exit.code == 2) << finished.exit.code;
  EXPECT_TRUE(mentions(finished.err, "/nowhere/policy.yaml")) << finished.err;
}

TEST(Startup, AnEmptyDirectoryIsAClearError) {
  const TempDir empty;
  const auto finished = run({sluice_binary(), "serve", empty.path().string()});
  EXPECT_TRUE(finished.exit.code == 1 || finished.exit.code == 2) << finished.exit.code;
  EXPECT_TRUE(mentions(finished.err, empty.path().string())) << finished.err;
}

TEST(Startup, APortInUseIsAClearErrorAndExits1) {
  FakeUpstream upstream;
  const Listener taken;
  const auto address = "127.0.0.1:" + std::to_string(taken.port());
  const auto data = serve_and_fail(policy_for(upstream, {}, "listeners: [{address: " + address + "}]"));
  EXPECT_EQ(data.exit.code, 1) << data.err;
  EXPECT_TRUE(mentions(data.err, "cannot listen on " + address + ": ")) << data.err;
  EXPECT_TRUE(mentions(data.err, "ddress already in use")) << data.err;
  const auto metrics = serve_and_fail(policy_for(upstream, {}, "metrics: {address: " + address + "}"));
  EXPECT_EQ(metrics.exit.code, 1) << metrics.err;
  EXPECT_TRUE(mentions(metrics.err, "cannot listen on " + address)) << metrics.err;
}

TEST(Startup, ADirectoryOfPoliciesIsReadAsAWhole) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  const TempDir dir;
  dir.write("gateway.yaml", gateway_yaml());
  dir.write("a.yaml", route_yaml("a", {version_yaml("v1", first)}, "matches: [{path: {type: PathPrefix, value: /a}}]"));
  dir.write("b.yml", route_yaml("b", {version_yaml("v1", second)}, "matches: [{path: {type: PathPrefix, value: /b}}]"));
  dir.write("notes.txt", "not a policy");
  SluiceProcess sluice = SluiceProcess::serve_path(dir.path());
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/a").body, "one");
  EXPECT_EQ(client.get("/b").body, "two");
}

TEST(Startup, WorkersAreThreads) {
  FakeUpstream upstream;
  SluiceProcess one(policy_for(upstream, {}, "workers: 1"));
  SluiceProcess four(policy_for(upstream, {}, "workers: 4"));
  // Whatever either still begins or ends.
  EXPECT_TRUE(eventually([&] { return four.process().threads() == one.process().threads() + 3; }))
      << four.process().threads() << " and " << one.process().threads();
}

TEST(CommandLine, VersionAndHelpSucceedAndAnUnknownVerbDoesNot) {
  const auto version = run({sluice_binary(), "--version"});
  EXPECT_EQ(version.exit.code, 0);
  EXPECT_TRUE(mentions(version.out, "0.1")) << version.out;
  const auto help = run({sluice_binary(), "--help"});
  EXPECT_EQ(help.exit.code, 0);
  for (const auto* verb : {"serve", "check", "status", "drain", "schema"})
    EXPECT_TRUE(mentions(help.out, verb)) << help.out;
  EXPECT_NE(run({sluice_binary(), "swerve"}).exit.code, 0);
  EXPECT_NE(run({sluice_binary(), "serve"}).exit.code, 0);
}

TEST(CommandLine, LogsAreJsonWhenAsked) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream), {"--log-format", "json", "--access-log", "1"});
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/some/path?secret=1", {{"X-Request-Id", "abc\"\\\x01"}}).status(), 400);
  RawClient other(sluice.port());
  EXPECT_EQ(other.get("/some/path?secret=1", {{"X-Request-Id", "id-\"quoted\""}}).status(), 200);
  ASSERT_TRUE(sluice.logs_contain("/some/path")) << sluice.logs();
  sluice.signal(SIGTERM);
  sluice.wait();
  std::istringstream lines(sluice.logs());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_FALSE(mentions(line, "secret")) << "a query may hold personal data";
  }
  EXPECT_GT(count, 1);
}

}  // namespace
}  // namespace sluice::test
