#include "sluice/admin/rollout_json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using OrderedJson = nlohmann::ordered_json;

const WallTime morning = WallTime(1'790'000'000s) + 42ms;

TEST(RolloutJson, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(text_of(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text_of(morning), "2026-09-21T14:13:20.042Z");
  EXPECT_EQ(text_of(morning + 957ms + 999us), "2026-09-21T14:13:20.999Z") << "cut off, never rounded into the future";
}

TEST(RolloutJson, ShowsWhatPairsFoundAndWhatTheyCost) {
  rollout::RolloutView view;
  auto& pairs = view.pairs.emplace_back();
  pairs.version = "v2";
  pairs.pairs = 1204;
  pairs.compared = 1150;
  pairs.disagreements = 5;
  pairs.disagreement = 0.004;
  pairs.lower = 0.001;
  pairs.upper = 0.009;
  pairs.twins = 12;
  pairs.refused_twins = 7;
  pairs.worst_field = "/outputs/score";
  pairs.segments = {{"mobile", 120, 3}};
  pairs.limit = 0.01;
  pairs.score = {0.02, 0.01, 0.03};
  pairs.pairs_certify = 360;
  auto& replay = pairs.replays.emplace_back();
  replay.outcome = "click";
  replay.value = 0.05;
  replay.covered = 0.96;
  view.budgets = {{"bytes", 1000, 5000}};
  const OrderedJson json = to_json(view);
  EXPECT_EQ(json["pairs"][0]["compared"], 1150);
  EXPECT_EQ(json["pairs"][0]["disagreement"], 0.004);
  EXPECT_EQ(json["pairs"][0]["interval"]["upper"], 0.009);
  EXPECT_EQ(json["pairs"][0]["noiseKnown"], false);
  EXPECT_EQ(json["pairs"][0]["refusedTwins"], 7);
  EXPECT_EQ(json["pairs"][0]["segments"][0]["name"], "mobile");
  EXPECT_EQ(json["pairs"][0]["pairsCertify"], 360);
  EXPECT_EQ(json["pairs"][0]["scoreDifference"]["mean"], 0.02);
  EXPECT_EQ(json["pairs"][0]["scoreDifference"]["interval"]["upper"], 0.03);
  EXPECT_TRUE(json["pairs"][0]["latencyDifference"].is_null()) << "none was told";
  EXPECT_EQ(json["pairs"][0]["replays"][0]["estimate"], "replay") << "named as what it is";
  EXPECT_TRUE(json["pairs"][0]["replays"][0]["interval"]["lower"].is_null());
  EXPECT_EQ(json["budgets"][0]["name"], "bytes");
  EXPECT_EQ(json["budgets"][0]["limit"], 5000);

  strategy::CheckMemory check;
  check.proof.method = "paired";
  check.proof.pairs = 400;
  check.proof.of_pairs = 210;
  check.proof.of_split = 2100;
  view.checks = {check};
  EXPECT_EQ(to_json(view)["checks"][0]["evidence"]["pairs"], 400);
  EXPECT_EQ(to_json(view)["checks"][0]["evidence"]["splitWouldNeed"], 2100);
  EXPECT_EQ(to_json(view)["checks"][0]["evidence"]["pairsWouldDo"], 210);
}

TEST(RolloutJson, ShowsEverythingThatIsKnown) {
  rollout::RolloutView view;
  view.route = "fraud";
  view.id = "fraud-3";
  view.strategy = "canary";
  view.generation = 8;
  view.observed_generation = 7;
  view.serving = "Healthy";
  view.phase = strategy::Phase::Paused;
  view.reason = "AwaitingPromotion";
  view.message = "waits for sluice promote fraud";
  view.paused_by_person = true;
  view.paused_by = "alice";
  view.step = 4;
  view.steps = 5;
  view.step_text = "pause";
  view.next = "setWeight 50";
  view.stage = 1;
  view.stages = 2;
  view.winner = "v2";
  view.begun = morning;
  view.phase_since = morning + 1s;
  view.undo_until = morning + 2s;
  view.window_since = morning + 3s;
  view.versions = {{"v2", "candidate", 0.25, 0.5, 100, 1, {{"click", 90, 7, 5, 5.5}}}};
  view.certificate = {"v2", std::log(100), std::log(40), true};
  strategy::CheckMemory check;
  check.name = "error-rate";
  check.verdict = strategy::Verdict::Inconclusive;
  check.value = 0.01;
  check.samples = 37;
  check.inconclusive_in_a_row = 2;
  view.checks = {check};
  strategy::ArmState arm;
  arm.version = "v2";
  arm.probability_best = 0.9;
  arm.value = 0.056;
  arm.lift = 0.12;
  arm.lift_lower = -0.01;
  arm.checks = {check};
  view.arms = {arm};
  view.arms_earn = true;
  view.metric = "click";
  strategy::SlotState slot;
  slot.stable = "a:1";
  slot.phase = strategy::SlotPhase::Draining;
  view.slots = {slot};
  view.conditions = {{"Serving", "True", "AllUsable", "3 of 3", morning}};
  view.verbs = {"promote", "abort"};
  view.events = {{9, morning, "fraud", "fraud-3", "sluice", "Held", "x", "ab"}};

  const OrderedJson json = to_json(view);
  EXPECT_EQ(json["id"], "fraud-3");
  EXPECT_EQ(json["metric"], "click");
  EXPECT_EQ(json["arms"][0]["value"], 0.056);
  EXPECT_EQ(json["arms"][0]["lift"], 0.12);
  EXPECT_EQ(json["arms"][0]["liftLower"], -0.01);
  EXPECT_TRUE(json["arms"][0]["liftUpper"].is_null());
  EXPECT_EQ(json["observedGeneration"], 7);
  EXPECT_EQ(json["phase"], "Paused");
  EXPECT_EQ(json["over"], false);
  EXPECT_EQ(json["pausedByPerson"], true);
  EXPECT_EQ(json["pausedBy"], "alice");
  EXPECT_EQ(json["stepText"], "pause");
  EXPECT_EQ(json["next"], "setWeight 50");
  EXPECT_EQ(json["begun"], "2026-09-21T14:13:20.042Z");
  EXPECT_EQ(json["phaseSince"], "2026-09-21T14:13:21.042Z");
  EXPECT_TRUE(json["ended"].is_null());
  EXPECT_EQ(json["undoUntil"], "2026-09-21T14:13:22.042Z");
  EXPECT_EQ(json["windowSince"], "2026-09-21T14:13:23.042Z");
  EXPECT_EQ(json["versions"][0].dump(),
            R"({"version":"v2","role":"candidate","target":0.25,"mirrored":0.5,"requests":100,"failures":1,)"
            R"("outcomes":[{"name":"click","decisions":90,"reports":7,"events":5,"sum":5.5}]})");
  EXPECT_EQ(json["certificate"]["version"], "v2");
  EXPECT_EQ(json["certificate"]["certified"], true);
  EXPECT_NEAR(json["certificate"]["e"].get<double>(), 100, 1e-9);
  EXPECT_NEAR(json["certificate"]["threshold"].get<double>(), 40, 1e-9);
  EXPECT_EQ(json["checks"][0]["verdict"], "Inconclusive");
  EXPECT_EQ(json["checks"][0]["value"], 0.01);
  EXPECT_TRUE(json["checks"][0]["reference"].is_null());
  EXPECT_EQ(json["checks"][0]["inconclusiveInARow"], 2);
  EXPECT_EQ(json["arms"][0]["probabilityBest"], 0.9);
  EXPECT_EQ(json["arms"][0]["checks"][0]["name"], "error-rate");
  EXPECT_EQ(json["slots"][0]["phase"], "Draining");
  EXPECT_EQ(json["conditions"][0]["status"], "True");
  EXPECT_EQ(json["verbs"], OrderedJson({"promote", "abort"}));
  EXPECT_EQ(json["events"][0]["kind"], "Held");
}

TEST(RolloutJson, TellsWhatAllLooksHaveShown) {
  rollout::RolloutView view;
  strategy::CheckMemory check;
  check.name = "gpu-memory";
  view.checks.push_back(check);
  check.name = "error-rate";
  check.proof.method = "relative-risk";
  check.proof.log_e = 2000;
  check.proof.log_threshold = std::log(20.0);
  check.proof.evidence = 1;
  check.proof.scale = "ratio";
  check.proof.lower = 0.5;
  check.proof.until_twice = 24'859;
  view.checks.push_back(check);
  view.split_log_e = 0;
  const OrderedJson json = to_json(view);
  EXPECT_TRUE(json["checks"][0]["evidence"].is_null()) << "Prometheus' numbers have none";
  const OrderedJson& evidence = json["checks"][1]["evidence"];
  EXPECT_EQ(evidence["method"], "relative-risk");
  EXPECT_GT(evidence["e"].get<double>(), 1e100) << "however much there is, it is a number";
  EXPECT_NEAR(evidence["threshold"].get<double>(), 20, 1e-9);
  EXPECT_EQ(evidence["fraction"], 1);
  EXPECT_EQ(evidence["interval"]["of"], "ratio");
  EXPECT_EQ(evidence["interval"]["lower"], 0.5);
  EXPECT_TRUE(evidence["interval"]["upper"].is_null());
  EXPECT_EQ(evidence["requestsUntilFound"]["2"], 24'859);
  EXPECT_TRUE(evidence["requestsUntilFound"]["5"].is_null());
  EXPECT_EQ(json["split"]["e"], 1);
}

TEST(RolloutJson, OnlyABanditsArmsHaveEarnings) {
  rollout::RolloutView view;
  view.strategy = "abTest";
  view.arms.emplace_back().version = "v1";
  const OrderedJson test = to_json(view);
  for (const char* field : {"successes", "failures", "probabilityBest"}) {
    EXPECT_TRUE(test["arms"][0].contains(field) && test["arms"][0][field].is_null()) << field;
  }
  view.arms_earn = true;
  EXPECT_EQ(to_json(view)["arms"][0]["successes"], 0);
}

TEST(RolloutJson, AnEventIsOneBlockOfLines) {
  const Event event = event_of({42, morning, "fraud", "fraud-3", "alice", "Paused", "a \"b\"\nc", "ab"});
  EXPECT_EQ(event.id, 42U);
  EXPECT_EQ(event.text,
            "id: 42\nevent: Paused\ndata: {\"sequence\":42,\"time\":\"2026-09-21T14:13:20.042Z\",\"route\":\"fraud\","
            "\"rollout\":\"fraud-3\",\"actor\":\"alice\",\"kind\":\"Paused\",\"text\":\"a \\\"b\\\"\\nc\",\"hash\":"
            "\"ab\"}\n\n");
}

TEST(RolloutJson, AnOrderMayBeEmpty) {
  for (const char* text : {"", " \r\n", "{}"}) {
    const auto order = parse_verb_order(text);
    ASSERT_TRUE(order.ok());
    EXPECT_FALSE(order->full);
    EXPECT_EQ(order->actor, "");
  }
}

TEST(RolloutJson, AnOrderOfAnotherShapeIsRefused) {
  const auto problem = [](const std::string& text) { return parse_verb_order(text).error().message; };
  EXPECT_EQ(problem("[]"), "the body is no JSON object");
  EXPECT_EQ(problem(R"({"full": 1})"), "full is true or false");
  EXPECT_EQ(problem(R"({"actor": 1})"), "actor is a name in quotes");
  EXPECT_EQ(problem(R"({"actor": ""})"), "actor has 1 to 64 bytes and no control characters");
  EXPECT_EQ(problem(R"({"actor": "a\nb"})"), "actor has 1 to 64 bytes and no control characters");
  EXPECT_EQ(problem(R"({"actor": ")" + std::string(65, 'a') + "\"}"),
            "actor has 1 to 64 bytes and no control characters");
  EXPECT_EQ(problem(R"({"force": true})"), "unknown field \"force\"; there are full and actor");
}

}  // namespace
}  // namespace sluice::admin
