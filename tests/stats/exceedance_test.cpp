#include "sluice/stats/exceedance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

using Law = std::function<double(Random&)>;

Duration nanoseconds(double value) {
  return Duration(static_cast<std::int64_t>(value));
}

/// 20 ms in the middle, p99 nearly four times as much.
double usual(Random& random) {
  static std::lognormal_distribution<double> law(std::log(20e6), 0.6);
  law.reset();
  return law(random);
}

Histogram reference_of(Random& random, const Law& law, int count = 20'000) {
  Histogram histogram;
  for (int i = 0; i < count; ++i) histogram.record(nanoseconds(law(random)));
  return histogram;
}

/// How many answers of the candidate until the evidence suffices, under a canary of 5 %; `most` when it never does.
int answers_until_slow(Random& random, const SlowLimits& limits, const Law& candidate_law, int most) {
  constexpr double share = 0.05;
  Exceedance slow(limits);
  int answers = 0;
  while (answers < most) {
    Histogram stable;
    Histogram candidate;
    for (int i = 0; i < 20; ++i) {
      const bool drawn = random.uniform() < share;
      (drawn ? candidate : stable).record(nanoseconds(drawn ? candidate_law(random) : usual(random)));
    }
    answers += static_cast<int>(candidate.count());
    slow.add(share, stable, candidate);
    if (slow.log_e() >= std::log(20)) return answers;
  }
  return most;
}

TEST(SlowLimits, LeaveWhatTheirQuantilesSay) {
  Random random(1);
  const auto reference = reference_of(random, usual);
  const auto limits = freeze_slow_limits(reference, 0);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->tolerated, 0);
  EXPECT_EQ(limits->stable, limits->candidate);
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
    const auto bound = Duration(static_cast<std::int64_t>(bucket_bound(limits->stable[i])));
    const double above = 1 - static_cast<double>(reference.count_at_most(bound)) / 20'000;
    EXPECT_LT(std::abs(std::log(above / (1 - SlowLimits::kQuantiles[i]))), 0.5) << i;
  }
}

TEST(SlowLimits, TolerateNoLessThanAskedAndABucketMoreAtMost) {
  Random random(2);
  const auto reference = reference_of(random, usual);
  for (const double tolerance : {0.05, 0.1, 0.5, 1.0}) {
    const auto limits = freeze_slow_limits(reference, tolerance);
    ASSERT_TRUE(limits);
    for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
      const double factor = static_cast<double>(bucket_bound(limits->candidate[i])) /
                            static_cast<double>(bucket_bound(limits->stable[i]));
      EXPECT_GE(factor, 1 + tolerance);
      EXPECT_LE(factor, (1 + tolerance) * 1.0906);
      EXPECT_LE(factor, 1 + limits->tolerated + 1e-12);
    }
  }
}

TEST(SlowLimits, NeedAReference) {
  EXPECT_FALSE(freeze_slow_limits({}, 0));
  Histogram one;
  one.record(std::chrono::milliseconds(3));
  EXPECT_TRUE(freeze_slow_limits(one, std::nan("")));
}

TEST(SlowLimits, SeeASlowerOneWhereTheReferenceNeverVaries) {
  using std::chrono::milliseconds;
  Histogram steady;
  steady.record(milliseconds(10), 1000);
  Histogram slower;
  slower.record(milliseconds(30), 100);
  Exceedance slow(*freeze_slow_limits(steady, 0.2));
  slow.add(0.1, steady, slower);
  EXPECT_GT(slow.log_e(), std::log(20.0));
  Histogram nearly = steady;  // a few in the next bucket are no reason to look below all the others
  nearly.record(milliseconds(12), 3);
  Exceedance still(*freeze_slow_limits(nearly, 0.2));
  still.add(0.1, nearly, slower);
  EXPECT_GT(still.log_e(), std::log(20.0));
}

TEST(Exceedance, CountsWhatLiesAboveEachLimit) {
  SlowLimits limits;
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
    limits.stable[i] = static_cast<std::uint16_t>(10 * (i + 1));
    limits.candidate[i] = static_cast<std::uint16_t>(10 * (i + 1) + 1);
  }
  Histogram histogram;
  for (std::size_t bucket = 0; bucket < 60; ++bucket) histogram.add_bucket(bucket, 1);
  Exceedance slow(limits);
  slow.add(0.5, histogram, histogram);
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
    EXPECT_EQ(slow.at(i).candidate_events(), 60 - (10 * (i + 1) + 2));
    EXPECT_EQ(slow.at(i).events() - slow.at(i).candidate_events(), 60 - (10 * (i + 1) + 1));
  }
}

TEST(Exceedance, IsTheMeanOfItsFiveAndAddsUp) {
  Random random(3);
  const auto limits = freeze_slow_limits(reference_of(random, usual), 0);
  Exceedance all(*limits);
  Exceedance left(*limits);
  Exceedance right(*limits);
  for (int look = 0; look < 20; ++look) {
    const auto stable = reference_of(random, usual, 95);
    const auto candidate = reference_of(
        random, [](Random& r) { return 1.3 * usual(r); }, 5);
    all.add(0.05, stable, candidate);
    (look < 7 ? left : right).add(0.05, stable, candidate);
  }
  right.merge(left);
  EXPECT_NEAR(all.log_e(), right.log_e(), 1e-9);
  double sum = 0;
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) sum += std::exp(all.at(i).log_e());
  EXPECT_NEAR(std::exp(all.log_e()), sum / 5, sum * 1e-9);
  EXPECT_GE(all.at(all.strongest()).log_e(), all.log_e());
  const auto back = Exceedance::unpack(all.pack());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->log_e(), all.log_e());
  EXPECT_EQ(back->limits(), all.limits());
  auto broken = all.pack();
  broken[0] = 1e9;
  EXPECT_FALSE(Exceedance::unpack(broken));
}

TEST(Exceedance, SeesAShiftWithinDozensAndATailWithinHundredsOfAnswers) {
  Random random(4);
  const auto limits = freeze_slow_limits(reference_of(random, usual), 0);
  const Law shifted = [](Random& r) { return 1.5 * usual(r); };
  // Only the slowest two in a hundred get slower by half, so the 99th percentile does.
  const double slow_part = 20e6 * std::exp(0.6 * 2.0537);
  const Law tail = [slow_part](Random& r) {
    const double value = usual(r);
    return value > slow_part ? 1.5 * value : value;
  };
  std::vector<int> shift_runs;
  std::vector<int> tail_runs;
  for (int run = 0; run < 61; ++run) {
    shift_runs.push_back(answers_until_slow(random, *limits, shifted, 2000));
    tail_runs.push_back(answers_until_slow(random, *limits, tail, 5000));
  }
  std::nth_element(shift_runs.begin(), shift_runs.begin() + 30, shift_runs.end());
  std::nth_element(tail_runs.begin(), tail_runs.begin() + 30, tail_runs.end());
  RecordProperty("shift_median", shift_runs[30]);
  RecordProperty("tail_median", tail_runs[30]);
  EXPECT_LE(shift_runs[30], 60);
  EXPECT_LE(tail_runs[30], 600);
}

TEST(Exceedance, LeavesAHealthyCandidateInPeace) {
  Random random(5);
  constexpr int runs = 200;
  int alarms = 0;
  for (int run = 0; run < runs; ++run) {
    const auto limits = freeze_slow_limits(reference_of(random, usual, 2000), 0);
    alarms += answers_until_slow(random, *limits, usual, 200) < 200 ? 1 : 0;
  }
  // A standard error is 1.5 %.
  EXPECT_LE(alarms, runs * 8 / 100);
}

TEST(Exceedance, AcceptsOnlyWhenEveryLimitDoes) {
  Random random(6);
  const auto limits = freeze_slow_limits(reference_of(random, usual), 0);
  Exceedance slow(*limits);
  slow.add(0.5, reference_of(random, usual, 3000), reference_of(random, usual, 3000));
  EXPECT_GT(slow.at(0).log_e_accept(2), std::log(20));
  EXPECT_EQ(slow.log_e_accept(2), slow.at(4).log_e_accept(2));
}

}  // namespace
}  // namespace sluice::stats
