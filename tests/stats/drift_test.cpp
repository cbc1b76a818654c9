#include "sluice/stats/drift.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double without_end = std::numeric_limits<double>::infinity();

TEST(ScoreBins, AreTheDecilesOfTheReference) {
  std::vector<double> values;
  for (int i = 1000; i > 0; --i) values.push_back(i);
  values.push_back(not_a_number);
  values.push_back(without_end);
  const ScoreBins bins = ScoreBins::of(values);
  EXPECT_EQ(bins.bounds, (std::vector<double>{100, 200, 300, 400, 500, 600, 700, 800, 900}));
  EXPECT_EQ(bins.size(), 10U);
  EXPECT_EQ(bins.bin_of(100), 0U) << "an upper end belongs to its bin";
  EXPECT_EQ(bins.bin_of(100.5), 1U);
  EXPECT_EQ(bins.bin_of(-1e9), 0U);
  EXPECT_EQ(bins.bin_of(1e9), 9U);
  EXPECT_EQ(bins.bin_of(without_end), 9U);
  EXPECT_EQ(bins.bin_of(not_a_number), 9U);
}

TEST(ScoreBins, GiveAValueThatComesOftenABinOfItsOwn) {
  std::vector<double> values(350, 0.0);
  for (int i = 1; i <= 650; ++i) values.push_back(i);
  const ScoreBins bins = ScoreBins::of(values);
  EXPECT_LE(bins.size(), ScoreBins::kBins);
  EXPECT_TRUE(std::is_sorted(bins.bounds.begin(), bins.bounds.end()));
  EXPECT_EQ(std::adjacent_find(bins.bounds.begin(), bins.bounds.end()), bins.bounds.end());
  EXPECT_NE(bins.bin_of(-1e-9), bins.bin_of(0));
  EXPECT_NE(bins.bin_of(1e-9), bins.bin_of(0));

  const ScoreBins constant = ScoreBins::of(std::vector<double>(50, 0.25));
  EXPECT_EQ(constant.size(), 3U);
  EXPECT_EQ(constant.bin_of(0.2), 0U);
  EXPECT_EQ(constant.bin_of(0.25), 1U);
  EXPECT_EQ(constant.bin_of(0.3), 2U);

  std::vector<double> labels(60, 0.0);
  labels.resize(100, 1.0);
  const ScoreBins two = ScoreBins::of(labels);
  EXPECT_EQ(two.size(), 5U) << "below, 0, between, 1, above";
}

TEST(ScoreBins, AreNoneOfTooFewValues) {
  EXPECT_EQ(ScoreBins::of(std::vector<double>(9, 1.0)).size(), 0U);
  EXPECT_EQ(ScoreBins::of(std::vector<double>(100, not_a_number)).size(), 0U);
  EXPECT_EQ(ScoreBins{}.bin_of(3), 0U);
}

using DriftCounts = std::vector<std::uint64_t>;

TEST(Distance, HasTheKnownSizes) {
  const DriftCounts a = {30, 70};
  const DriftCounts b = {50, 50};
  EXPECT_NEAR(stability_index(a, b), 0.145918025, 1e-9);
  EXPECT_NEAR(jensen_shannon(a, b), 0.030305145, 1e-9);
  EXPECT_NEAR(kolmogorov_smirnov(a, b), 0.2, 1e-12);
  EXPECT_NEAR(largest_difference(a, b), 0.2, 1e-12);
  const DriftCounts c = {200, 300, 500};
  const DriftCounts d = {100, 100, 800};
  EXPECT_NEAR(stability_index(c, d), 0.424369783, 1e-9);
  EXPECT_NEAR(jensen_shannon(c, d), 0.075196207, 1e-9);
  EXPECT_NEAR(kolmogorov_smirnov(c, d), 0.3, 1e-12);
  EXPECT_NEAR(largest_difference(c, d), 0.3, 1e-12);
  const DriftCounts left = {100, 0};
  const DriftCounts right = {0, 100};
  EXPECT_NEAR(jensen_shannon(left, right), 1, 1e-12);
  EXPECT_NEAR(kolmogorov_smirnov(left, right), 1, 1e-12);
}

TEST(Distance, IsNothingBetweenEqualsAndOfNothing) {
  const DriftCounts some = {10, 20, 30};
  for (const DriftCounts& other : {some, DriftCounts{}, DriftCounts{0, 0, 0}}) {
    EXPECT_EQ(stability_index(some, other), 0);
    EXPECT_NEAR(jensen_shannon(some, other), 0, 1e-12);
    EXPECT_NEAR(kolmogorov_smirnov(some, other), 0, 1e-12);
    EXPECT_NEAR(largest_difference(some, other), 0, 1e-12);
  }
  EXPECT_NEAR(largest_difference(some, DriftCounts{10, 20}), 0.5, 1e-12) << "the shorter one ends in zeros";
}

DriftCounts drawn_counts(Random& random, const std::vector<double>& shares, int n) {
  DriftCounts counts(shares.size());
  for (int i = 0; i < n; ++i) {
    double x = random.uniform();
    std::size_t bin = 0;
    while (bin + 1 < shares.size() && x >= shares[bin]) x -= shares[bin++];
    ++counts[bin];
  }
  return counts;
}

void add_counts(DriftCounts& sum, const DriftCounts& more) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
}

const std::vector<double> even_shares(10, 0.1);

TEST(StabilityIndex, IsNoMoreThanChanceMakesIt) {
  Random random(31);
  double sum = 0;
  for (int i = 0; i < 200; ++i)
    sum += stability_index(drawn_counts(random, even_shares, 300), drawn_counts(random, even_shares, 300));
  // With its bias it would be 0.06; cut off at 0 half of what is left remains.
  EXPECT_LT(sum / 200, 0.015);
}

TEST(DistanceConfidence, HoldsTheTruthAtAllLooks) {
  // Half of the first bin's share lies in the last one: Kolmogorov–Smirnov and largest difference 0.05.
  std::vector<double> moved = even_shares;
  moved.front() = 0.05;
  moved.back() = 0.15;
  int lost = 0;
  for (int run = 0; run < 100; ++run) {
    Random random(static_cast<std::uint64_t>(run) + 100);
    DriftCounts own(10);
    DriftCounts other(10);
    bool missed = false;
    for (int look = 0; look < 10; ++look) {
      add_counts(own, drawn_counts(random, moved, 200));
      add_counts(other, drawn_counts(random, even_shares, 300));
      for (const bool by_class : {false, true}) {
        const auto found = distance_confidence(own, other, 0.05, by_class);
        EXPECT_LE(found.lower, found.upper);
        missed = missed || found.lower > 0.05 || found.upper < 0.05;
      }
    }
    lost += missed ? 1 : 0;
  }
  EXPECT_LE(lost, 10) << "of 100 runs with two intervals of 5 %";
}

TEST(DistanceConfidence, ShrinksAndIsNarrowerThanABand) {
  const DriftCounts thousand(10, 100);
  const auto found = distance_confidence(thousand, thousand, 0.05, false);
  EXPECT_EQ(found.lower, 0);
  EXPECT_LT(found.upper, 2 * distribution_band(1000, 100, 0.025));
  const DriftCounts million(10, 100'000);
  EXPECT_LT(distance_confidence(million, million, 0.05, false).upper, 0.006);
  const auto nothing = distance_confidence(thousand, DriftCounts{}, 0.05, true);
  EXPECT_EQ(nothing.lower, 0);
  EXPECT_EQ(nothing.upper, 1);
  const auto all = distance_confidence(DriftCounts{1000, 0}, DriftCounts{0, 1000}, 0.05, true);
  EXPECT_GT(all.lower, 0.9);
  EXPECT_LE(all.upper, 1);
}

/// Runs of so many looks of 40 answers, 10 % of them the candidate's; how many ever reach 20.
int split_alarms(int runs, const std::vector<double>& candidate, int looks) {
  int alarms = 0;
  for (int run = 0; run < runs; ++run) {
    Random random(static_cast<std::uint64_t>(run) + 300);
    DriftCounts own(10);
    DriftCounts stable(10);
    bool alarmed = false;
    for (int look = 0; look < looks && !alarmed; ++look) {
      int of_candidate = 0;
      for (int i = 0; i < 40; ++i) of_candidate += random.uniform() < 0.1 ? 1 : 0;
      add_counts(own, drawn_counts(random, candidate, of_candidate));
      add_counts(stable, drawn_counts(random, even_shares, 40 - of_candidate));
      alarmed = log_e_unlike(own, stable, 0.1) >= std::log(20);
    }
    alarms += alarmed ? 1 : 0;
  }
  return alarms;
}

TEST(UnlikeVersions, AreFoundAndLikeOnesAreNot) {
  EXPECT_LE(split_alarms(200, even_shares, 100), 18);  // a standard error of 5 % of 200 is 3
  std::vector<double> moved = even_shares;
  moved.front() = 0.3;
  for (std::size_t i = 1; i < moved.size(); ++i) moved[i] = 0.7 / 9;
  EXPECT_GE(split_alarms(50, moved, 100), 48);
}

TEST(UnlikeVersions, AreNoneWithoutAnswersOrAShare) {
  EXPECT_EQ(log_e_unlike({}, {}, 0.1), 0);
  EXPECT_EQ(log_e_unlike(DriftCounts(10), DriftCounts(10), 0.1), 0);
  for (const double share : {0.0, 1.0, not_a_number}) {
    EXPECT_NEAR(log_e_unlike(DriftCounts(10, 50), DriftCounts(10, 5), share), 0, 1e-12);
  }
  const DriftCounts huge(3, std::uint64_t{1} << 50);
  EXPECT_TRUE(std::isfinite(log_e_unlike(huge, DriftCounts{1, 1, 1}, 0.1)));
}

/// Pairs whose answers lie in neighbouring bins by chance; `upwards` of them move one bin up for certain.
DriftCounts moves_of(Random& random, int pairs, double upwards) {
  constexpr std::size_t bins = 10;
  DriftCounts moves(bins * bins);
  for (int i = 0; i < pairs; ++i) {
    const auto live = static_cast<std::size_t>(random.below(bins));
    const double x = random.uniform();
    std::size_t other = live;
    if (x < upwards || (x > 0.6 && x < 0.8)) other = std::min(live + 1, bins - 1);
    if (x > 0.8) other = live == 0 ? 0 : live - 1;
    ++moves[live * bins + other];
  }
  return moves;
}

TEST(UnlikePairs, AreFoundByTheDirectionInWhichTheyMove) {
  int alarms = 0;
  for (int run = 0; run < 200; ++run) {
    Random random(static_cast<std::uint64_t>(run) + 500);
    DriftCounts moves(100);
    bool alarmed = false;
    for (int look = 0; look < 50 && !alarmed; ++look) {
      add_counts(moves, moves_of(random, 40, 0));
      alarmed = log_e_unlike_pairs(moves, 10) >= std::log(20);
    }
    alarms += alarmed ? 1 : 0;
  }
  EXPECT_LE(alarms, 18);
  Random random(7);
  EXPECT_GT(log_e_unlike_pairs(moves_of(random, 1000, 0.2), 10), std::log(20));
}

TEST(UnlikePairs, AreNoneWhereAllAgreeOrTheCountsMakeNoSquare) {
  DriftCounts same(100);
  for (std::size_t i = 0; i < 10; ++i) same[i * 11] = 1000;
  EXPECT_EQ(log_e_unlike_pairs(same, 10), 0);
  EXPECT_EQ(log_e_unlike_pairs(same, 9), 0);
  EXPECT_EQ(log_e_unlike_pairs({}, 0), 0);
  DriftCounts crossed(4);
  crossed[1] = 40;  // live in the first bin, the other in the second
  EXPECT_GT(log_e_unlike_pairs(crossed, 2), std::log(1000));
}

/// How many of so many runs find that what comes is not what the reference of 500 values was drawn from.
int moved_alarms(int runs, const std::vector<double>& later) {
  int alarms = 0;
  for (int run = 0; run < runs; ++run) {
    Random random(static_cast<std::uint64_t>(run) + 700);
    const DriftCounts reference = drawn_counts(random, even_shares, 500);
    DriftCounts own(10);
    bool alarmed = false;
    for (int look = 0; look < 20 && !alarmed; ++look) {
      add_counts(own, drawn_counts(random, later, 150));
      alarmed = log_e_moved(own, reference, 0.05) >= std::log(2 / 0.05);
    }
    alarms += alarmed ? 1 : 0;
  }
  return alarms;
}

TEST(MovedDistribution, IsFoundAndAStillOneIsNot) {
  EXPECT_LE(moved_alarms(100, even_shares), 10);
  std::vector<double> moved = even_shares;
  moved.front() = 0.25;
  for (std::size_t i = 1; i < moved.size(); ++i) moved[i] = 0.75 / 9;
  EXPECT_GE(moved_alarms(20, moved), 19);
}

TEST(MovedDistribution, SaysNothingOfNothing) {
  EXPECT_EQ(log_e_moved({}, DriftCounts{5, 5}, 0.05), 0);
  EXPECT_EQ(log_e_moved(DriftCounts{5, 5}, {}, 0.05), 0);
  const DriftCounts same = {500, 500, 0};
  EXPECT_LE(log_e_moved(same, same, 0.05), 0) << "a bin that is empty in both";
  EXPECT_GT(log_e_moved(DriftCounts{0, 0, 300}, same, 0.05), std::log(40)) << "a class that never was there";
  EXPECT_TRUE(std::isfinite(log_e_moved(DriftCounts(10, std::uint64_t{1} << 40), DriftCounts(10, 1), 0.05)));
}

}  // namespace
}  // namespace sluice::stats
