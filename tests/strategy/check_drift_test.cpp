// The metric `score-drift`, and alarms against the frozen reference.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "checks.hpp"
#include "samples.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/drift_watch.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy {
namespace {

using BinList = std::vector<std::uint64_t>;

/// As many in each of ten bins; of each ten thousand `moved` from the first to the last.
BinList evenly(std::uint64_t n, std::uint64_t moved = 0) {
  BinList made(10, n / 10);
  made.front() -= n * moved / 10'000;
  made.back() += n * moved / 10'000;
  return made;
}

std::shared_ptr<const DriftEvidence> drift_of(BinList own, BinList stable, BinList reference = {},
                                              bool by_class = false) {
  return std::make_shared<const DriftEvidence>(
      DriftEvidence{std::move(own), std::move(stable), std::move(reference), {}, by_class});
}

struct DriftCheck {
  explicit DriftCheck(double max = 0.1) : check(at_most("score-drift", number(max))) {
    world.window = 3;
    world.counters = 1;
    candidate.all = sample_of(1000, 0);
  }
  Finding look() {
    Subject subject{&candidate.all, &stable.all, &world, "key"};
    subject.candidate_version = &candidate;
    subject.stable_version = &stable;
    subject.share = 0.5;
    return judge_check(check, analysis, evidence, subject, 0, WallTime{});
  }
  policy::Check check;
  policy::Analysis analysis;
  Evidence world;
  VersionEvidence candidate;
  VersionEvidence stable;
  CheckEvidence evidence;
};

TEST(CheckDrift, VersionsThatPredictAlikePass) {
  DriftCheck check;
  check.candidate.drifts = {drift_of(evenly(20'000), evenly(20'000))};
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_EQ(found.proof.method, "distribution");
  EXPECT_TRUE(found.proof.exact) << "its interval has used up its part of the doubt";
  EXPECT_EQ(*found.value, 0);
}

TEST(CheckDrift, OneThatPredictsOtherwiseFails) {
  DriftCheck check;
  check.candidate.drifts = {drift_of({3000, 3000, 1000, 1000, 500, 500, 500, 200, 200, 100}, evenly(10'000))};
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_NEAR(*found.value, 0.4, 1e-9);
  EXPECT_GT(found.proof.log_e, 10) << "that they differ is beyond doubt";
  EXPECT_EQ(found.message.find("score-drift 0.4 ("), 0U) << found.message;
  EXPECT_NE(found.message.find("> max 0.1: of scores, PSI "), std::string::npos) << found.message;
}

TEST(CheckDrift, AnswersWithoutAValueAreNoSignThatTheOthersDiffer) {
  DriftCheck check;
  check.candidate.drifts = {drift_of(evenly(95'000), evenly(100'000))};  // of as many requests
  EXPECT_LE(check.look().proof.log_e, 0) << check.look().message;
}

TEST(CheckDrift, ToDifferForCertainIsNotToDifferByTooMuch) {
  DriftCheck check(0.5);
  check.candidate.drifts = {drift_of({3000, 3000, 1000, 1000, 500, 500, 500, 200, 200, 100}, evenly(10'000))};
  EXPECT_EQ(check.look().verdict, Verdict::Pass) << check.look().message;
}

TEST(CheckDrift, AFewAnswersDecideNothing) {
  DriftCheck check;
  check.candidate.drifts = {drift_of(evenly(500), evenly(500))};
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
  EXPECT_NE(check.look().message.find("not certain yet"), std::string::npos);
  check.candidate.drifts = {drift_of(evenly(50), evenly(500))};
  EXPECT_EQ(check.look().message, "score-drift: n=50 of 100 of each version");
}

TEST(CheckDrift, WithoutValuesOnNoDataSays) {
  DriftCheck check;
  EXPECT_EQ(check.look().verdict, Verdict::Inconclusive);
  check.analysis.on_no_data = policy::OnNoData::Pass;
  EXPECT_EQ(check.look().verdict, Verdict::Pass);
  check.candidate.drifts = {drift_of(evenly(5000), BinList(10))};
  EXPECT_EQ(check.look().verdict, Verdict::Pass) << "stable has none";
}

TEST(CheckDrift, TheWorseOfScoresAndClassesDecides) {
  DriftCheck check;
  check.candidate.drifts = {drift_of(evenly(40'000), evenly(40'000)),
                            drift_of({30'000, 10'000}, {20'000, 20'000}, {}, true)};
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Fail) << found.message;
  EXPECT_NE(found.message.find("of classes"), std::string::npos) << found.message;
}

TEST(CheckDrift, PairsThatAgreeTakeFarFewerAnswers) {
  BinList moves(100);
  for (std::size_t bin = 0; bin < 10; ++bin) moves[bin * 10 + bin] = 40;
  auto alike = DriftEvidence{evenly(400), evenly(400), {}, moves, false};
  DriftCheck check;
  check.candidate.drifts = {std::make_shared<const DriftEvidence>(alike)};
  EXPECT_EQ(check.look().verdict, Verdict::Pass) << check.look().message;
  alike.moves.clear();
  DriftCheck samples;
  samples.candidate.drifts = {std::make_shared<const DriftEvidence>(alike)};
  EXPECT_EQ(samples.look().verdict, Verdict::Inconclusive) << "two samples say much less";
}

TEST(CheckDrift, EachWindowHasAPartOfTheDoubt) {
  DriftCheck check;
  check.candidate.drifts = {drift_of(evenly(1000), evenly(1000))};
  const Finding first = check.look();
  EXPECT_DOUBLE_EQ(*check.look().proof.upper, *first.proof.upper) << "the same window looked at again";
  ++check.world.window;
  const Finding second = check.look();
  EXPECT_GT(*second.proof.upper, *first.proof.upper);
  EXPECT_EQ(check.evidence.windows, 2U);
}

// ---- against the frozen reference

/// A plain split that is watched.
struct WatchedVersions {
  WatchedVersions() {
    state.window = world.window = 5;
    world.counters = 1;
    world.versions.resize(2);
    world.versions[0].version = "v1";
    world.versions[1].version = "v2";
  }
  std::size_t look() {
    Transition made;
    made.state = state;
    watch_drift(world, made);
    state = made.state;
    for (auto& event : made.events) events.push_back(std::move(event));
    return made.events.size();
  }
  Evidence world;
  RolloutState state;
  std::vector<Event> events;
};

TEST(DriftWatch, TellsOnceOfEachVersionThatLeavesTheReference) {
  WatchedVersions watched;
  watched.world.versions[0].drifts = {drift_of(evenly(5000), evenly(5000), evenly(2000))};
  watched.world.versions[1].drifts = {drift_of({2000, 2000, 500, 500, 0, 0, 0, 0, 0, 0}, evenly(5000), evenly(2000))};
  EXPECT_EQ(watched.look(), 1U);
  EXPECT_EQ(watched.look(), 0U) << "it is known";
  ASSERT_EQ(watched.events.size(), 1U);
  EXPECT_EQ(watched.events[0].kind, "DriftFound");
  EXPECT_EQ(watched.events[0].text.find("'v2' no longer predicts as the reference did: distance "), 0U)
      << watched.events[0].text;
  EXPECT_EQ(watched.state.drift->told, std::vector<std::string>{"v2 scores"});
}

TEST(DriftWatch, StableMayDriftToo) {
  WatchedVersions watched;
  watched.world.versions[0].drifts = {drift_of({4000, 1000}, {4000, 1000}, {1000, 1000}, true)};
  EXPECT_EQ(watched.look(), 1U);
  EXPECT_EQ(watched.state.drift->told, std::vector<std::string>{"v1 classes"});
}

TEST(DriftWatch, SaysNothingWithoutAReferenceOrByAHundredValues) {
  WatchedVersions watched;
  watched.world.versions[1].drifts = {drift_of({90, 0}, {50, 50}, {1000, 1000}, true)};
  EXPECT_EQ(watched.look(), 0U);
  watched.world.versions[1].drifts = {drift_of({9000, 0}, {50, 50}, {}, true)};
  EXPECT_EQ(watched.look(), 0U);
  EXPECT_TRUE(watched.state.drift.empty()) << "a route without drift keeps nothing";
}

TEST(DriftWatch, WindowsAndProcessesShareTheDoubt) {
  WatchedVersions watched;
  watched.world.versions[0].drifts = {drift_of(evenly(5000), evenly(5000), evenly(2000))};
  watched.look();
  watched.look();
  EXPECT_EQ(watched.state.drift->stretches, 1U);
  ++watched.world.counters;
  watched.look();
  ++watched.world.window;
  watched.look();
  EXPECT_EQ(watched.state.drift->stretches, 3U);
}

TEST(CheckDrift, WhatIsBesideTheReferenceAloneIsWatchedAndNotChecked) {
  DriftCheck plain;
  plain.candidate.drifts = {drift_of(evenly(20'000), evenly(20'000))};
  DriftCheck check;
  check.candidate.drifts = plain.candidate.drifts;
  check.candidate.drifts.push_back(drift_of(evenly(20'000, 900), {}, evenly(2000)));
  const Finding found = check.look();
  EXPECT_EQ(found.verdict, Verdict::Pass) << found.message;
  EXPECT_EQ(found.proof.log_threshold, plain.look().proof.log_threshold) << "nor has it a part of the doubt";
  DriftCheck alone;
  alone.candidate.drifts = {drift_of(evenly(20'000, 900), {}, evenly(2000))};
  EXPECT_EQ(alone.look().verdict, Verdict::Inconclusive) << "there is nothing to compare with";
}

}  // namespace
}  // namespace sluice::strategy
