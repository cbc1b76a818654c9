#include "sluice/cli/status_output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson status() {
  return OrderedJson::parse(R"({
    "config": {"build": "0.1.0", "generation": 7, "hash": "4f1c2aab00000000", "lastReloadSuccessful": true},
    "drain": {"phase": "serving", "openConnections": 12, "requestsInFlight": 9},
    "routes": [{"route": "fraud", "strategy": "canary", "versions": [
      {"version": "v1", "role": "stable", "targetWeight": 0.75, "observedWeight": 0.748, "observedDecisions": 18204,
       "answered": 18204, "failed": 4, "inFlight": 7, "latency": {"p50": 0.008, "p95": 0.021, "p99": 0.04},
       "endpoints": [
         {"endpoint": "127.0.0.1:9001", "state": "admitted", "share": 1, "reason": "", "secondsInState": 200,
          "lastCheck": "passed: 200 in 3ms", "inFlight": 7, "ejections": 0},
         {"endpoint": "127.0.0.1:9002", "state": "ejected", "share": 0, "reason": "5 errors in a row",
          "secondsInState": 12, "lastCheck": "", "inFlight": 0, "ejections": 1}]},
      {"version": "v2", "role": "candidate", "targetWeight": 0.25, "observedWeight": 0, "observedDecisions": 0,
       "answered": 0, "failed": 0, "inFlight": 0, "latency": {"p50": 0, "p95": 0, "p99": 0}, "endpoints": []}]}]})");
}

OrderedJson with_rollout() {
  OrderedJson out = status();
  out["routes"][0]["rollout"] = OrderedJson::parse(R"({
    "generation": 7, "observedGeneration": 7, "serving": "Healthy", "phase": "Paused", "over": false,
    "reason": "AwaitingPromotion", "message": "waits for sluice promote fraud", "pausedByPerson": false,
    "step": 4, "steps": 5, "stepText": "pause until promote", "next": "setWeight 50",
    "windowSince": "2026-09-21T14:13:20.500Z", "verbs": ["promote", "abort"],
    "versions": [{"version": "v1", "requests": 912}, {"version": "v2", "requests": 307}],
    "checks": [{"name": "error-rate", "verdict": "Pass", "rule": "margin 0.5%", "value": 0.0009, "reference": 0.0002,
                "threshold": 0.0052, "samples": 6131, "message": "error-rate 0.09% <= 0.52%", "dryRun": false}],
    "events": [{"time": "2026-09-21T14:13:20.042Z", "actor": "sluice", "kind": "Advanced", "text": "v2 to 25%"}]})");
  return out;
}

TEST(StatusOutput, ShowsVersionsAndTheirEndpoints) {
  EXPECT_EQ(
      status_as_text(status(), {}),
      "Gateway: 0.1.0   policy generation 7 (sha 4f1c2aab)   serving   12 connections, 9 requests in flight\n"
      "\n"
      "Route:   fraud   Strategy: canary\n"
      "VERSION  ROLE       TARGET     OBSERVED(n)  ANSWERED  SUCCESS  RPS    P50   P95   P99  IN-FLIGHT  ENDPOINTS\n"
      "v1       stable        75%  74.8% (18 204)    18 204   99.97%    -  8.0ms  21ms  40ms          7        1/2\n"
      "v2       candidate     25%               -         0        -    -      -     -     -          0        0/0\n"
      "ENDPOINT        VERSION  STATE     SHARE  IN-FLIGHT  EJECTIONS    FOR  LAST CHECK          REASON\n"
      "127.0.0.1:9001  v1       admitted   100%          7          0  3m20s  passed: 200 in 3ms\n"
      "127.0.0.1:9002  v1       ejected      0%          0          1    12s                      5 errors in a row\n");
}

TEST(StatusOutput, NumbersThatARouteSharesWithOthersAreNotSaidToBeZero) {
  OrderedJson pooled = with_rollout();
  OrderedJson& route = pooled["routes"][0];
  route["pooled"] = true;
  for (OrderedJson& version : route["versions"]) {
    version["answered"] = 0;
    version["observedDecisions"] = 0;
    version["inFlight"] = 0;
  }
  const OrderedJson before = pooled;
  add_rates(pooled, &before, 1'790'000'010.5);
  const std::string text = status_as_text(pooled, {});
  EXPECT_NE(
      text.find(
          "\nv1       stable        75%            -         -     100%  91.2    -    -    -          -        1/2\n"),
      std::string::npos)
      << text;
}

TEST(StatusOutput, AFailureIsNeverRoundedAway) {
  OrderedJson one = status();
  one["routes"][0]["versions"][0]["answered"] = 1000000;
  one["routes"][0]["versions"][0]["failed"] = 1;
  EXPECT_NE(status_as_text(one, {}).find(" 99.99% "), std::string::npos);
  one["routes"][0]["versions"][0]["failed"] = 0;
  EXPECT_NE(status_as_text(one, {}).find(" 100% "), std::string::npos);
}

TEST(StatusOutput, WhatAnotherVersionAnsweredIsNoSuccessOfTheOneThatFailed) {
  OrderedJson one = status();
  OrderedJson& candidate = one["routes"][0]["versions"][1];
  candidate["answered"] = 60;
  candidate["rescued"] = 40;
  EXPECT_EQ(success_as_text(one["routes"][0], candidate), "60.00%");
  one["routes"][0]["rollout"]["versions"] =
      OrderedJson::parse(R"([{"version": "v2", "requests": 200, "failures": 30}])");
  EXPECT_EQ(success_as_text(one["routes"][0], candidate), "85.00%") << "of those that the step gave it";
  EXPECT_EQ(success_as_text(one["routes"][0], one["routes"][0]["versions"][0]), "99.97%");
}

TEST(StatusOutput, DamageOfTheStateIsSaidFirst) {
  OrderedJson damaged = status();
  damaged["config"]["stateDamage"] = OrderedJson::array({"the journal's line 17 does not follow"});
  const std::string text = status_as_text(damaged, {});
  EXPECT_EQ(text.find("The state was damaged: the journal's line 17 does not follow\n"), text.find('\n') + 1);
}

TEST(StatusOutput, AStoreThatIsDownIsSaidFirst) {
  OrderedJson down = status();
  down["routes"][0]["rollout"]["conditions"] = OrderedJson::parse(
      R"([{"type": "Serving", "status": "False", "message": "v1 has 0 of 2 endpoints"},
          {"type": "StateKept", "status": "False", "message": "the disk is full"}])");
  const std::string text = status_as_text(down, {});
  EXPECT_EQ(text.find("The state cannot be kept: the disk is full\n"), text.find('\n') + 1) << text;
  down["routes"][0]["rollout"]["conditions"][1]["status"] = "True";
  EXPECT_EQ(status_as_text(down, {}).find("cannot be kept"), std::string::npos);
}

TEST(StatusOutput, ARefusedReloadIsSaidFirst) {
  OrderedJson refused = status();
  refused["config"]["lastReloadSuccessful"] = false;
  refused["config"]["lastReloadError"] = "policy.yaml:3:1: error";
  const std::string text = status_as_text(refused, {});
  EXPECT_EQ(text.find("The last reload was refused: policy.yaml:3:1: error\n"), text.find('\n') + 1);
}

TEST(StatusOutput, ColourMarksStates) {
  const std::string text = status_as_text(status(), {.colour = true});
  EXPECT_NE(text.find("\033[32madmitted\033[0m"), std::string::npos);
  EXPECT_NE(text.find("\033[1;31mejected\033[0m"), std::string::npos);
  EXPECT_EQ(status_as_text(status(), {}).find('\033'), std::string::npos);
}

TEST(StatusOutput, WhatIsMissingOrOfAnotherTypeShowsAsEmpty) {
  EXPECT_FALSE(status_as_text(OrderedJson::object(), {}).empty());
  const OrderedJson odd = OrderedJson::parse(
      R"({"config": [], "drain": 3, "routes": [{"versions": [{"endpoints": [{"endpoint": 1, "share": "x"}]}]}]})");
  EXPECT_NE(status_as_text(odd, {}).find("0/1"), std::string::npos);
}

TEST(StatusOutput, ShowsTheRolloutBetweenTheRouteAndItsVersions) {
  const std::string text = status_as_text(with_rollout(), {});
  EXPECT_NE(text.find("\nRoute:   fraud    Strategy: canary   policy gen 7 (sha 4f1c2aab)   Serving: Healthy\n"
                      "Phase:   Paused   Step 4/5 (pause until promote)                   Next: setWeight 50\n"
                      "         AwaitingPromotion: waits for sluice promote fraud\n"
                      "Verbs:   promote, abort\n"
                      "VERSION"),
            std::string::npos)
      << text;
  EXPECT_LT(text.find("\nCHECK "), text.find("\nENDPOINT "));
  EXPECT_LT(text.find("\nENDPOINT "), text.find("\nEVENTS "));
}

TEST(StatusOutput, ShowsNoMoreEventsThanAskedFor) {
  EXPECT_EQ(status_as_text(with_rollout(), {}, 0).find("EVENTS"), std::string::npos);
  OrderedJson more = with_rollout();
  more["routes"][0]["journal"] = OrderedJson::array({{{"kind", "Begun"}, {"text", "fraud-1 begins"}}});
  EXPECT_NE(status_as_text(more, {}, 50).find("fraud-1 begins"), std::string::npos) << "the journal is the longer list";
}

TEST(StatusOutput, APolicyThatTheRolloutHasNotSeenYetIsSaid) {
  OrderedJson behind = with_rollout();
  behind["routes"][0]["rollout"]["observedGeneration"] = 6;
  EXPECT_NE(status_as_text(behind, {}).find("policy gen 7 (sha 4f1c2aab) observed 6"), std::string::npos);
}

TEST(Rates, AreOfTheEvidenceAsLongAsThereIsOneLook) {
  OrderedJson one = with_rollout();
  add_rates(one, nullptr, 1'790'000'010.5);
  EXPECT_DOUBLE_EQ(one["routes"][0]["versions"][0]["rps"].get<double>(), 91.2);
  EXPECT_DOUBLE_EQ(one["routes"][0]["versions"][1]["rps"].get<double>(), 30.7);
  EXPECT_NE(status_as_text(one, {}).find("  91.2  "), std::string::npos);
  OrderedJson fresh = with_rollout();
  add_rates(fresh, nullptr, 1'790'000'001);
  EXPECT_FALSE(fresh["routes"][0]["versions"][0].contains("rps")) << "half a second says nothing";
  OrderedJson without = status();
  add_rates(without, nullptr, 1'790'000'010);
  EXPECT_FALSE(without["routes"][0]["versions"][0].contains("rps"));
}

TEST(StatusOutput, CopiesAreSaidToBeSuch) {
  OrderedJson shadow = with_rollout();
  shadow["routes"][0]["rollout"]["versions"][1]["mirrored"] = 0.5;
  add_rates(shadow, nullptr, 1'790'000'010.5);
  EXPECT_FALSE(shadow["routes"][0]["versions"][1].contains("rps")) << "copies are not among the step's requests";
  EXPECT_NE(status_as_text(shadow, {}).find("  50% copies  "), std::string::npos) << status_as_text(shadow, {});
}

TEST(Rates, AreBetweenTwoLooks) {
  OrderedJson before = with_rollout();
  add_rates(before, nullptr, 1000);
  OrderedJson after = with_rollout();
  after["routes"][0]["versions"][0]["answered"] = 18204 + 50;
  add_rates(after, &before, 1002);
  EXPECT_DOUBLE_EQ(after["routes"][0]["versions"][0]["rps"].get<double>(), 25);
  EXPECT_DOUBLE_EQ(after["routes"][0]["versions"][1]["rps"].get<double>(), 0);
  OrderedJson restarted = with_rollout();
  restarted["routes"][0]["versions"][0]["answered"] = 3;
  add_rates(restarted, &after, 1003);
  EXPECT_FALSE(restarted["routes"][0]["versions"][0].contains("rps")) << "another process counts now";
}

}  // namespace
}  // namespace sluice::cli
