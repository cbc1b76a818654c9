// A candidate that is broken for some: they go back to stable, the others go on.
#include <gtest/gtest.h>

#include "segment_world.hpp"
#include "sluice/strategy/verbs.hpp"

namespace sluice::strategy {
namespace {

std::optional<traffic::VersionIndex> owner_of(const SegmentWorld& world, std::size_t segment) {
  return steer(world.route, world.state)->plan.spec().segments.at(segment).only;
}

/// Few come from tablets, and the candidate fails a quarter of them; it is watched for half an hour.
void small_and_broken(SegmentWorld& world) {
  world.canary().steps = {set_weight(20), pause_for(30min), set_weight(50)};
  world.crowds[1] = {40, 0.01, 0.25, 1};
  world.crowds[2].requests = 4000;
}

TEST(CanarySegments, OnlyTheOneThatIsWorseGoesBackAndTheOthersArePromoted) {
  SegmentWorld world;
  world.crowds[0].candidate_fails = 0.3;
  world.start();
  world.looks(200);
  ASSERT_EQ(world.state.phase, Phase::Promoted) << world.state.message;
  EXPECT_EQ(world.count("SegmentExcluded"), 1);
  EXPECT_TRUE(world.is_excluded("mobile"));
  EXPECT_FALSE(world.is_excluded("tablet"));
  EXPECT_EQ(world.state.live, "v2");
  EXPECT_EQ(owner_of(world, 0), traffic::VersionIndex{0});
  EXPECT_FALSE(owner_of(world, 1).has_value());
  const std::string text = world.text_of("SegmentExcluded");
  EXPECT_NE(text.find("mobile: error-rate"), std::string::npos) << text;
  EXPECT_NE(text.find("n="), std::string::npos) << text;
  EXPECT_NE(text.find("go back to v1, v2 goes on with the others at 20%"), std::string::npos) << text;
  EXPECT_NE(world.text_of("Promoted").find("everything but mobile, which stays on v1"), std::string::npos);
}

TEST(CanarySegments, WhatWasSeenOfEverybodyDoesNotCondemnTheRest) {
  SegmentWorld world;
  world.crowds[0].candidate_fails = 0.3;
  world.start();
  while (!world.is_excluded("mobile")) {
    ASSERT_FALSE(is_over(world.state.phase)) << world.state.message;
    world.look();
  }
  EXPECT_TRUE(world.state.check_evidence.empty());
  EXPECT_GT(world.state.window, world.evidence.window) << "counting begins anew";
  EXPECT_EQ(world.state.phase, Phase::Progressing);
  EXPECT_EQ(world.state.weight, 0.2) << "the step goes on";
  world.look();
  EXPECT_NE(world.state.phase, Phase::RolledBack) << world.state.message;
  EXPECT_LT(world.evidence.versions[1].all.failures, 20U) << "no request of mobile is counted";
}

TEST(CanarySegments, AHealthyCandidateLosesNone) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SegmentWorld world(seed);
    world.start();
    world.looks(200);
    EXPECT_EQ(world.state.phase, Phase::Promoted) << seed << ": " << world.state.message;
    EXPECT_FALSE(any_excluded(world.state)) << seed << ": " << world.text_of("SegmentExcluded");
  }
}

TEST(CanarySegments, WhereEverybodySuffersEverybodyGoesBack) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SegmentWorld world(seed);
    for (Crowd& crowd : world.crowds) crowd.candidate_fails = 0.3;
    world.start();
    world.looks(50);
    EXPECT_EQ(world.state.phase, Phase::RolledBack) << seed;
    EXPECT_FALSE(any_excluded(world.state)) << seed;
    EXPECT_FALSE(owner_of(world, 0).has_value()) << "everything is stable's anyway";
  }
}

TEST(CanarySegments, WhereTheSegmentsAreAllThereIsTheCandidateGoesBack) {
  SegmentWorld world;
  world.crowds[2].requests = 0;
  world.crowds[0].candidate_fails = world.crowds[1].candidate_fails = 0.3;
  world.start();
  world.looks(50);
  EXPECT_EQ(world.state.phase, Phase::RolledBack);
}

TEST(CanarySegments, ASmallOneIsSeenThoughItIsLostInTheWhole) {
  SegmentWorld world;
  small_and_broken(world);
  world.start();
  world.looks(300);
  EXPECT_TRUE(world.is_excluded("tablet"));
  EXPECT_FALSE(world.is_excluded("mobile"));
  EXPECT_EQ(world.state.phase, Phase::Promoted) << world.state.message;
}

TEST(CanarySegments, OneThatIsSlowerGoesBackAsWell) {
  SegmentWorld world;
  policy::Check slow;
  slow.metric = "latency-p95";
  slow.versus_stable.emplace().relative_margin = Ratio{0.2};
  world.canary().analysis->checks = {slow};
  world.crowds[0].slower = 3;
  world.start();
  world.looks(100);
  EXPECT_TRUE(world.is_excluded("mobile"));
  EXPECT_FALSE(world.is_excluded("tablet"));
  EXPECT_NE(world.text_of("SegmentExcluded").find("mobile: latency-p95"), std::string::npos);
  EXPECT_EQ(world.state.phase, Phase::Promoted) << world.state.message;
}

TEST(CanarySegments, UnlessThePolicySaysOtherwiseOneOfThemFailsTheCandidate) {
  SegmentWorld world;
  world.canary().on_segment_failure = policy::OnSegmentFailure::Rollback;
  small_and_broken(world);
  world.start();
  world.looks(100);
  EXPECT_EQ(world.state.phase, Phase::RolledBack);
  EXPECT_EQ(world.state.reason, "SegmentFailed");
  EXPECT_NE(world.state.message.find("tablet: error-rate"), std::string::npos) << world.state.message;
}

TEST(CanarySegments, AFailureMayWaitForAPersonWhoGoesPastIt) {
  SegmentWorld world;
  world.canary().on_segment_failure = policy::OnSegmentFailure::Rollback;
  world.canary().on_failure = policy::OnFailure::Hold;
  small_and_broken(world);
  world.start();
  world.looks(30);
  ASSERT_EQ(world.state.phase, Phase::Held);
  ASSERT_EQ(world.state.reason, "SegmentFailed");
  world.say(Verb::Promote);
  EXPECT_NE(world.state.phase, Phase::Held);
  EXPECT_FALSE(world.segment("tablet")->worse) << "it is not held against the candidate again";
}

TEST(CanarySegments, OneThatIsWorseOnStableAsWellIsNobodysFault) {
  SegmentWorld world;
  world.canary().analysis->checks[0].versus_stable.reset();
  world.canary().analysis->checks[0].threshold_range.emplace().max =
      policy::Quantity{0.03, policy::QuantityUnit::Ratio};
  world.crowds[1] = {100, 0.1, 0.1, 1};
  world.start();
  world.looks(100);
  EXPECT_FALSE(any_excluded(world.state)) << world.text_of("SegmentExcluded");
  EXPECT_NE(world.state.phase, Phase::RolledBack);
}

TEST(CanarySegments, ARestartForgetsNoneAndCountsNothingTwice) {
  SegmentWorld world;
  world.crowds[0].candidate_fails = 0.3;
  world.start();
  world.evidence.counters = 1;
  while (!world.is_excluded("mobile")) world.look();
  const auto before = world.state;
  world.evidence.counters = 2;
  for (auto& version : world.evidence.versions) {
    version.all = {};
    version.segments.assign(2, {});
  }
  world.look();
  EXPECT_TRUE(world.is_excluded("mobile"));
  EXPECT_EQ(world.segment("mobile")->message, before.segments[0].message);
  EXPECT_EQ(owner_of(world, 0), traffic::VersionIndex{0});
  world.looks(200);
  EXPECT_EQ(world.state.phase, Phase::Promoted) << world.state.message;
}

/// Promoted, with mobile left behind.
SegmentWorld promoted_without_mobile() {
  SegmentWorld world;
  world.crowds[0].candidate_fails = 0.3;
  world.start();
  world.looks(200);
  EXPECT_EQ(world.state.phase, Phase::Promoted);
  EXPECT_TRUE(world.is_excluded("mobile"));
  return world;
}

TEST(CanarySegments, StableStaysReadyForThoseItKeeps) {
  SegmentWorld world = promoted_without_mobile();
  for (int i = 0; i < 100; ++i) world.look();
  EXPECT_EQ(world.count("Released"), 0);
  EXPECT_TRUE(world.is_excluded("mobile"));
  EXPECT_FALSE(world.state.warm_until.has_value());
}

TEST(CanarySegments, APersonLetsThemInWithPromoteFull) {
  SegmentWorld world = promoted_without_mobile();
  EXPECT_EQ(judge({Verb::Promote, false, "alice"}, world.state).kind, Permission::Kind::Already);
  EXPECT_NE(judge({Verb::Promote, false, "alice"}, world.state).reason.find("mobile"), std::string::npos);
  world.say(Verb::Promote, true);
  EXPECT_FALSE(any_excluded(world.state));
  EXPECT_EQ(world.state.phase, Phase::Promoted);
  EXPECT_FALSE(owner_of(world, 0).has_value());
  EXPECT_EQ(world.events.back().kind, "Advanced");
  EXPECT_EQ(world.events.back().text, "v2 has mobile as well: promoted by alice");
  EXPECT_EQ(world.count("Promoted"), 1) << "it ended once";
  EXPECT_TRUE(world.state.warm_until.has_value()) << "from now on stable is a version of the past";
}

TEST(CanarySegments, UndoAndRetryBeginWithoutAny) {
  SegmentWorld world = promoted_without_mobile();
  world.say(Verb::Undo);
  EXPECT_EQ(world.state.live, "v1");
  EXPECT_FALSE(any_excluded(world.state));
  EXPECT_TRUE(world.segment("mobile")->worse) << "what was found stays to be read";
  world.say(Verb::Retry);
  EXPECT_TRUE(world.state.segments.empty());
  EXPECT_EQ(world.state.attempt, 2U);
}

TEST(CanarySegments, AbortForgetsWhoWasLeftBehind) {
  SegmentWorld world;
  world.crowds[0].candidate_fails = 0.3;
  world.start();
  while (!world.is_excluded("mobile")) world.look();
  world.say(Verb::Abort);
  EXPECT_EQ(world.state.phase, Phase::Aborted);
  EXPECT_FALSE(any_excluded(world.state));
}

TEST(CanarySegments, APersonsPauseKeepsNobodyOnWhatIsBroken) {
  SegmentWorld world;
  world.crowds[0].candidate_fails = 0.3;
  world.start();
  world.look();
  world.say(Verb::Pause);
  for (int i = 0; i < 30 && !world.is_excluded("mobile"); ++i) world.look();
  EXPECT_TRUE(world.is_excluded("mobile"));
  EXPECT_EQ(world.state.reason, "PausedByPerson");
}

}  // namespace
}  // namespace sluice::strategy
