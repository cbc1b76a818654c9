#include "sluice/outcomes/drift_tallies.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "outcomes/fixtures.hpp"

namespace sluice::outcomes {
namespace {

constexpr std::uint64_t kWindow = 3;  // of a_decision()

policy::ModelRoute watched_route(std::uint64_t reference = 100) {
  policy::ModelRoute route = a_route();
  route.drift.emplace();
  route.drift->score.emplace();
  route.drift->label.emplace();
  route.drift->reference = reference;
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  route.strategy = canary;
  return route;
}

/// One that says both.
Observation predicted(const std::string& version, float score, std::string_view label, std::uint64_t unit = 0) {
  Observation made;
  made.decision = a_decision(1, WallTime(std::chrono::hours(500'000)), version);
  made.decision.unit = unit;
  made.prediction.has_score = made.prediction.has_label = true;
  made.prediction.score = score;
  made.prediction.label.set(label);
  return made;
}

std::uint64_t sum_of_bins(const stats::BinCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

class DriftTalliesTest : public testing::Test {
 protected:
  DriftTalliesTest() {
    tallies_.set_routes({watched_route()});
    tallies_.set_rollout("fraud", "fraud-1", kWindow, nullptr);
  }
  void fill(DriftTallies& tallies, int values = 100) {
    for (int i = 0; i < values; ++i) {
      tallies.add(predicted("v1", static_cast<float>(i), i % 2 == 0 ? "even" : "odd"));
    }
  }
  DriftTallies tallies_;
};

TEST_F(DriftTalliesTest, ScoreAndClassAreCountedByVersionBesideStable) {
  tallies_.add(predicted("v2", 95, "odd"));
  fill(tallies_);
  const auto counts = tallies_.of("fraud", "v2", kWindow);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_FALSE(counts[0].by_class);
  EXPECT_EQ(counts[0].own.back(), 1U);
  EXPECT_EQ(sum_of_bins(counts[0].stable), 100U);
  EXPECT_EQ(sum_of_bins(counts[0].reference), 100U);
  EXPECT_TRUE(counts[1].by_class);
  EXPECT_EQ(counts[1].own, (stats::BinCounts{0, 1, 0}));
  EXPECT_EQ(counts[1].stable, (stats::BinCounts{50, 50, 0}));
  EXPECT_TRUE(tallies_.of("fraud", "v2", kWindow + 1).empty()) << "of another window nothing is known";
  EXPECT_TRUE(tallies_.of("other", "v2", kWindow).empty());
  EXPECT_TRUE(tallies_.of("fraud", "v3", kWindow).empty());
}

TEST_F(DriftTalliesTest, WhatARuleChoseProvesNothing) {
  fill(tallies_);
  Observation ruled = predicted("v2", 5, "odd");
  ruled.decision.split = false;
  tallies_.add(ruled);
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow)[0].own), 0U);
}

TEST_F(DriftTalliesTest, OfAUserWhoSticksOneAnswerCounts) {
  fill(tallies_);
  for (int i = 0; i < 5; ++i) tallies_.add(predicted("v2", 5, "odd", 17));
  tallies_.add(predicted("v2", 5, "odd", 18));
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow)[0].own), 2U);
  Observation tomorrow = predicted("v2", 5, "odd", 17);
  tomorrow.decision.time += std::chrono::hours(25);
  tallies_.add(tomorrow);
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow)[0].own), 3U) << "and one of the next day";
  Observation later = predicted("v2", 5, "odd", 17);
  later.decision.window = kWindow + 1;
  tallies_.add(later);
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow + 1)[0].own), 1U) << "and one of the next window";
}

TEST_F(DriftTalliesTest, WindowsBeginAtZeroAndOldOnesAreLeftOut) {
  fill(tallies_);
  tallies_.add(predicted("v2", 5, "odd"));
  tallies_.set_current("fraud", kWindow + 1);
  EXPECT_TRUE(tallies_.of("fraud", "v2", kWindow).empty());
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow + 1)[0].own), 0U);
  tallies_.add(predicted("v2", 5, "odd"));
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow + 1)[0].own), 0U) << "that was decided before";
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow + 1)[0].reference), 100U) << "the reference stays";
}

TEST_F(DriftTalliesTest, AReferenceIsToBeKeptOnceItIsComplete) {
  fill(tallies_, 99);
  EXPECT_TRUE(tallies_.unkept().empty());
  fill(tallies_, 1);
  auto changed = tallies_.unkept();
  ASSERT_EQ(changed.size(), 1U);
  const DriftReference& kept = changed.at("fraud");
  EXPECT_EQ(kept.rollout, "fraud-1");
  ASSERT_TRUE(kept.score && kept.label);
  EXPECT_EQ(sum_of_bins(kept.score->reference), 100U);
  EXPECT_EQ(kept.label->classes.size(), 2U);
  tallies_.note_kept("fraud");
  EXPECT_TRUE(tallies_.unkept().empty());
}

TEST_F(DriftTalliesTest, ARestartGoesOnWithTheReferenceOfItsRollout) {
  fill(tallies_);
  const DriftReference kept = tallies_.unkept().at("fraud");
  DriftTallies next;
  next.set_routes({watched_route()});
  next.set_rollout("fraud", "fraud-1", kWindow, &kept);
  EXPECT_TRUE(next.unkept().empty()) << "it is kept already";
  next.add(predicted("v1", 3, "even"));
  EXPECT_EQ(sum_of_bins(next.of("fraud", "v1", kWindow)[0].own), 1U);
  EXPECT_EQ(sum_of_bins(next.of("fraud", "v1", kWindow)[0].reference), 100U);

  DriftTallies another;
  another.set_routes({watched_route()});
  another.set_rollout("fraud", "fraud-2", kWindow, &kept);
  EXPECT_TRUE(another.of("fraud", "v1", kWindow).empty()) << "another rollout has a reference of its own";

  DriftTallies changed;
  changed.set_routes({watched_route(200)});
  changed.set_rollout("fraud", "fraud-1", kWindow, &kept);
  EXPECT_TRUE(changed.of("fraud", "v1", kWindow).empty()) << "and so has what is read differently";
}

TEST_F(DriftTalliesTest, AReloadKeepsWhatIsReadAlike) {
  fill(tallies_);
  policy::ModelRoute same = watched_route();
  same.timeouts.request = std::chrono::seconds(5);
  same.drift->score->sample = 50_pct;
  tallies_.set_routes({same});
  tallies_.set_rollout("fraud", "fraud-1", kWindow, nullptr);
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v1", kWindow)[0].reference), 100U);
  policy::ModelRoute other = watched_route();
  other.drift->score->name = "/another";
  tallies_.set_routes({other});
  EXPECT_TRUE(tallies_.of("fraud", "v1", kWindow).empty());
  tallies_.set_routes({});
  EXPECT_TRUE(tallies_.shown().empty());
}

TEST_F(DriftTalliesTest, AnswersWithoutTheValueAreCountedByReason) {
  Observation half = predicted("v1", 5, "odd");
  half.prediction.has_label = false;
  half.prediction.label_unread = Unread::TooLarge;
  tallies_.add(half);
  const auto shown = tallies_.shown();
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].label_unread[static_cast<std::size_t>(Unread::TooLarge)], 1U);
  EXPECT_EQ(shown[0].score_unread[static_cast<std::size_t>(Unread::TooLarge)], 0U);
  EXPECT_EQ(shown[0].stable, "v1");
}

TEST(ComparedWith, IsTheVersionThatAStrategyHoldsOthersAgainst) {
  policy::ModelRoute route = a_route();
  EXPECT_EQ(compared_with(route), "v1") << "the first, where nothing is decided";
  policy::Shadow shadow;
  shadow.live = "v2";
  route.strategy = shadow;
  EXPECT_EQ(compared_with(route), "v2");
  policy::AbTest test;
  test.variants.resize(2);
  test.variants[0].version = "v2";
  test.variants[1].version = "v1";
  route.strategy = test;
  EXPECT_EQ(compared_with(route), "v2");
  test.control = "v1";
  route.strategy = test;
  EXPECT_EQ(compared_with(route), "v1");
  policy::Stages stages;
  stages.stages.resize(2);
  stages.stages[0].strategy = shadow;
  stages.stages[1].strategy = test;
  route.strategy = stages;
  EXPECT_EQ(compared_with(route), "v2");
}

TEST_F(DriftTalliesTest, AnswersToCopiesAreToldApartAndHaveTheSameReference) {
  const Prediction odd = predicted("v2", 95, "odd").prediction;
  tallies_.add_copy("fraud", "v2", kWindow, odd, 0);  // before the bins are there
  fill(tallies_);
  tallies_.add_copy("fraud", "v2", kWindow, odd, 17);
  tallies_.add_copy("fraud", "v2", kWindow, odd, 17);
  tallies_.add_copy("fraud", "v2", kWindow + 1, odd, 0);
  tallies_.add_copy("fraud", "v3", kWindow, odd, 0);
  tallies_.add_copy("other", "v2", kWindow, odd, 0);
  const auto copies = tallies_.of_copies("fraud", "v2", kWindow);
  ASSERT_EQ(copies.size(), 2U);
  EXPECT_EQ(copies[0].own.back(), 2U) << "of a user who sticks one counts";
  EXPECT_EQ(copies[1].own, (stats::BinCounts{0, 2, 0}));
  EXPECT_EQ(sum_of_bins(copies[1].reference), 100U);
  EXPECT_EQ(sum_of_bins(tallies_.of("fraud", "v2", kWindow)[0].own), 0U) << "no client saw them";
  tallies_.set_current("fraud", kWindow + 1);
  tallies_.add_copy("fraud", "v2", kWindow + 1, odd, 17);
  EXPECT_EQ(sum_of_bins(tallies_.of_copies("fraud", "v2", kWindow + 1)[0].own), 1U);
}

}  // namespace
}  // namespace sluice::outcomes
