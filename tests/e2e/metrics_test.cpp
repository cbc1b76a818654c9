#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Metrics, RequestsAreCountedByRouteVersionAndCode) {
  FakeUpstream upstream([](Conversation& gateway) {
    while (true) gateway.answer(std::stoi(gateway.read_request().target().substr(1)), "x");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 2"));
  for (int i = 0; i < 4; ++i) {
    RawClient client(sluice.port());
    EXPECT_EQ(client.get("/200").status(), 200);
    EXPECT_EQ(client.get("/404").status(), 404);
  }
  const Labels v1{{"route", "model"}, {"version", "v1"}};
  EXPECT_EQ(sluice.metric_becomes(8, "sluice_requests_total", v1), 8);
  const auto metrics = sluice.metrics();
  EXPECT_EQ(metrics.value("sluice_requests_total", {{"code", "200"}}), 4);
  EXPECT_EQ(metrics.value("sluice_requests_total", {{"code", "404"}}), 4);
  EXPECT_EQ(metrics.value("sluice_request_duration_seconds_count", v1), 8);
  EXPECT_EQ(metrics.value("sluice_upstream_duration_seconds_count", v1), 8);
  EXPECT_EQ(metrics.value("sluice_time_to_first_byte_seconds_count", v1), 8);
  EXPECT_GT(metrics.value("sluice_request_duration_seconds_sum", v1), 0);
  EXPECT_EQ(metrics.value("sluice_decisions_total", {{"version", "v1"}, {"reason", "weight"}}), 8);
  EXPECT_EQ(metrics.value("sluice_requests_in_flight", v1), 0);
}

TEST(Metrics, EverySeriesOfThePolicyStandsThereAtZeroFromTheStart) {
  FakeUpstream first;
  FakeUpstream second;
  SluiceProcess sluice(split_policy(first, second, 3, 1));
  const auto metrics = sluice.metrics();
  for (const auto* version : {"v1", "v2"}) {
    for (const auto* name : {"sluice_request_duration_seconds_count", "sluice_requests_in_flight",
                             "sluice_decisions_total", "sluice_request_failures_total", "sluice_target_weight_ratio",
                             "sluice_version_info", "sluice_requests_total"}) {
      EXPECT_TRUE(metrics.has(name, {{"route", "model"}, {"version", version}})) << name << " of " << version;
    }
  }
  EXPECT_DOUBLE_EQ(metrics.value("sluice_target_weight_ratio", {{"version", "v1"}}), 0.75);
  EXPECT_TRUE(metrics.has("sluice_build_info"));
  EXPECT_TRUE(metrics.has("process_cpu_seconds_total") || metrics.has("sluice_process_cpu_seconds_total"));
  EXPECT_EQ(metrics.value("sluice_config_last_reload_successful"), 1);
}

TEST(Metrics, RequestsRefusedBeforeRoutingHaveNoVersion) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, "matches: [{path: {type: Exact, value: /only}}]"));
  RawClient client(sluice.port());
  client.get("/other");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_total", {{"version", ""}, {"code", "404"}}), 1);
  EXPECT_EQ(sluice.metrics().value("sluice_request_failures_total", {{"reason", "no_route"}}), 1);
}

TEST(Metrics, ObservedSharesFollowTheTraffic) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 0));
  RawClient client(sluice.port());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_observed_weight_ratio", {{"version", "v1"}}), 1);
  EXPECT_EQ(sluice.metrics().value("sluice_observed_weight_ratio", {{"version", "v2"}}), 0);
}

TEST(Metrics, InFlightAndStreamsAreGauges) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    gateway.wait_for(gate);
    gateway.send("0\r\n\r\n");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  client.read_until("x\r\n");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_in_flight", {{"version", "v1"}}), 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_streams_open", {{"version", "v1"}}), 1);
  gate.open();
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight", {{"version", "v1"}}), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_streams_open", {{"version", "v1"}}), 0);
}

TEST(Metrics, ThePortHasProbesAndNothingElse) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.metrics_port());
  EXPECT_EQ(client.get("/livez").status(), 200);
  EXPECT_EQ(client.get("/readyz").status(), 200);
  const auto verbose = client.get("/readyz?verbose");
  EXPECT_EQ(verbose.status(), 200);
  EXPECT_GT(verbose.body.size(), client.get("/readyz").body.size());
  EXPECT_EQ(client.get("/other").status(), 404);
  EXPECT_EQ(client.exchange(request_text("POST", "/metrics", "x")).status(), 405);
}

TEST(Metrics, LivenessDoesNotDependOnBackends) {
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model", {version_yaml("v1", "http://127.0.0.1:" + std::to_string(refused_port()))}));
  RawClient client(sluice.metrics_port());
  EXPECT_EQ(client.get("/livez").status(), 200);
}

TEST(Metrics, ThePromtoolFindsNothingToCriticise) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(shadow_policy(first, second));
  RawClient client(sluice.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.post("/", "x").status(), 200);
  const auto checked = run({"promtool", "check", "metrics"}, sluice.metrics().text());
  EXPECT_EQ(checked.exit.code, 0) << checked.out << checked.err;
  EXPECT_EQ(checked.out + checked.err, "");
}

}  // namespace
}  // namespace sluice::test
