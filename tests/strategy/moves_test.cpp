#include "sluice/strategy/moves.hpp"

#include <gtest/gtest.h>

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

const WallTime begun{1'000'000s};

TEST(Moves, APhaseBeginsOnlyWhenItIsAnother) {
  RolloutState state;
  enter(state, Phase::Progressing, "StepBegun", "v2 to 5%", begun);
  enter(state, Phase::Progressing, "AwaitingEvidence", "n=37 of 100", begun + 1s);
  EXPECT_EQ(state.phase_since, begun);
  EXPECT_EQ(state.reason, "AwaitingEvidence");
  EXPECT_EQ(state.message, "n=37 of 100");
  EXPECT_EQ(state.ended, std::nullopt);
  enter(state, Phase::Paused, "TimedPause", "", begun + 2s);
  EXPECT_EQ(state.phase_since, begun + 2s);
}

TEST(Moves, AnEndIsKeptUntilTheRolloutGoesOn) {
  RolloutState state;
  end_with(state, "v2", Phase::Promoted, "Promoted", "", begun);
  EXPECT_EQ(state.ended, begun);
  EXPECT_EQ(state.live, "v2");
  EXPECT_EQ(state.weight, 1);
  enter(state, Phase::Promoted, "Promoted", "again", begun + 1s);
  EXPECT_EQ(state.ended, begun);
  enter(state, Phase::Progressing, "", "", begun + 2s);
  EXPECT_EQ(state.ended, std::nullopt);
}

TEST(Moves, WhatEndsOnStableKeepsNothingWarm) {
  RolloutState state;
  state.weight = 0.25;
  state.warm_until = begun + 10min;
  end_with(state, "v1", Phase::RolledBack, "CheckFailed", "", begun);
  EXPECT_EQ(state.weight, 0);
  EXPECT_EQ(state.warm_until, std::nullopt);
}

TEST(Moves, AWindowForgetsWhatWasSeenBefore) {
  RolloutState state;
  state.window = 7;
  state.last_look = begun;
  state.checks.emplace_back();
  open_window(state, begun + 5s);
  EXPECT_EQ(state.window, 8U);
  EXPECT_EQ(state.window_since, begun + 5s);
  EXPECT_EQ(state.last_look, std::nullopt);
  EXPECT_TRUE(state.checks.empty());
}

TEST(Moves, AStepStartsItsClocks) {
  RolloutState state;
  state.approved = true;
  begin_step(state, 3, begun);
  EXPECT_EQ(state.step, 3);
  EXPECT_EQ(state.step_since, begun);
  EXPECT_EQ(state.last_progress, begun);
  EXPECT_FALSE(state.approved);
}

TEST(Words, OfDurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(short_duration(0s), "0s");
  EXPECT_EQ(short_duration(-3s), "0s");
  EXPECT_EQ(short_duration(250ms), "250ms");
  EXPECT_EQ(short_duration(59s), "59s");
  EXPECT_EQ(short_duration(10min), "10m");
  EXPECT_EQ(short_duration(6min + 12s), "6m12s");
  EXPECT_EQ(short_duration(2h), "2h");
  EXPECT_EQ(short_duration(2h + 5min + 3s), "2h5m");
  EXPECT_EQ(short_duration(28h), "1d 4h");
  EXPECT_EQ(short_duration(168h), "7d");
}

TEST(Words, OfNumbersAreGroupedByThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1204), "1 204");
  EXPECT_EQ(grouped(12345678), "12 345 678");
}

TEST(Words, OfRatiosAreAsShortAsTheySayEnough) {
  EXPECT_EQ(percent(0), "0%");
  EXPECT_EQ(percent(0.25), "25%");
  EXPECT_EQ(percent(0.005), "0.5%");
  EXPECT_EQ(percent(0.9991), "99.91%");
  EXPECT_EQ(percent(0.016249), "1.62%");
  EXPECT_EQ(percent(0.000042), "0.0042%");
  EXPECT_EQ(percent(1), "100%");
}

TEST(Evidence, BeforeTheFirstRequestStillKnowsTheEndpoints) {
  Evidence evidence;
  evidence.window = 3;
  evidence.versions.resize(1);
  VersionEvidence& version = evidence.versions.front();
  version.version = "v1";
  version.all.requests = 5;
  version.control.requests = 4;
  version.shadow.requests = 3;
  version.endpoints = 2;
  version.usable = 1;
  version.in_flight = 7;
  evidence.errands["a"].status = 200;
  evidence.queries["b"].value = 1;
  evidence.endpoints.resize(2);
  const Evidence bare = without_samples(evidence);
  const VersionEvidence* seen = bare.find("v1");
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->all.requests + seen->control.requests + seen->shadow.requests, 0U);
  EXPECT_EQ(seen->endpoints, 2U);
  EXPECT_EQ(seen->usable, 1U);
  EXPECT_EQ(seen->in_flight, 7);
  EXPECT_EQ(bare.errands.at("a").status, 200U);
  EXPECT_EQ(bare.queries.at("b").value, 1);
  EXPECT_EQ(bare.endpoints.size(), 2U);
  EXPECT_EQ(bare.window, 3U);
}

TEST(Evidence, FindsVersionsAndEndpointsByName) {
  Evidence evidence;
  evidence.versions.resize(2);
  evidence.versions[1].version = "v2";
  evidence.endpoints.resize(2);
  evidence.endpoints[0].version = "v1";
  evidence.endpoints[1].version = "v2";
  for (auto& endpoint : evidence.endpoints) endpoint.authority = "a:1";
  EXPECT_EQ(evidence.find("v2"), &evidence.versions[1]);
  EXPECT_EQ(evidence.find("v3"), nullptr);
  EXPECT_EQ(evidence.find_endpoint("v2", "a:1"), &evidence.endpoints[1]);
  EXPECT_EQ(evidence.find_endpoint("v2", "a:2"), nullptr);
}

TEST(Evidence, AVersionIsUsableUnlessItIsKnownNotToBe) {
  Evidence evidence;
  EXPECT_TRUE(is_usable(evidence, "v1"));
  evidence.versions.resize(1);
  evidence.versions.front().version = "v1";
  EXPECT_FALSE(is_usable(evidence, "v1")) << "a name without an address answers nobody";
  evidence.versions.front().endpoints = 2;
  EXPECT_FALSE(is_usable(evidence, "v1"));
  evidence.versions.front().usable = 1;
  EXPECT_TRUE(is_usable(evidence, "v1"));
}

}  // namespace
}  // namespace sluice::strategy
