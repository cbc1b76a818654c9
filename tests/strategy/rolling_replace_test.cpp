#include "rolling_world.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> asked_of(const RollingWorld& world, const std::string& host) {
  std::vector<std::string> made;
  for (const Errand& errand : world.asked) {
    const std::string base = "http://" + host + ":80/v2/";
    if (errand.url.starts_with(base)) made.push_back(errand.method + " " + errand.url.substr(base.size()));
  }
  return made;
}

TEST(RollingRepository, EachServerUnloadsLoadsAndBecomesReadyWhileThreeServe) {
  auto world = RollingWorld::with_servers(4);
  world.load_time = 5s;
  world.warm_up = 2s;
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.least_serving, 3);
  EXPECT_FALSE(world.wrong_model);
  EXPECT_EQ(asked_of(world, "s3"),
            (std::vector<std::string>{"POST repository/models/digits/unload", "POST repository/models/digits/load",
                                      "GET models/digits/ready"}));
  const auto load = std::find_if(world.asked.begin(), world.asked.end(),
                                 [](const Errand& errand) { return errand.url.ends_with("/load"); });
  EXPECT_EQ(load->body, R"({"parameters":{"variant":"v2"}})");
  EXPECT_EQ(load->key, "fraud-1/1/s1:80/try1/load");
  for (const auto& [server, model] : world.models) EXPECT_EQ(model, "v2") << server;
}

TEST(RollingRepository, DoesNotUnloadWhereTheServerSwapsByItself) {
  auto world = RollingWorld::with_servers(2);
  world.spec().repository->unload = false;
  world.spec().repository->candidate_parameters = {{"config", "{\"name\": \"v2\\n\"}\n\x01"}};
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(asked_of(world, "s1").front(), "POST repository/models/digits/load");
  EXPECT_EQ(world.asked.front().body,
            "{\"parameters\":{\"config\":\"{\\\"name\\\": \\\"v2\\\\n\\\"}\\u000a\\u0001\"}}");
}

TEST(RollingRepository, ALoadThatIsRefusedBringsTheStableModelBackEverywhere) {
  auto world = RollingWorld::with_servers(4);
  world.refuses = [](const Errand& errand) {
    return errand.url.starts_with("http://s3") && errand.body.find("v2") != std::string::npos;
  };
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 200)) << world.told();
  EXPECT_EQ(world.state.reason, "ReplaceFailed");
  EXPECT_NE(world.state.message.find("s3:80 loads 'digits': 400: no"), std::string::npos) << world.state.message;
  for (const auto& [server, model] : world.models) EXPECT_EQ(model, "v1") << server;
  EXPECT_FALSE(world.wrong_model);
  EXPECT_GE(world.least_serving, 1);
  EXPECT_EQ(world.serving(), 4);
}

TEST(RollingRepository, AllAtOnceStillLeavesOneThatServes) {
  auto world = RollingWorld::with_servers(4);
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  world.load_time = 10s;
  world.command(Verb::Undo);
  ASSERT_TRUE(world.run_to(Phase::Aborted, 200)) << world.told();
  EXPECT_EQ(world.least_serving, 1);
  EXPECT_FALSE(world.wrong_model);
  for (const auto& [server, model] : world.models) EXPECT_EQ(model, "v1") << server;
}

TEST(RollingRepository, TheWayBackNeverGivesUp) {
  auto world = RollingWorld::with_servers(3);
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 1; })) << world.told();
  bool broken = true;
  world.refuses = [&](const Errand& errand) {
    return broken && errand.url.ends_with("s1:80/v2/repository/models/digits/load");
  };
  world.command(Verb::Abort);
  for (int i = 0; i < 400; ++i) world.tick();
  EXPECT_EQ(world.state.phase, Phase::RollingBack);
  EXPECT_EQ(world.serving(), 2);
  const auto loads = asked_of(world, "s1");
  EXPECT_GT(loads.size(), 8u) << "asked again and again";
  EXPECT_LT(loads.size(), 40u) << "and with growing patience";
  broken = false;
  EXPECT_TRUE(world.run_to(Phase::Aborted, 200)) << world.told();
  EXPECT_EQ(world.serving(), 3);
}

TEST(RollingRepository, AServerThatIsLostOnTheWayBackKeepsNoOtherWaiting) {
  auto world = RollingWorld::with_servers(3);
  world.spec().rollback_batch = 30_pct;
  world.spec().replace_timeout = 1min;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 2; })) << world.told();
  world.refuses = [&](const Errand& errand) {
    return errand.url.starts_with("http://s1:") && errand.body.find("v1") != std::string::npos;
  };
  world.command(Verb::Abort);
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Old) == 2; }, 200)) << world.told();
  EXPECT_EQ(world.candidate_share(), 0);
  EXPECT_EQ(world.serving(), 2);
  EXPECT_EQ(world.state.phase, Phase::RollingBack) << "v1 is not given a server with the model of v2";
  EXPECT_EQ(world.state.reason, "NoWayBack");
  EXPECT_NE(world.state.message.find("not back yet: s1:80 after 1m"), std::string::npos) << world.state.message;
  EXPECT_EQ(std::count_if(world.events.begin(), world.events.end(),
                          [](const Event& event) { return event.kind == "Waiting"; }),
            1)
      << world.told();
  world.refuses = [](const Errand&) { return false; };
  ASSERT_TRUE(world.run_to(Phase::Aborted, 200)) << world.told();
  EXPECT_EQ(world.state.reason, "Aborted");
  EXPECT_EQ(world.state.message.find("not back yet"), std::string::npos) << world.state.message;
}

TEST(RollingRepository, WhoIsUnderWayKeepsItsErrandWhenAnotherDisappears) {
  auto world = RollingWorld::with_servers(3);
  world.load_time = 20s;
  world.begin_rollout();
  const auto load_of_s2 = [&] {
    for (const Errand& errand : world.tick().errands) {
      if (errand.url.ends_with("s2:80/v2/repository/models/digits/load")) return errand.key;
    }
    return std::string();
  };
  std::string before;
  for (int i = 0; i < 100 && before.empty(); ++i) before = load_of_s2();
  ASSERT_NE(before, "") << world.told();
  for (auto& version : world.route.versions) {
    version.endpoints.erase(version.endpoints.begin());
    world.nodes.erase({version.name, "s1:80"});
  }
  EXPECT_EQ(load_of_s2(), before);
  EXPECT_EQ(world.state.slots.size(), 2u);
}

TEST(RollingRepository, ARestartAtAnyMomentAsksAgainAndGoesOn) {
  for (int at = 1; at < 60; ++at) {
    auto world = RollingWorld::with_servers(3);
    world.load_time = 3s;
    world.begin_rollout();
    for (int i = 0; i < at && !is_over(world.state.phase); ++i) world.tick();
    world.answered.clear();
    world.now += 20s;
    ASSERT_TRUE(world.run_to(Phase::Promoted, 300)) << at << "\n" << world.told();
    EXPECT_FALSE(world.wrong_model) << at;
    EXPECT_EQ(world.least_serving, 2) << at;
  }
}

TEST(RollingRepository, OnlyOneServerIsReplacedAllTheSame) {
  auto world = RollingWorld::with_servers(1);
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.least_serving, 0) << "maxUnavailable 1 of 1 means nobody";
  world.command(Verb::Undo);
  ASSERT_TRUE(world.run_to(Phase::Aborted)) << world.told();
  EXPECT_EQ(world.models.begin()->second, "v1");
}

TEST(RollingRepository, AsksServersThatSpeakTlsOverTls) {
  auto world = RollingWorld::with_servers(1);
  for (auto& version : world.route.versions) version.endpoints.front().scheme = policy::Scheme::Https;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return !world.asked.empty(); }, 20)) << world.told();
  EXPECT_TRUE(world.asked.front().url.starts_with("https://s1:80/v2/")) << world.asked.front().url;
}

TEST(RollingWebhook, AsksForEachInstanceAndWaitsUntilTheNewOneIsReady) {
  RollingWorld world(2, 2);
  world.spec().replace = policy::Replace::Webhook;
  world.spec().webhooks = {hook(policy::WebhookType::Rollout, "http://ops/replace")};
  world.spec().webhooks[0].metadata = {{"team", "fraud \"red\""}};
  world.node("b1").up = world.node("b2").up = false;
  world.begin_rollout();
  world.state.fingerprint = "00ff";
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Readying) == 1; }, 20)) << world.told();
  ASSERT_EQ(world.asked.size(), 1u);
  EXPECT_EQ(
      world.asked[0].body,
      R"({"name":"fraud","namespace":"sluice","phase":"Progressing","checksum":"00ff","metadata":{"candidate":"b1:80",)"
      R"("from":"v1","instance":"0","rollout":"fraud-1","stable":"a1:80","team":"fraud \"red\"","to":"v2"}})");
  world.node("b1").up = world.node("b2").up = true;
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.asked.size(), 2u);
  world.command(Verb::Undo);
  ASSERT_TRUE(world.run_to(Phase::Aborted, 60)) << world.told();
  EXPECT_NE(world.asked[2].body.find("\"phase\":\"RollingBack\""), std::string::npos) << world.asked[2].body;
  EXPECT_NE(world.asked[2].body.find("\"to\":\"v1\""), std::string::npos) << world.asked[2].body;
  EXPECT_EQ(world.least_serving, 1);
}

TEST(RollingWebhook, AHookThatSaysNoSendsItBack) {
  RollingWorld world(2, 2);
  world.spec().replace = policy::Replace::Webhook;
  world.spec().webhooks = {hook(policy::WebhookType::Rollout, "http://ops/replace")};
  world.refuses = [](const Errand& errand) {
    return errand.body.find("\"instance\":\"1\"") != std::string::npos &&
           errand.body.find("Progressing") != std::string::npos;
  };
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 100)) << world.told();
  EXPECT_EQ(world.state.reason, "ReplaceFailed");
}

TEST(RollingWebhook, ASlowHookIsHeardBeforeItIsAskedAgain) {
  RollingWorld world(1, 1);
  world.spec().webhooks = {hook(policy::WebhookType::Rollback, "http://h/stop")};
  world.spec().webhooks[0].timeout = 30s;
  world.spec().webhooks[0].retries = 1;
  world.spec().analysis = errors_below(0.01);
  world.spec().min_ready = 5min;
  world.refuses = [](const Errand&) { return true; };
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 20)) << world.told();
  world.tick();
  const auto before = world.asked.size();
  for (int i = 0; i < 100; ++i) world.tick();
  EXPECT_EQ(world.asked.size() - before, 1u) << "two tries of 30 s and what lies between them";
}

TEST(RollingWebhook, WithEndpointsAHookOfTypeRolloutIsACheck) {
  RollingWorld world(2, 2);
  world.spec().webhooks = {hook(policy::WebhookType::Rollout, "http://h/look")};
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 1; }, 60)) << world.told();
  EXPECT_FALSE(world.asked.empty());
  world.refuses = [](const Errand&) { return true; };
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 60)) << world.told();
  EXPECT_EQ(world.state.reason, "WebhookFailed");
}

}  // namespace
}  // namespace sluice::strategy
