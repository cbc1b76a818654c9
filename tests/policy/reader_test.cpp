#include "sluice/policy/reader.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "policy/reading.hpp"

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

TEST(Reader, FillsInDefaults) {
  const PolicySet set = valid(head + "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n");
  EXPECT_EQ(set.gateway, Gateway{});
  ASSERT_EQ(set.routes.size(), 1U);
  const ModelRoute& route = set.routes[0];
  EXPECT_EQ(route.name, "fraud");
  EXPECT_TRUE(route.matches.empty());
  EXPECT_EQ(route.timeouts, RouteTimeouts{});
  EXPECT_EQ(route.pool, Pool{});
  EXPECT_EQ(route.unit.source, UnitSource::Request);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(route.strategy));
  EXPECT_EQ(set.content_hash.size(), 16U);
}

TEST(Reader, ReadsAGateway) {
  const Gateway gateway = valid(
                              "apiVersion: sluice.dev/v1\nkind: Gateway\nmetadata: {name: edge}\nspec:\n"
                              "  listeners:\n    - address: 127.0.0.1:0\n"
                              "    - {address: \"[::1]:8443\", tls: {certificateFile: c.pem, keyFile: k.pem}}\n"
                              "  workers: 3\n  limits: {bodyBytes: 1GiB, headers: 20}\n  drain: {delay: 0s}\n"
                              "  log: {level: Debug, format: Json, accessLog: 5%}\n")
                              .gateway;
  EXPECT_EQ(gateway.name, "edge");
  ASSERT_EQ(gateway.listeners.size(), 2U);
  EXPECT_EQ(gateway.listeners[0].address, (Address{"127.0.0.1", 0}));
  EXPECT_EQ(gateway.listeners[1].tls->key_file, "k.pem");
  EXPECT_EQ(gateway.listeners[1].position.line, 7);
  EXPECT_EQ(gateway.workers.count, 3U);
  EXPECT_EQ(gateway.limits.body_bytes.count, 1ULL << 30);
  EXPECT_EQ(gateway.drain.delay, Duration(0));
  EXPECT_EQ(gateway.drain.timeout, Duration(30s));
  EXPECT_EQ(gateway.log.format, LogFormat::Json);
  EXPECT_DOUBLE_EQ(gateway.log.access_log.fraction, 0.05);
}

TEST(Reader, ReadsMatchesAndUnits) {
  const PolicySet set = valid(head +
                              "  matches:\n    - path: {type: Exact, value: /a}\n"
                              "      headers: [{name: x, value: y}, {name: n, type: Range, min: 1, max: 2.5}]\n"
                              "    - {method: POST, model: fraud}\n"
                              "  unit: {jsonPointer: /user/id, salt: \"7\"}\n"
                              "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n");
  const ModelRoute& route = set.routes.at(0);
  ASSERT_EQ(route.matches.size(), 2U);
  EXPECT_EQ(route.matches[0].path->type, PathMatchType::Exact);
  EXPECT_EQ(route.matches[0].headers[1].type, ValueMatchType::Range);
  EXPECT_EQ(route.matches[0].headers[1].max, 2.5);
  EXPECT_EQ(route.matches[1].model, "fraud");
  EXPECT_EQ(route.unit, (Unit{UnitSource::JsonPointer, "/user/id", "7"}));
}

TEST(Reader, KeepsTextThatLooksLikeSomethingElse) {
  const PolicySet set = valid("apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: no, labels: {on: off}}\n" +
                              std::string("spec: {versions: [{name: 1.10, endpoints: [http://127.0.0.1:1]}]}\n"));
  EXPECT_EQ(set.routes.at(0).name, "no");
  EXPECT_EQ(set.routes[0].versions[0].name, "1.10");
}

TEST(Reader, FitsUnwrittenDeadlinesIntoTheWrittenOnes) {
  const PolicySet set =
      valid(head + "  timeouts: {request: 1s}\n  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n");
  EXPECT_EQ(set.routes.at(0).timeouts.backend_request, Duration(1s));
  EXPECT_EQ(set.routes.at(0).timeouts.connect, Duration(1s));
}

TEST(Reader, ReportsEveryFileInOneRun) {
  const std::vector<Source> sources{{"b.yaml", head + "  versions: []\n"}, {"a.yaml", "kind: Nothing\n"}};
  const Reading reading = read(sources);
  EXPECT_FALSE(reading.ok());
  ASSERT_EQ(reading.problems.size(), 2U);
  EXPECT_EQ(reading.problems[0].position.file, "a.yaml");
  EXPECT_EQ(reading.problems[1].position.file, "b.yaml");
}

TEST(Reader, FindsDuplicatesAcrossFiles) {
  const std::string route = head + "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n";
  const std::vector<Source> sources{{"a.yaml", route}, {"b.yaml", route}};
  EXPECT_NE(all_problems(read(sources)).find("route \"fraud\" is already in a.yaml on line 3"), std::string::npos);
}

TEST(Reader, HashesContentsAndNames) {
  const auto hash = [](std::string name, std::string text) {
    const std::vector<Source> sources{{std::move(name), std::move(text)}};
    return read(sources).set.content_hash;
  };
  EXPECT_EQ(hash("a", "x"), hash("a", "x"));
  EXPECT_NE(hash("a", "x"), hash("a", "y"));
  EXPECT_NE(hash("ab", "c"), hash("a", "bc"));
}

TEST(Reader, DoesNotTakePositionForMeaning) {
  const std::string body = "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n";
  EXPECT_EQ(valid(head + body).routes, valid("# moved down\n\n" + head + body).routes);
}

TEST(Reader, ReadsHowEndpointsAreWatched) {
  const PolicySet set = valid(
      head +
      "  versions:\n    - name: v1\n      endpoints: [dns://models:9001]\n      health: {status: 204, model: fraud}\n"
      "      ejection: {enabled: false}\n      slowStart: {duration: 0s}\n"
      "  health: {path: /up, host: models, interval: 2s, jitter: 0%}\n"
      "  ejection: {consecutiveErrors: 2, baseTime: 10m, latencyFactor: 2.5, maxEjected: 50%}\n"
      "  slowStart: {floor: 25%}\n  panicThreshold: 0%\n"
      "  warmUp:\n    requests:\n      - path: /v2/models/fraud/infer?warm=1\n        headers: {x-warm: yes}\n"
      "        body: |\n          {\"inputs\":\n           []}\n"
      "      - {method: GET, path: /}\n    repeat: 3\n    recorded: {}\n");
  const ModelRoute& route = set.routes.at(0);
  EXPECT_EQ(route.versions[0].endpoints[0].scheme, Scheme::Dns);
  EXPECT_EQ(route.versions[0].health->status, (StatusRange{204, 204}));
  EXPECT_EQ(route.versions[0].health->model, "fraud");
  EXPECT_FALSE(route.versions[0].ejection->enabled);
  EXPECT_EQ(route.versions[0].slow_start->duration, Duration(0));
  EXPECT_FALSE(route.versions[0].warm_up);
  EXPECT_EQ(route.health->path, "/up");
  EXPECT_EQ(route.health->status, StatusRange{});
  EXPECT_EQ(route.ejection.consecutive_errors, 2U);
  EXPECT_EQ(route.ejection.max_time, Duration(10min)) << "what is not written fits what is";
  EXPECT_DOUBLE_EQ(route.ejection.latency_factor, 2.5);
  EXPECT_DOUBLE_EQ(route.slow_start.floor.fraction, 0.25);
  EXPECT_EQ(route.panic_threshold, 0_pct);
  ASSERT_EQ(route.warm_up->requests.size(), 2U);
  EXPECT_EQ(route.warm_up->requests[0].method, "POST");
  EXPECT_EQ(route.warm_up->requests[0].headers.at("x-warm"), "yes");
  EXPECT_EQ(route.warm_up->requests[0].body, "{\"inputs\":\n []}\n");
  EXPECT_EQ(route.warm_up->requests[1].method, "GET");
  EXPECT_EQ(route.warm_up->recorded, Recorded{});
  EXPECT_TRUE(inactive_paths(set).empty());
}

TEST(Reader, ReadsRetriesHedgesAndLimits) {
  const PolicySet set =
      valid(head + two_versions +
            "  retry: {attempts: 3, on: [Timeout, ServerError], methods: Safe, budget: 50%, minBudget: 0,"
            " backoff: {base: 1s}, maxRetryAfter: 2s, bodyBytes: 0B}\n  hedge: {quantile: 95%}\n"
            "  limits: {requestsInFlight: 100, waiting: 50, waitTimeout: 200ms}\n"
            "  adaptiveConcurrency: {min: 2000}\n"
            "  strategy: {abTest: {variants: [{version: v1}, {version: v2}], parachute: false}}\n");
  const ModelRoute& route = set.routes.at(0);
  EXPECT_EQ(route.retry.attempts, 3U);
  EXPECT_EQ(route.retry.on, (std::vector<RetryOn>{RetryOn::Timeout, RetryOn::ServerError}));
  EXPECT_EQ(route.retry.methods, RetryMethods::Safe);
  EXPECT_EQ(route.retry.min_budget, 0U);
  EXPECT_EQ(route.retry.backoff, (Backoff{1s, 1s})) << "what is not written fits what is";
  EXPECT_EQ(route.retry.body_bytes, 0_B);
  EXPECT_EQ(route.hedge, (Hedge{{}, 95_pct}));
  EXPECT_EQ(route.limits, (RequestLimits{100, 50, 200ms}));
  EXPECT_EQ(route.adaptive, (AdaptiveConcurrency{2000, 2000, 1.5})) << "what is not written fits what is";
  EXPECT_FALSE(std::get<AbTest>(route.strategy).parachute);
  EXPECT_TRUE(inactive_paths(set).empty());
}

TEST(Reader, KnowsEveryFailureByItsName) {
  const PolicySet set = valid(head +
                              "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n"
                              "  retry: {on: [ConnectFailure, NoRoom, Reset, BadResponse, Timeout, Unavailable,"
                              " ServerError, TooManyRequests]}\n");
  EXPECT_EQ(
      set.routes.at(0).retry.on,
      (std::vector<RetryOn>{RetryOn::ConnectFailure, RetryOn::NoRoom, RetryOn::Reset, RetryOn::BadResponse,
                            RetryOn::Timeout, RetryOn::Unavailable, RetryOn::ServerError, RetryOn::TooManyRequests}));
}

TEST(Reader, LeavesOffWhatIsNotWritten) {
  const ModelRoute route = valid(head + "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n").routes.at(0);
  EXPECT_FALSE(route.health);
  EXPECT_FALSE(route.hedge);
  EXPECT_FALSE(route.warm_up);
  EXPECT_FALSE(route.limits);
  EXPECT_FALSE(route.adaptive);
  EXPECT_EQ(route.retry, Retry{});
  EXPECT_TRUE(route.ejection.enabled);
  EXPECT_EQ(route.slow_start, SlowStart{});
}

TEST(Reader, ReadsOverloadAndNameServers) {
  const auto gateway = [](const std::string& spec) {
    return valid("apiVersion: sluice.dev/v1\nkind: Gateway\nspec:\n" + spec).gateway;
  };
  EXPECT_FALSE(gateway("  limits: {memory: auto}\n").limits.memory.bytes);
  EXPECT_EQ(gateway("  limits: {memory: 0}\n").limits.memory.bytes, 0_B);
  EXPECT_EQ(gateway("  limits: {memory: 1GiB, waiting: 9, waitTimeout: 20ms}\n").limits.memory.bytes, 1024_MiB);
  EXPECT_EQ(gateway("  dns: {servers: [127.0.0.1:53], tries: 1, minTtl: 10m}\n").dns,
            (Dns{{{"127.0.0.1", 53}}, 2s, 1, 10min, 10min}));
}

TEST(Reader, FitsAHealthChecksTimesIntoItsInterval) {
  const auto health = [](const std::string& text) {
    return *valid(head + "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n  health: " + text)
                .routes[0]
                .health;
  };
  EXPECT_EQ(health("{interval: 500ms}\n").timeout, Duration(250ms));
  EXPECT_EQ(health("{interval: 500ms}\n").unhealthy_interval, Duration(500ms));
  EXPECT_EQ(health("{interval: 500ms, unhealthyInterval: 2s}\n").unhealthy_interval, Duration(2s));
  EXPECT_EQ(health("{}\n"), Health{});
}

class Directory : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-reader-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(path_ / name) << text; }

  std::filesystem::path path_;
};

TEST_F(Directory, IsReadByNameWithoutHiddenFiles) {
  write("b.yaml", "b");
  write("a.yml", "a");
  write(".hidden.yaml", "h");
  write("notes.txt", "n");
  std::filesystem::create_directory(path_ / "..data");
  std::filesystem::create_directory(path_ / "c.yaml");
  const auto sources = load_sources(path_);
  ASSERT_TRUE(sources.ok());
  ASSERT_EQ(sources->size(), 2U);
  EXPECT_EQ((*sources)[0].text, "a");
  EXPECT_EQ((*sources)[1].text, "b");
}

TEST_F(Directory, LinksOfAMountedConfigMapAreFollowed) {
  std::filesystem::create_directory(path_ / "..2026_01_01");
  write("..2026_01_01/policy.yaml", "x");
  std::filesystem::create_symlink("..2026_01_01", path_ / "..data");
  std::filesystem::create_symlink("..data/policy.yaml", path_ / "policy.yaml");
  const auto sources = load_sources(path_);
  ASSERT_TRUE(sources.ok());
  ASSERT_EQ(sources->size(), 1U);
  EXPECT_EQ((*sources)[0].text, "x");
}

TEST_F(Directory, WithoutPoliciesIsAnError) {
  const Reading reading = read_path(path_);
  ASSERT_EQ(reading.problems.size(), 1U);
  EXPECT_EQ(reading.problems[0].code, "E011");
  EXPECT_EQ(reading.problems[0].position.file, path_.string());
}

TEST_F(Directory, AnEmptyFileIsAnEmptyPolicy) {
  write("a.yaml", "");
  EXPECT_EQ(read_path(path_ / "a.yaml").problems.at(0).code, "E011");
}

TEST_F(Directory, AHugeFileIsReadOnlyUpToTheLimit) {
  write("a.yaml", std::string(3 << 20, ' '));
  const auto sources = load_sources(path_ / "a.yaml");
  ASSERT_TRUE(sources.ok());
  EXPECT_EQ((*sources)[0].text.size(), (1U << 20) + 1);
  EXPECT_EQ(read_path(path_ / "a.yaml").problems.at(0).code, "E002");
}

TEST_F(Directory, WhatCannotBeOpenedIsAProblem) {
  EXPECT_EQ(read_path(path_ / "absent.yaml").problems.at(0).code, "E001");
}

}  // namespace
}  // namespace sluice::policy
