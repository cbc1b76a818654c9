#include "sluice/compare/candidate_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pair_fixtures.hpp"

namespace sluice::compare {
namespace {

CandidateSums fresh_sums() {
  return CandidateSums(NoiseFloor(), 0);
}

TEST(CandidateSums, FailuresAreCountedByWhoFailed) {
  CandidateSums sums = fresh_sums();
  const Comparison none;
  sums.add(a_pair(), alike());
  sums.add(a_pair(failed_answer(), failed_answer()), none);
  sums.add(a_pair(answered(), failed_answer()), none);
  sums.add(a_pair(answered(), failed_answer()), none);
  sums.add(a_pair(failed_answer(), answered()), none);
  const auto found = sums.findings(0, {});
  ASSERT_EQ(found->pairs.strata.size(), 1U);
  const stats::PairStratum& all = found->pairs.strata.front();
  EXPECT_EQ(all.pairs, 5U);
  EXPECT_EQ(all.both_failed, 1U);
  EXPECT_EQ(all.only_candidate_failed, 2U);
  EXPECT_EQ(all.only_live_failed, 1U);
  EXPECT_EQ(all.compared, 1U);
  EXPECT_EQ(all.latency.count, 1U) << "of those that both answered";
}

TEST(CandidateSums, LatencyIsTheCandidatesLessLives) {
  CandidateSums sums = fresh_sums();
  sums.add(a_pair(answered("{}", 0.1F), answered("{}", 0.3F)), alike());
  sums.add(a_pair(answered("{}", 0.1F), answered("{}", 0.2F)), alike());
  const auto found = sums.findings(0, {});
  EXPECT_NEAR(found->pairs.strata.front().latency.mean, 0.15, 1e-6);
  EXPECT_NEAR(found->pairs.strata.front().live_latency.mean, 0.1, 1e-6);
  EXPECT_EQ(found->pairs.strata.front().joint.pairs(), 2U);
  const auto slower = found->pairs.slower(std::chrono::milliseconds(250), std::chrono::milliseconds(250));
  ASSERT_EQ(slower.size(), 1U);
  EXPECT_EQ(slower.front().only_candidate, 1U);
  EXPECT_EQ(slower.front().only_stable, 0U);
}

TEST(CandidateSums, WhatAClientHeldUpSaysNothingOfLatency) {
  CandidateSums sums = fresh_sums();
  Answer held_up = answered("{}", 5);
  held_up.held_up = true;
  sums.add(a_pair(answered("{}", 0.1F), answered("{}", 0.3F)), alike());
  sums.add(a_pair(std::move(held_up), answered("{}", 0.3F)), differing({"/label"}));
  const auto found = sums.findings(0, {});
  const stats::PairStratum& all = found->pairs.strata.front();
  EXPECT_EQ(all.pairs, 2U);
  EXPECT_EQ(all.compared, 2U);
  EXPECT_EQ(all.disagreements, 1U) << "but of what it says";
  EXPECT_EQ(all.latency.count, 1U);
  EXPECT_EQ(all.live_latency.count, 1U);
  EXPECT_EQ(all.joint.pairs(), 1U);
  EXPECT_NEAR(all.latency.mean, 0.2, 1e-6);
}

TEST(CandidateSums, PairsOfOneWeightAreAStratum) {
  CandidateSums sums = fresh_sums();
  for (const float weight : {0.25F, 1.0F, 0.25F, 0.5F}) {
    AnswerPair pair = a_pair();
    pair.weight = weight;
    sums.add(pair, weight == 0.25F ? differing({"/label"}) : alike());
  }
  const auto found = sums.findings(0, {});
  ASSERT_EQ(found->pairs.strata.size(), 3U);
  EXPECT_EQ(found->pairs.strata[0].weight, 1);
  EXPECT_EQ(found->pairs.strata[1].weight, 0.5);
  EXPECT_EQ(found->pairs.strata[2].weight, 0.25);
  EXPECT_EQ(found->pairs.strata[2].pairs, 2U);
  EXPECT_EQ(found->pairs.strata[2].disagreements, 2U);
  EXPECT_EQ(found->pairs.strata[0].disagreements, 0U);
  EXPECT_EQ(found->unsettled.size(), 3U);
  EXPECT_NEAR(found->pairs.disagreement(), 0.5 / 2, 1e-12);
}

TEST(CandidateSums, StrataAreBounded) {
  CandidateSums sums = fresh_sums();
  for (int i = 1; i <= 100; ++i) {
    AnswerPair pair = a_pair();
    pair.weight = static_cast<float>(i) / 100;
    sums.add(pair, alike());
  }
  AnswerPair odd = a_pair();
  odd.weight = std::nanf("");
  sums.add(odd, alike());
  const auto found = sums.findings(0, {});
  EXPECT_EQ(found->pairs.strata.size(), CandidateSums::kStrata);
  EXPECT_EQ(found->pairs.pairs(), 101U);
}

TEST(CandidateSums, NoiseThatIsLearntLaterClearsWhatWasFound) {
  CandidateSums sums = fresh_sums();
  for (int i = 0; i < 10; ++i) {
    AnswerPair pair = a_pair();
    pair.segment = static_cast<std::uint8_t>(i % 3);
    EXPECT_TRUE(sums.add(pair, differing({"/time"})).disagrees);
  }
  const auto before = sums.findings(2, {});
  EXPECT_EQ(before->pairs.disagreements(), 10U);
  EXPECT_EQ(before->worst_field, "/time");
  EXPECT_EQ(before->worst_field_pairs, 10U);
  EXPECT_FALSE(before->noise_known);
  ASSERT_EQ(before->segments.size(), 2U);
  EXPECT_EQ(before->segments[0].pairs, 3U);
  EXPECT_EQ(before->segments[0].disagreements, 3U);
  EXPECT_EQ(sums.findings(2, {}), before) << "the same one until something is added";
  for (int i = 0; i < 20; ++i) sums.add_twin(differing({"/time"}));
  const auto after = sums.findings(2, {});
  EXPECT_EQ(after->pairs.disagreements(), 0U);
  EXPECT_EQ(after->worst_field, "");
  EXPECT_EQ(after->noisy_fields, 1U);
  EXPECT_EQ(after->twins, 20U);
  EXPECT_TRUE(after->noise_known);
  EXPECT_EQ(after->segments[1].disagreements, 0U);
  EXPECT_EQ(after->pairs.compared(), 10U) << "twins are no pairs of the candidate";
  EXPECT_EQ(before->pairs.disagreements(), 10U) << "what was handed out does not change";
}

TEST(CandidateSums, ScoresLabelsAndFlipsAddUp) {
  CandidateSums sums = fresh_sums();
  for (int i = 0; i < 200; ++i) {
    Comparison pair = alike();
    pair.rows = 3;
    pair.flips = i % 2 == 0 ? 1 : 0;
    pair.live_score = i;
    pair.other_score = i + 2;
    pair.live_label = 7;
    pair.other_label = i % 2 == 0 ? 7 : 8;
    sums.add(a_pair(), pair);
  }
  const auto found = sums.findings(0, {});
  EXPECT_EQ(found->rows, 600U);
  EXPECT_EQ(found->flips, 100U);
  EXPECT_DOUBLE_EQ(found->pairs.strata.front().score.mean, 2);
  EXPECT_EQ(found->score_bins, stats::ScoreBins::kBins);
  EXPECT_EQ(found->score_moves.size(), found->score_bins * found->score_bins);
  EXPECT_EQ(found->label_bins, 3U);
  EXPECT_EQ(found->label_moves, (std::vector<std::uint64_t>{100, 100, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(CandidateSums, OutcomesAreCreditedByWhatIsNoiseNow) {
  CandidateSums sums = fresh_sums();
  const std::vector<ReplayOutcome> outcomes{{"click", true, std::chrono::minutes(1)}};
  const auto note = [&](const Comparison& comparison, double value) {
    const auto added = sums.add(a_pair(), comparison);
    ReplayDecision decision;
    decision.set = added.set;
    decision.stratum = static_cast<std::uint32_t>(added.stratum);
    sums.add_outcome(decision, 0, value);
  };
  note(alike(), 1);
  note(alike(), 0);
  note(differing({"/time"}), 1);
  note(differing({"/label"}), 1);
  const auto before = sums.findings(0, outcomes);
  ASSERT_EQ(before->replays.size(), 1U);
  EXPECT_EQ(before->replays.front().outcome, "click");
  EXPECT_EQ(before->replays.front().tally.agreeing(), 2U);
  EXPECT_EQ(before->replays.front().tally.differing(), 2U);
  sums.add_twin(differing({"/time"}));
  const auto after = sums.findings(0, outcomes);
  EXPECT_EQ(after->replays.front().tally.agreeing(), 3U);
  EXPECT_EQ(after->replays.front().tally.differing(), 1U);
  EXPECT_NEAR(after->replays.front().tally.strata.front().agreeing.mean, 2.0 / 3, 1e-12);
  sums.forget_outcomes();
  EXPECT_EQ(sums.findings(0, outcomes)->replays.front().tally.agreeing(), 0U);
}

/// Where one is drawn with a quarter of the probability of another it stands for a quarter as many requests.
TEST(CandidateSums, WhatIsCopiedMoreOftenCountsByItsWeightInDistributions) {
  CandidateSums sums = fresh_sums();
  constexpr std::uint64_t pairs = 4000;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    const bool is_rare = i % 2 == 0;
    AnswerPair pair = a_pair();
    pair.weight = is_rare ? 0.25F : 1.0F;
    Comparison comparison = alike();
    comparison.live_label = 1;
    comparison.other_label = is_rare ? 2 : 1;  // all of the segment moves, nobody else does
    comparison.live_score = 0.5;
    comparison.other_score = is_rare ? 0.75 : 0.5;
    sums.add(pair, comparison);
  }
  const auto found = sums.findings(0, {});
  ASSERT_GT(found->label_bins, 1U);
  const std::uint64_t stayed = found->label_moves[0];
  const std::uint64_t moved = found->label_moves[1];
  EXPECT_EQ(stayed, pairs / 2);
  EXPECT_NEAR(static_cast<double>(moved), pairs / 8.0, 80) << "four deviations are 77";
  ASSERT_FALSE(found->score_moves.empty());
  std::uint64_t scores = 0;
  for (const std::uint64_t count : found->score_moves) scores += count;
  EXPECT_EQ(scores, stayed + moved) << "of one pair both are taken or neither";
  EXPECT_EQ(found->pairs.pairs(), pairs) << "all else is weighted, and none is left out";
}

TEST(CandidateSums, PredictionsAreTakenOnceAndAreBounded) {
  CandidateSums sums = fresh_sums();
  sums.add(a_pair(), alike());
  EXPECT_TRUE(sums.take_predictions().empty()) << "nothing was read";
  AnswerPair pair = a_pair();
  pair.unit = 7;
  Comparison comparison = alike();
  comparison.other_score = 0.25;
  sums.add(pair, comparison);
  const auto taken = sums.take_predictions();
  ASSERT_EQ(taken.size(), 1U) << "live's answer may lack the score";
  EXPECT_EQ(taken[0].unit, 7U);
  EXPECT_EQ(taken[0].score, 0.25);
  EXPECT_FALSE(taken[0].label);
  EXPECT_TRUE(sums.take_predictions().empty());
  for (std::size_t i = 0; i < CandidateSums::kPredictions + 10; ++i) sums.add(pair, comparison);
  EXPECT_EQ(sums.take_predictions().size(), CandidateSums::kPredictions);
}

}  // namespace
}  // namespace sluice::compare
