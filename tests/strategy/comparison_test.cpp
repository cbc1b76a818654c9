#include "sluice/strategy/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

ArmState arm_of(const std::string& version, double n, std::vector<double> events, double weight = 1) {
  ArmState arm;
  arm.version = version;
  Tally& tally = arm.tallies.emplace_back();
  tally.weight = weight;
  tally.n = n;
  tally.sum = tally.squares = events.empty() ? 0 : events.front();
  tally.events = std::move(events);
  arm.value = tally.sum / n;
  return arm;
}

/// Values of mean `mean` and this deviation, as sums.
ArmState numbers_of(const std::string& version, double n, double mean, double deviation) {
  ArmState arm = arm_of(version, n, {n});
  Tally& tally = arm.tallies.back();
  tally.sum = n * mean;
  tally.squares = n * (mean * mean + deviation * deviation);
  tally.unit_squares = tally.squares;
  arm.value = mean;
  return arm;
}

PrimaryMetric clicks() {
  PrimaryMetric metric;
  metric.name = "click";
  metric.higher_is_better = true;
  return metric;
}

PrimaryMetric failures() {
  PrimaryMetric metric;
  metric.name = "error-rate";
  return metric;
}

PrimaryMetric revenue() {
  PrimaryMetric metric = clicks();
  metric.name = "revenue";
  metric.kind = PrimaryMetric::Kind::RealMean;
  metric.unit = policy::QuantityUnit::Number;
  return metric;
}

constexpr double certain = 2.9957;  // ln 20

TEST(Contest, KnowsTheDirectionOfTheMetric) {
  const auto more = arm_of("v2", 5000, {400});
  const auto fewer = arm_of("v1", 5000, {200});
  EXPECT_GT(contest(clicks(), more, fewer, {}).log_better, certain);
  EXPECT_LT(contest(clicks(), more, fewer, {}).log_worse, 0);
  EXPECT_GT(contest(failures(), more, fewer, {}).log_worse, certain);
  EXPECT_LT(contest(failures(), more, fewer, {}).log_better, 0);
  EXPECT_GT(contest(failures(), fewer, more, {}).log_better, certain);
}

TEST(Contest, SaysTheSameOfBothSides) {
  const auto one = arm_of("v2", 5000, {310}, 3);
  const auto other = arm_of("v1", 5000, {120}, 1);
  const auto there = contest(clicks(), one, other, {});
  const auto back = contest(clicks(), other, one, {});
  EXPECT_NEAR(there.log_better, back.log_worse, 1e-9);
  EXPECT_NEAR(there.log_worse, back.log_better, 1e-9);
  EXPECT_NEAR((1 + *there.lift) * (1 + *back.lift), 1, 1e-6);
}

TEST(Contest, TakesTheWeightsIntoAccount) {
  // Three times the events at three times the weight is no difference.
  const auto found = contest(clicks(), arm_of("v2", 30'000, {1500}, 3), arm_of("v1", 10'000, {500}, 1), {});
  EXPECT_LT(std::max(found.log_better, found.log_worse), 0);
  EXPECT_NEAR(*found.lift, 0, 1e-6);
  EXPECT_LT(*found.lift_lower, 0);
  EXPECT_GT(*found.lift_upper, 0);
}

TEST(Contest, EvidenceUnderOldWeightsStays) {
  auto own = arm_of("v2", 5000, {400}, 1);
  auto other = arm_of("v1", 5000, {200}, 1);
  const double before = contest(clicks(), own, other, {}).log_better;
  own.tallies.push_back(arm_of("v2", 900, {27}, 9).tallies[0]);
  other.tallies.push_back(arm_of("v1", 100, {3}, 1).tallies[0]);
  const double after = contest(clicks(), own, other, {}).log_better;
  EXPECT_NEAR(after, before, 3);
  EXPECT_GT(after, certain) << "pooled, the ratio would be 427 of 5 900 against 203 of 5 100";
}

TEST(Contest, NeedsMoreThanTheSmallestEffect) {
  const auto own = arm_of("v2", 20'000, {800});
  const auto other = arm_of("v1", 20'000, {1200});
  Question question;
  question.effect = 0.1;
  EXPECT_GT(contest(failures(), own, other, question).log_better, certain);
  question.effect = 0.5;
  EXPECT_LT(contest(failures(), own, other, question).log_better, 0);
  question.effect = 1;
  EXPECT_EQ(contest(failures(), own, other, question).log_better, 0) << "nobody fails less than never";
  question.effect = 0.2;
  EXPECT_GT(contest(clicks(), other, own, question).log_better, 0);
  EXPECT_LT(contest(clicks(), other, own, question).log_better, contest(clicks(), other, own, {}).log_better);
}

TEST(Contest, CountsUsersAtFiveLevels) {
  // Two users with very many events each say little; as many users with one each say much.
  const auto few = contest(failures(), arm_of("v2", 5000, {2, 2, 2, 2, 2}), arm_of("v1", 5000, {0, 0, 0, 0, 0}), {});
  const auto many = contest(failures(), arm_of("v2", 5000, {60, 0, 0, 0, 0}), arm_of("v1", 5000, {10, 0, 0, 0, 0}), {});
  EXPECT_LT(few.log_worse, 1);
  EXPECT_GT(many.log_worse, certain);
}

TEST(Contest, SaysNothingOfFewRequests) {
  EXPECT_FALSE(contest(clicks(), arm_of("v2", 99, {99}), arm_of("v1", 5000, {0}), {}).enough);
  EXPECT_TRUE(contest(clicks(), arm_of("v2", 100, {99}), arm_of("v1", 5000, {0}), {}).enough);
  EXPECT_FALSE(contest(clicks(), ArmState{}, ArmState{}, {}).enough);
}

TEST(ContestOfNumbers, ComparesMeans) {
  const auto own = numbers_of("v2", 4000, 11, 5);
  const auto other = numbers_of("v1", 4000, 10, 5);
  const auto found = contest(revenue(), own, other, {});
  EXPECT_GT(found.log_better, certain);
  EXPECT_EQ(found.log_worse, 0);
  EXPECT_NEAR(*found.lift, 0.1, 1e-9);
  EXPECT_GT(*found.lift_lower, 0);
  EXPECT_LT(*found.lift_upper, 0.25);
  Question question;
  question.effect = 0.095;
  EXPECT_LT(contest(revenue(), own, other, question).log_better, 0);
  PrimaryMetric spent = revenue();
  spent.higher_is_better = false;
  EXPECT_GT(contest(spent, own, other, {}).log_worse, certain);
}

TEST(ContestOfNumbers, AreLessCertainWhereUsersVaryTogether) {
  PrimaryMetric metric = revenue();
  metric.by_units = true;
  auto own = numbers_of("v2", 4000, 11, 5);
  auto other = numbers_of("v1", 4000, 10, 5);
  const double alone = contest(metric, own, other, {}).log_better;
  for (auto* arm : {&own, &other}) arm->tallies[0].unit_squares *= 8;
  EXPECT_LT(contest(metric, own, other, {}).log_better, alone / 4);
}

TEST(ContestOfNumbers, WaitForFortyValuesOfEach) {
  auto own = numbers_of("v2", 4000, 11, 5);
  own.tallies[0].events = {39};
  PrimaryMetric metric = revenue();
  policy::Outcome outcome;
  metric.outcome = &outcome;
  EXPECT_FALSE(contest(metric, own, numbers_of("v1", 4000, 10, 5), {}).enough);
  own.tallies[0].events = {40};
  EXPECT_TRUE(contest(metric, own, numbers_of("v1", 4000, 10, 5), {}).enough);
}

/// How often 200 looks at two alike versions come to something, of 400 tests.
template <typename Draw>
double false_alarms(const PrimaryMetric& metric, Draw draw) {
  std::mt19937_64 random(7);
  int alarms = 0;
  constexpr int tests = 400;
  for (int test = 0; test < tests; ++test) {
    auto own = numbers_of("v2", 0, 0, 0);
    auto other = numbers_of("v1", 0, 0, 0);
    bool alarm = false;
    for (int look = 0; look < 200 && !alarm; ++look) {
      for (int i = 0; i < 50; ++i) draw(random, (random() & 1) != 0 ? own.tallies[0] : other.tallies[0]);
      const auto found = contest(metric, own, other, {});
      alarm = found.enough && std::max(found.log_better, found.log_worse) >= certain;
    }
    alarms += alarm ? 1 : 0;
  }
  return static_cast<double>(alarms) / tests;
}

TEST(ContestValidity, HoldsAtAllLooksTogether) {
  const auto event = [](std::mt19937_64& random, Tally& tally) {
    const double x = std::bernoulli_distribution(0.05)(random) ? 1 : 0;
    tally.n += 1;
    tally.sum += x;
    tally.squares += x;
    tally.events[0] += x;
  };
  const auto number = [](std::mt19937_64& random, Tally& tally) {
    const double x = std::exponential_distribution<double>(0.1)(random);
    tally.n += 1;
    tally.sum += x;
    tally.squares += x * x;
    tally.events[0] += 1;
  };
  // Monte-Carlo error 1.1 %.
  EXPECT_LE(false_alarms(clicks(), event), 0.05 + 0.03);
  EXPECT_LE(false_alarms(revenue(), number), 0.05 + 0.03);
}

TEST(Contest, ForecastsWhatIsStillToCome) {
  Question question;
  question.log_threshold = certain;
  const auto found = contest(clicks(), arm_of("v2", 4000, {220}), arm_of("v1", 4000, {200}), question);
  ASSERT_TRUE(found.still_to_come);
  EXPECT_GT(*found.still_to_come, 10'000);
  EXPECT_LT(*found.still_to_come, 100'000);
  EXPECT_FALSE(contest(clicks(), arm_of("v2", 4000, {200}), arm_of("v1", 4000, {200}), question).still_to_come);
}

TEST(ComparisonText, CarriesBothNumbersAndTheInterval) {
  const auto own = arm_of("v2", 6131, {74});
  const auto other = arm_of("v1", 6090, {91});
  const auto text = comparison_text(failures(), own, other, contest(failures(), own, other, {}));
  EXPECT_TRUE(text.starts_with("error-rate 1.21% against v1's 1.49%: -19% (-")) << text;
  EXPECT_TRUE(text.ends_with("%), n=6 131, v1 n=6 090")) << text;
}

TEST(LiftText, HasASign) {
  EXPECT_EQ(lift_text(0.123), "+12%");
  EXPECT_EQ(lift_text(-0.0456), "-4.6%");
  EXPECT_EQ(lift_text(0.00123), "+0.12%");
  EXPECT_EQ(lift_text(3.5), "+350%");
}

}  // namespace
}  // namespace sluice::strategy
