// A shadow whose answers are compared: its marks, its choice, and that nothing of it reaches a client.
#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// v1 is live, v2 gets copies, and both answers to a request are compared.
std::string compared_policy(const std::string& live, const std::string& shadow, const std::string& strategy = {},
                            const std::string& gateway = {}) {
  return gateway_yaml(gateway) + route_yaml("model", {version_yaml("v1", live), version_yaml("v2", shadow)},
                                            "strategy:\n  shadow:\n    live: v1\n    candidates: [{version: v2}]\n" +
                                                (strategy.empty() ? "    compare: {noise: 0%}\n" : strategy));
}

FakeUpstream::Script numbered(std::string name) {
  return [name = std::move(name)](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.answer(200, R"({"from":")" + name + R"(","asked":")" + request.body + "\"}",
                     {{"Content-Type", "application/json"}});
    }
  };
}

/// Asks one after the other; every answer is the right one.
void ask_in_turn(RawClient& client, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const auto answer = client.post("/infer", number);
    ASSERT_EQ(answer.status(), 200);
    ASSERT_EQ(answer.body, R"({"from":"live","asked":")" + number + "\"}");
    ASSERT_EQ(version_of(answer), "v1");
  }
}

TEST(ShadowCompared, LiveIsAskedTwiceNowAndThenAndSaysSo) {
  FakeUpstream live(numbered("live"));
  FakeUpstream shadow(numbered("shadow"));
  SluiceProcess sluice(compared_policy(
      live.url(), shadow.url(), "    budget: {requestsInFlight: 1000}\n    compare: {noise: 10%}\n", "workers: 1"));
  RawClient client(sluice.port());
  ask_in_turn(client, 400);
  EXPECT_EQ(sluice.metric_becomes(400, "sluice_shadow_requests_total", {{"version", "v2"}}), 400);
  EXPECT_EQ(sluice.metric_becomes(400, "sluice_requests_total", {{"version", "v1"}, {"code", "200"}}), 400);
  // Those of the last requests may be on their way.
  double twins = 0;
  EXPECT_TRUE(eventually([&] {
    twins = sluice.metrics().value("sluice_shadow_twins_total", {{"version", "v1"}, {"result", "answered"}});
    return static_cast<double>(live.request_count()) == 400 + twins;
  })) << live.request_count()
      << " requests, " << twins << " twins";
  EXPECT_GT(twins, 10);
  EXPECT_LT(twins, 90);
  EXPECT_EQ(sluice.metrics().value("sluice_shadow_requests_total", {{"version", "v1"}}), 0) << "live is no shadow";
  double marked = 0;
  for (const auto& request : live.requests()) marked += request.field("x-sluice-shadow") == "true" ? 1 : 0;
  EXPECT_EQ(marked, twins);
}

TEST(ShadowCompared, CopiesLoseFieldsAndAreNotRepeated) {
  FakeUpstream live(numbered("live"));
  FakeUpstream shadow(numbered("shadow"));
  SluiceProcess sluice(compared_policy(live.url(), shadow.url(),
                                       "    select: {deduplicate: 1h}\n"
                                       "    compare: {noise: 0%, dropHeaders: [authorization]}\n"));
  for (int i = 0; i < 5; ++i) {
    RawClient client(sluice.port());
    EXPECT_EQ(client.post("/infer", "same", {{"Authorization", "Bearer secret"}}).status(), 200);
  }
  EXPECT_EQ(sluice.metric_becomes(4, "sluice_shadow_dropped_total", {{"reason", "duplicate"}}), 4);
  EXPECT_FALSE(shadow.request(0).has("authorization"));
  EXPECT_EQ(shadow.request_count(), 1u);
  for (const auto& original : live.requests()) EXPECT_EQ(original.field("authorization"), "Bearer secret");
}

TEST(ShadowCompared, InIdleMomentsCopiesGiveWayToLiveTraffic) {
  Gate gate;
  FakeUpstream live([&](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, "live");
    }
  });
  FakeUpstream shadow(never_answers());
  SluiceProcess sluice(compared_policy(live.url(), shadow.url(),
                                       "    budget: {idleOnly: true, idle: {requestsInFlight: 1}}\n", "workers: 1"));
  RawClient first(sluice.port());
  RawClient second(sluice.port());
  first.send(request_text("POST", "/", "1"));
  shadow.request(0);
  second.send(request_text("POST", "/", "2"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_shadow_dropped_total", {{"reason", "preempted"}}), 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_shadow_dropped_total", {{"reason", "busy"}}), 1);
  gate.open();
  EXPECT_EQ(first.read_response().body, "live");
  EXPECT_EQ(second.read_response().body, "live");
}

std::string wide_list() {
  std::string text = "[0";
  for (int i = 0; i < 150'000; ++i) text += ",0";
  return text + "]";
}

/// What a shadow may do to whoever reads its answers.
std::vector<std::pair<std::string, FakeUpstream::Script>> hostile_shadows() {
  const auto once = [](std::string bytes) -> FakeUpstream::Script {
    return [bytes = std::move(bytes)](Conversation& gateway) {
      gateway.read_request();
      gateway.send(bytes);
    };
  };
  const auto json = [](const std::string& text) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(text.size()) +
           "\r\n\r\n" + text;
  };
  return {
      {"deep", always(json(std::string(200'000, '[')))},
      {"wide", always(json(wide_list()))},
      {"no JSON", always(json(std::string(50'000, '\xff')))},
      {"garbage", once("no answer at all\r\n\r\n")},
      {"broken off", once("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"from\":")},
      {"lies about its chunks", once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")},
      {"interim for ever",
       [](Conversation& gateway) {
         gateway.read_request();
         for (int i = 0; i < 1000; ++i) gateway.send("HTTP/1.1 102 Processing\r\n\r\n");
       }},
      {"resets",
       [](Conversation& gateway) {
         gateway.read_request();
         gateway.reset();
       }},
      {"silent", never_answers()},
      {"endless",
       [](Conversation& gateway) {
         gateway.read_request();
         gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
         const std::string piece = chunked(std::string(60'000, 'x'), 60'000);
         for (int i = 0; i < 200; ++i) gateway.send(std::string_view(piece).substr(0, piece.size() - 5));
       }},
  };
}

TEST(ShadowCompared, ThatIsHostileChangesNothing) {
  FakeUpstream live(numbered("live"));
  for (const auto& [what, script] : hostile_shadows()) {
    SCOPED_TRACE(what);
    FakeUpstream shadow(script);
    SluiceProcess sluice(compared_policy(live.url(), shadow.url(), {}, "workers: 1"));
    RawClient client(sluice.port());
    ask_in_turn(client, 5);
    const auto before = sluice.process().resident();
    ask_in_turn(client, 60);
    EXPECT_EQ(sluice.metric_becomes(65, "sluice_requests_total", {{"code", "200"}}), 65);
    if (!kSanitized) {
      // 32 answers of 1 MiB each may be under way, and be compared.
      EXPECT_LT(sluice.process().resident(), before + (80u << 20));
    }
  }
}

TEST(ShadowCompared, EveryEndOfACopyIsCountedThroughKillsAndReloads) {
  FakeUpstream live(numbered("live"));
  auto shadow = std::make_unique<FakeUpstream>(numbered("shadow"));
  const std::string url = shadow->url();
  SluiceProcess sluice(compared_policy(live.url(), url, "    compare: {noise: 5%}\n"));
  Load load(sluice.port(), 4, request_text("POST", "/infer", "x"));
  ASSERT_TRUE(load.answers(200));
  sluice.write_policy(compared_policy(live.url(), url, "    compare: {noise: 5%, ignore: [/from]}\n"));
  sluice.signal(SIGHUP);
  ASSERT_TRUE(load.answers(200));
  shadow->stop();
  ASSERT_TRUE(load.answers(200));
  sluice.write_policy(compared_policy(live.url(), url, "    compare: {noise: 5%}\n"));
  sluice.signal(SIGHUP);
  ASSERT_TRUE(load.answers(200));
  EXPECT_TRUE(load.stop().empty()) << "clients notice nothing";
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_shadow_requests_in_flight"), 0);
  double copies = 0;
  EXPECT_TRUE(eventually([&] {
    const auto metrics = sluice.metrics();
    copies = metrics.value("sluice_shadow_requests_total") + metrics.value("sluice_shadow_dropped_total");
    return copies == static_cast<double>(load.answered());
  })) << copies
      << " of " << load.answered();
}

}  // namespace
}  // namespace sluice::test
