#include "sluice/cli/rollout_output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson canary_json() {
  return OrderedJson::parse(R"({
    "phase": "Paused", "over": false, "reason": "TimedPause", "message": "6m12s of 10m left", "pausedByPerson": false,
    "step": 2, "steps": 5, "stepText": "pause 10m, 6m12s left", "next": "setWeight 25", "verbs": ["promote", "pause"],
    "checks": [
      {"name": "error-rate", "verdict": "Pass", "rule": "margin 0.5%", "value": 0.0009, "reference": 0.0002,
       "samples": 6131, "message": "error-rate 0.09% <= 0.52%", "dryRun": false},
      {"name": "latency-p99", "verdict": "Inconclusive", "rule": "relativeMargin 20%", "value": 0.055,
       "reference": 0.04, "samples": 6131, "message": "", "dryRun": false},
      {"name": "gpu-memory", "verdict": "Error", "rule": "max 0.9", "value": null, "reference": null, "samples": 0,
       "message": "no answer", "dryRun": true}]})");
}

TEST(RolloutOutput, SaysWhereItStandsAndWhatComesNext) {
  EXPECT_EQ(rollout_head(canary_json(), {}),
            "Phase:   Paused   Step 2/5 (pause 10m, 6m12s left)   Next: setWeight 25\n"
            "         TimedPause: 6m12s of 10m left\n"
            "Verbs:   promote, pause\n");
  EXPECT_EQ(rollout_in_short(canary_json()), "Paused, step 2/5 (pause 10m, 6m12s left)");
}

TEST(RolloutOutput, SaysWhoPausedIt) {
  OrderedJson paused = canary_json();
  paused["pausedByPerson"] = true;
  paused["pausedBy"] = "alice";
  EXPECT_EQ(rollout_head(paused, {}).find("Phase:   Paused by alice   Step"), 0U);
}

TEST(RolloutOutput, NothingFollowsWhatIsOver) {
  OrderedJson over = canary_json();
  over["phase"] = "Promoted";
  over["over"] = true;
  EXPECT_EQ(rollout_head(over, {}).find("Next:"), std::string::npos);
}

TEST(RolloutOutput, StagesStandBeforeTheirSteps) {
  OrderedJson staged = canary_json();
  staged["stage"] = 2;
  staged["stages"] = 3;
  EXPECT_EQ(rollout_in_short(staged), "Paused, stage 2/3, step 2/5 (pause 10m, 6m12s left)");
  staged["steps"] = 0;
  staged["stepText"] = "";
  EXPECT_EQ(rollout_in_short(staged), "Paused, stage 2/3");
}

TEST(RolloutOutput, ChecksShowBothNumbersInTheirUnit) {
  EXPECT_EQ(rollout_tables(canary_json(), {}),
            "CHECK        STABLE  CANDIDATE      N  RULE                VERDICT\n"
            "error-rate    0.02%      0.09%  6 131  margin 0.5%         pass: error-rate 0.09% <= 0.52%\n"
            "latency-p99    40ms       55ms  6 131  relativeMargin 20%  inconclusive\n"
            "gpu-memory        -          -      0  max 0.9             error (dry run): no answer\n");
}

TEST(RolloutOutput, SymbolsNeedATerminalThatShowsThem) {
  const std::string text =
      rollout_head(canary_json(), {.unicode = true}) + rollout_tables(canary_json(), {.unicode = true});
  EXPECT_NE(text.find("\u0965 Paused"), std::string::npos);
  EXPECT_NE(text.find("\u2714 pass"), std::string::npos);
  EXPECT_NE(text.find("\u25cc inconclusive"), std::string::npos);
  EXPECT_EQ(serving_as_text("Healthy", {.unicode = true}), "\u2714 Healthy");
  EXPECT_EQ(serving_as_text("Healthy", {}), "Healthy");
  EXPECT_EQ(serving_as_text("Sideways", {.unicode = true}), "Sideways") << "a word of a later version";
}

TEST(RolloutOutput, ColourMarksVerdicts) {
  const std::string text = rollout_tables(canary_json(), {.colour = true});
  EXPECT_NE(text.find("\033[32mpass\033[0m"), std::string::npos);
  EXPECT_EQ(rollout_tables(canary_json(), {}).find('\033'), std::string::npos);
}

TEST(RolloutOutput, SaysHowCertainAnUndecidedCheckIsAndWhatItStillNeeds) {
  OrderedJson json = canary_json();
  json["checks"][1]["evidence"] = OrderedJson::parse(R"({"method": "exceedance", "fraction": 0.437, "stillNeeded": 9811,
    "smallestVisible": 3.14, "requestsUntilFound": {"1.5": 88152, "2": 24859, "5": null}})");
  const std::string text = rollout_tables(json, {});
  EXPECT_NE(text.find("RULE                CERTAIN  VERDICT"), std::string::npos) << text;
  EXPECT_NE(text.find("relativeMargin 20%      43%  inconclusive"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  latency-p99: passes after about 9 900 more requests if it goes on like this; finds out a "
                      "candidate that is worse by 1.5x after 89 000, 2x after 25 000 requests; by now 3.14x\n"),
            std::string::npos)
      << text;
}

TEST(RolloutOutput, AMeanAgainstALimitSaysWhereItLies) {
  OrderedJson json = canary_json();
  json["checks"] = OrderedJson::parse(R"json([
    {"name": "amount", "verdict": "Pass", "rule": "max 5", "value": 3.2, "reference": null, "samples": 508,
     "message": "amount 3.2 <= max 5 (n=508)",
     "evidence": {"method": "mean", "fraction": 1, "interval": {"of": "value", "lower": 3.1, "upper": 3.4}}},
    {"name": "latency-mean", "verdict": "Inconclusive", "rule": "max 50ms", "value": 0.04, "reference": null,
     "samples": 508, "message": "latency-mean 40ms <= max 50ms, not certain yet (n=508)",
     "evidence": {"method": "mean", "fraction": 0.5, "interval": {"of": "value", "lower": 0.03, "upper": 0.06}}}])json");
  const std::string text = rollout_tables(json, {});
  EXPECT_NE(text.find("pass: amount 3.2 <= max 5 (n=508), mean 3.1 to 3.4\n"), std::string::npos) << text;
  EXPECT_NE(text.find("not certain yet (n=508), mean 30ms to 60ms\n"), std::string::npos) << text;
  json["checks"][0]["evidence"]["interval"]["of"] = "ratio";
  EXPECT_NE(rollout_tables(json, {}).find("(n=508)\n"), std::string::npos) << "its sentence says it";
}

TEST(RolloutOutput, ShowsArmsWithTheirGuardrails) {
  const OrderedJson bandit = OrderedJson::parse(R"({"winner": "v2", "arms": [
    {"version": "v1", "share": 0.02, "probabilityBest": 0.01, "successes": 900, "failures": 100, "dropped": true,
     "reason": "latency-p99 900ms > max 300ms", "checks": [{"name": "latency-p99", "verdict": "Fail", "rule": "max 300ms",
     "value": 0.9, "samples": 1000, "message": "latency-p99 900ms > max 300ms"}]},
    {"version": "v2", "share": 0.98, "probabilityBest": 0.99, "successes": 9990, "failures": 10, "dropped": false}]})");
  EXPECT_EQ(rollout_tables(bandit, {}),
            "CHECK           STABLE  CANDIDATE      N  RULE       VERDICT\n"
            "v1 latency-p99       -      900ms  1 000  max 300ms  fail: latency-p99 900ms > max 300ms\n"
            "ARM  SHARE  BEST   GOOD  FAILED  NOTE\n"
            "v1      2%    1%    900     100  dropped: latency-p99 900ms > max 300ms\n"
            "v2     98%   99%  9 990      10  winner\n");
}

TEST(RolloutOutput, SaysHowManyPairsAVerdictTookAndWhatASplitWouldHave) {
  OrderedJson shadow = OrderedJson::parse(R"({
    "checks": [],
    "arms": [
      {"version": "v2", "share": 0.05, "checks": [
        {"name": "error-rate", "verdict": "Pass", "rule": "margin 1%", "value": 0.01, "reference": 0.01, "samples": 7143,
         "message": "", "evidence": {"fraction": 1, "pairs": 7143, "pairsWouldDo": 231, "splitWouldNeed": 2080}},
        {"name": "disagreement", "verdict": "Fail", "rule": "max 1%", "value": 0.1, "reference": null, "samples": 7143,
         "message": "", "evidence": {"fraction": 1, "pairs": 7143, "pairsWouldDo": 40, "splitWouldNeed": null}}]},
      {"version": "v3", "share": 0.05, "checks": [
        {"name": "error-rate", "verdict": "Inconclusive", "rule": "margin 1%", "value": 0.01, "reference": 0.01,
         "samples": 50, "message": "", "evidence": {"fraction": 0.3, "pairs": 50, "stillNeeded": 130}}]}]})");
  const std::string shown = rollout_tables(shadow, {});
  EXPECT_NE(shown.find("\n  v2 error-rate: about 240 pairs are enough for this, a split in halves takes about 2 100 "
                       "requests\n  v2 disagreement: about 40 pairs are enough for this\n  v3 error-rate: passes after "
                       "about 130 more pairs if it goes on like this\n"),
            std::string::npos)
      << shown;
}

TEST(RolloutOutput, ChecksOfTheOnlyCandidateStandThereOnce) {
  OrderedJson shadow = OrderedJson::parse(R"({
    "checks": [{"name": "error-rate", "verdict": "Pending", "rule": "margin 1%", "samples": 0, "message": ""}]})");
  shadow["arms"] = {{{"version", "v2"}, {"share", 0.05}, {"checks", shadow["checks"]}}};
  const std::string shown = rollout_tables(shadow, {});
  EXPECT_NE(shown.find("\nerror-rate "), std::string::npos) << shown;
  EXPECT_EQ(shown.find("v2 error-rate"), std::string::npos) << shown;
}

TEST(RolloutOutput, VariantsShowNoNumbersThatOnlyABanditCounts) {
  const OrderedJson test = OrderedJson::parse(R"({"winner": "", "arms": [
    {"version": "v1", "share": 0.5, "probabilityBest": null, "successes": null, "failures": null, "dropped": false},
    {"version": "v2", "share": 0.5, "probabilityBest": null, "successes": null, "failures": null, "dropped": true,
     "reason": "error-rate 9% > max 1%"}]})");
  EXPECT_EQ(rollout_tables(test, {}),
            "ARM  SHARE  NOTE\n"
            "v1     50%\n"
            "v2     50%  dropped: error-rate 9% > max 1%\n");
}

TEST(RolloutOutput, ShowsWhatAnExperimentHasFound) {
  const OrderedJson test = OrderedJson::parse(R"({"winner": "", "arms": [
    {"version": "v1", "share": 0.5, "dropped": false, "lift": null},
    {"version": "v2", "share": 0.5, "dropped": false, "lift": 0.12, "liftLower": -0.014, "liftUpper": 0.27,
     "certainty": 0.43}]})");
  EXPECT_EQ(rollout_tables(test, {}),
            "ARM  SHARE    LIFT         INTERVAL  CERTAIN  NOTE\n"
            "v1     50%       -                -        -\n"
            "v2     50%  +12.0%  -1.4% to +27.0%      43%\n");
  const OrderedJson bandit = OrderedJson::parse(R"({"winner": "", "arms": [
    {"version": "v1", "share": 1, "probabilityBest": 1, "value": 0.0561, "successes": 9, "failures": 1}]})");
  EXPECT_EQ(rollout_tables(bandit, {}),
            "ARM  SHARE  BEST   EARNS  GOOD  FAILED  NOTE\n"
            "v1    100%  100%  0.0561     9       1\n");
}

TEST(RolloutOutput, ShowsInstancesOfARollingUpdate) {
  const OrderedJson rolling = OrderedJson::parse(R"({"slots": [
    {"stable": "a:1", "candidate": "b:1", "phase": "New", "back": false, "since": "2026-09-21T14:13:20.042Z", "tries": 0},
    {"stable": "a:2", "candidate": "", "phase": "Draining", "back": true, "since": null, "tries": 2}]})");
  EXPECT_EQ(rollout_tables(rolling, {}),
            "INSTANCE  BECOMES  PHASE            SINCE (UTC)  TRIES\n"
            "a:1       b:1      New              14:13:20         0\n"
            "a:2       -        Draining (back)  -                2\n");
}

TEST(RolloutOutput, EventsNameThePersonAndNotTheProgram) {
  const OrderedJson events = OrderedJson::parse(R"([
    {"time": "2026-09-21T14:13:20.042Z", "actor": "alice", "kind": "Paused", "text": "a person paused it"},
    {"time": "2026-09-21T14:12:20.042Z", "actor": "sluice", "kind": "Advanced", "text": "v2 to 25%"}])");
  EXPECT_EQ(events_as_text(events, 5, {}),
            "EVENTS (UTC)    KIND      WHAT\n"
            "09-21 14:13:20  Paused    a person paused it (alice)\n"
            "09-21 14:12:20  Advanced  v2 to 25%\n");
  EXPECT_EQ(events_as_text(events, 1, {}).find("Advanced"), std::string::npos);
  EXPECT_EQ(events_as_text(OrderedJson::array(), 5, {}), "");
}

TEST(RolloutOutput, TextOfOthersCannotSteerTheTerminal) {
  OrderedJson odd = canary_json();
  odd["message"] = "\033[2Jgone";
  odd["checks"][0]["message"] = "\033[2Jgone";
  EXPECT_EQ((rollout_head(odd, {}) + rollout_tables(odd, {})).find('\033'), std::string::npos);
}

TEST(RolloutOutput, WhatIsMissingShowsAsEmpty) {
  EXPECT_EQ(rollout_head(OrderedJson::object(), {}), "Phase:   \n");
  EXPECT_EQ(rollout_tables(OrderedJson::parse(R"({"checks": 3, "arms": [1], "slots": {}})"), {}).find('\033'),
            std::string::npos);
}

TEST(RolloutOutput, HowLongAPromotionCanBeUndoneStandsWhereNothingFollows) {
  const OrderedJson promoted = OrderedJson::parse(
      R"({"phase": "Promoted", "over": true, "step": 2, "steps": 2, "undoUntil": "2026-11-22T09:51:07.042Z"})");
  EXPECT_EQ(rollout_head(promoted, {}), "Phase:   Promoted   Step 2/2   Undo: until 09:51:07 UTC\n");
}

TEST(RolloutOutput, ChecksOfAWinnerStandThereOnce) {
  OrderedJson concluded = OrderedJson::parse(R"({"phase": "Concluded", "checks": [{"name": "error-rate", "samples": 3}],
      "arms": [{"version": "v2", "checks": [{"name": "error-rate", "samples": 3}]}]})");
  EXPECT_EQ(rollout_tables(concluded, {}).find("v2 error-rate"), std::string::npos);
  concluded["arms"][0]["checks"][0]["samples"] = 4;
  EXPECT_NE(rollout_tables(concluded, {}).find("v2 error-rate"), std::string::npos) << "they are others";
}

}  // namespace
}  // namespace sluice::cli
