#include "sluice/stats/exact_plan.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"
#include "sluice/stats/exact_threshold.hpp"

namespace sluice::stats {
namespace {

const RiskRule no_worse;

RiskRule at_most(double limit) {
  RiskRule rule;
  rule.alone = true;
  rule.offset = limit;
  rule.tolerated_offset = 2 * limit;
  return rule;
}

/// A test as a check makes it: events one by one, under a share that may change before each of them.
struct Guard {
  explicit Guard(double alpha) { open_plan(plan, alpha, no_worse, sums); }
  void event(double share, bool of_candidate) {
    if (plan.share != share) leave_plan(plan, no_worse, sums);
    make_plan(plan, no_worse, share, sums);
    add_risk(sums, no_worse, share, {of_candidate ? 1U : 0U, of_candidate ? 0U : 1U, 0});
    pass_steps(plan, 1);
  }
  double log_e() const { return log_e_against(sums); }
  bool rejects() const { return log_e() >= plan.log_threshold; }
  /// What the test may still spend.
  double to_spend() const {
    ExactPlan left = plan;
    leave_plan(left, no_worse, sums);
    return std::exp(log_e() - left.log_threshold);
  }

  RiskSums sums{};
  ExactPlan plan;
};

TEST(ExactPlan, IsTheKnownThresholdButForWhatIsKept) {
  for (const double share : {0.05, 0.1, 0.5}) {
    Guard test(0.05);
    make_plan(test.plan, no_worse, share, test.sums);
    ASSERT_TRUE(test.plan.planned());
    const double chance = crossing_probability(RiskPrior::Guardrail, share, test.plan.log_threshold, kPlannedSteps);
    EXPECT_LE(chance, 0.05);
    EXPECT_GE(chance, 0.05 * 0.85) << share;
    EXPECT_GE(test.plan.log_beyond, test.plan.log_threshold);
    EXPECT_LE(test.plan.log_beyond, std::log(20.0 * 4.5));
  }
}

TEST(ExactPlan, CostsLessWhenNobodyCouldRejectInTheBeginning) {
  Guard from_the_start(0.05);
  make_first_plan(from_the_start.plan, no_worse, 0.05, 0);
  double before = from_the_start.plan.log_threshold;
  for (const std::uint64_t unseen : {10U, 20U, 40U}) {
    Guard later(0.05);
    make_first_plan(later.plan, no_worse, 0.05, unseen);
    ASSERT_TRUE(later.plan.planned());
    EXPECT_LT(later.plan.log_threshold, before) << unseen;
    EXPECT_EQ(later.plan.steps, kPlannedSteps);
    before = later.plan.log_threshold;
  }
  Guard used(0.05);
  used.event(0.05, true);
  const auto plan = used.plan;
  make_first_plan(used.plan, no_worse, 0.05, 1);
  EXPECT_EQ(used.plan, plan) << "only one that has spent nothing";
}

TEST(ExactPlan, OfAFixedLimitIsThatOfAShareOfThatSize) {
  RiskSums sums{};
  ExactPlan of_limit;
  ExactPlan of_share;
  open_plan(of_limit, 0.05, at_most(0.02), sums);
  open_plan(of_share, 0.05, no_worse, sums);
  make_plan(of_limit, at_most(0.02), 0.5, sums);
  make_plan(of_share, no_worse, 0.02, sums);
  EXPECT_NEAR(of_limit.log_threshold, of_share.log_threshold, 1e-9);
  EXPECT_TRUE(of_limit.planned());
}

/// Every sequence of so many events, weighed by its chance when the versions are alike.
template <typename ShareOf>
double mean_over_all_paths(double alpha, unsigned events, ShareOf share_of) {
  double mean = 0;
  for (unsigned path = 0; path < (1U << events); ++path) {
    Guard test(alpha);
    double chance = 1;
    bool rejected = false;
    unsigned count = 0;
    for (unsigned i = 0; i < events && !rejected; ++i) {
      const bool up = ((path >> i) & 1U) != 0;
      const double share = share_of(i, count);
      chance *= up ? share : 1 - share;
      test.event(share, up);
      count += up ? 1 : 0;
      rejected = test.rejects();
      // The rest of a path that has ended is counted once.
      if (rejected && (path >> (i + 1)) != 0) chance = 0;
    }
    mean += chance * (rejected ? 1 : test.to_spend());
  }
  return mean;
}

TEST(ExactPlan, SpendsItsLevelAndNoMoreOverAllPaths) {
  const double spent = mean_over_all_paths(0.2, 6, [](unsigned, unsigned) { return 0.3; });
  EXPECT_LE(spent, 0.2 * (1 + 1e-9));
  EXPECT_GE(spent, 0.2 * 0.88) << "E takes few values in so few events, and none is just at the level";
}

TEST(ExactPlan, HoldsItsLevelThroughARampThatDependsOnWhatWasSeen) {
  const double spent = mean_over_all_paths(0.2, 6, [](unsigned event, unsigned seen) {
    return event < 2 ? 0.2 : seen == 0 ? 0.6 : event < 4 ? 0.35 : 0.1;
  });
  EXPECT_LE(spent, 0.2 * (1 + 1e-9));
  EXPECT_GE(spent, 0.2 * 0.8);
}

TEST(ExactPlan, HoldsItsLevelWhereTheFirstLookComesLate) {
  constexpr unsigned events = 7;
  constexpr unsigned unseen = 4;
  constexpr double share = 0.3;
  double mean = 0;
  for (unsigned path = 0; path < (1U << events); ++path) {
    Guard test(0.2);
    double chance = 1;
    bool rejected = false;
    for (unsigned i = 0; i < events && !rejected; ++i) {
      const bool up = ((path >> i) & 1U) != 0;
      chance *= up ? share : 1 - share;
      add_risk(test.sums, no_worse, share, {up ? 1U : 0U, up ? 0U : 1U, 0});
      pass_steps(test.plan, 1);
      if (i + 1 == unseen) make_first_plan(test.plan, no_worse, share, unseen);
      rejected = i + 1 >= unseen && test.rejects();
      if (rejected && (path >> (i + 1)) != 0) chance = 0;
    }
    mean += chance * (rejected ? 1 : test.to_spend());
  }
  EXPECT_LE(mean, 0.2 * (1 + 1e-9));
  EXPECT_GE(mean, 0.2 * 0.98);
}

TEST(ExactPlan, LeftBeforeAnythingWasSeenGivesBackWhatItHad) {
  Guard test(0.05);
  make_plan(test.plan, no_worse, 0.1, test.sums);
  leave_plan(test.plan, no_worse, test.sums);
  EXPECT_FALSE(test.plan.planned());
  EXPECT_NEAR(test.plan.log_threshold, std::log(20.0), 0.001)
      << "at 10 % the walks that reach it take nearly all along";
  EXPECT_GE(test.plan.log_threshold, std::log(20.0) - 1e-9);
  EXPECT_EQ(test.plan.log_beyond, test.plan.log_threshold);
}

TEST(ExactPlan, IsNotPlannedAnewOnceItHasEnded) {
  Guard test(0.05);
  make_plan(test.plan, no_worse, 0.1, test.sums);
  const double beyond = test.plan.log_beyond;
  pass_steps(test.plan, kPlannedSteps);
  EXPECT_TRUE(test.plan.planned());
  pass_steps(test.plan, 1);
  EXPECT_FALSE(test.plan.planned());
  EXPECT_EQ(test.plan.log_threshold, beyond);
  EXPECT_LT(beyond, std::log(20.0 * 5));
  make_plan(test.plan, no_worse, 0.1, test.sums);
  EXPECT_FALSE(test.plan.planned());
}

TEST(ExactPlan, TakesAnotherLevelForWhatIsLeft) {
  Guard test(0.05);
  test.event(0.1, true);
  const double before = test.to_spend();
  open_plan(test.plan, 0.01, no_worse, test.sums);
  EXPECT_NEAR(test.to_spend(), before / 5, before * 1e-9);
  open_plan(test.plan, 0.01, no_worse, test.sums);
  EXPECT_NEAR(test.to_spend(), before / 5, before * 1e-9) << "the same level again changes nothing";
}

TEST(ExactPlan, StaysWithVilleWhereThereIsNothingToPlan) {
  RiskRule difference;
  difference.offset = 0.01;
  difference.tolerated_offset = 0.02;
  const auto threshold = [](const RiskRule& rule, double share, double log_e) {
    RiskSums sums;
    sums.fill(log_e);
    ExactPlan plan;
    make_plan(plan, rule, share, sums);
    EXPECT_EQ(plan, ExactPlan{}) << "not opened";
    open_plan(plan, 0.05, rule, sums);
    make_plan(plan, rule, share, sums);
    leave_plan(plan, rule, sums);
    pass_steps(plan, 5);
    return plan.log_threshold;
  };
  const double ville = std::log(20.0);
  EXPECT_DOUBLE_EQ(threshold(difference, 0.1, 0), ville);
  for (const double share : {0.0, 1.0, -1.0, 1e-6, 0.999, std::nan("")}) {
    EXPECT_DOUBLE_EQ(threshold(no_worse, share, 0), ville) << share;
  }
  for (const double log_e : {-1e6, -30.0, 3.1, 700.0})
    EXPECT_DOUBLE_EQ(threshold(no_worse, 0.1, log_e), ville) << log_e;
}

TEST(ExactPlan, LeftWithHardlyAnyEvidenceHasHardlyAnythingToSpend) {
  Guard test(0.05);
  make_plan(test.plan, no_worse, 0.3, test.sums);
  const auto planned = test.plan;
  for (const std::uint64_t events : {200U, 2000U, 9000U}) {
    test.plan = planned;
    test.sums = {};
    add_risk(test.sums, no_worse, 0.3, {events / 5, events - events / 5, 0});
    pass_steps(test.plan, events);
    leave_plan(test.plan, no_worse, test.sums);
    EXPECT_TRUE(std::isfinite(test.plan.log_threshold)) << events;
    EXPECT_GE(test.plan.log_threshold, planned.log_threshold);
    EXPECT_LE(test.plan.log_threshold, planned.log_beyond + 3) << events;
  }
}

TEST(ExactPlan, IsLeftAsRejectedWhereItIs) {
  Guard test(0.05);
  make_plan(test.plan, no_worse, 0.1, test.sums);
  add_risk(test.sums, no_worse, 0.1, {6, 0, 0});
  ASSERT_TRUE(test.rejects());
  leave_plan(test.plan, no_worse, test.sums);
  EXPECT_TRUE(test.rejects());
}

TEST(ExactPlan, RejectsAlmostAsOftenAsAllowedAndNotMoreOftenOverAThousandLooks) {
  // The share goes up as long as all is well, as a canary's does; errors come in waves.
  Random random(7);
  constexpr int runs = 400;
  constexpr double alpha = 0.2;
  Guard fresh(alpha);
  make_plan(fresh.plan, no_worse, 0.05, fresh.sums);
  int steady = 0;
  int ramped = 0;
  for (int run = 0; run < runs; ++run) {
    const bool ramps = run % 4 == 0;
    Guard test = fresh;
    double share = 0.05;
    bool rejected = false;
    for (int look = 0; look < 1000 && !rejected; ++look) {
      if (ramps && look % 300 == 299 && test.log_e() < 0) share = std::min(0.5, 2.5 * share);
      if (test.plan.share != share) leave_plan(test.plan, no_worse, test.sums);
      make_plan(test.plan, no_worse, share, test.sums);
      const int events = look % 50 < 25 ? 1 : 3;
      std::uint64_t own = 0;
      for (int i = 0; i < events; ++i) own += random.uniform() < share ? 1 : 0;
      add_risk(test.sums, no_worse, share, {own, static_cast<std::uint64_t>(events) - own, 0});
      pass_steps(test.plan, static_cast<std::uint64_t>(events));
      rejected = test.rejects();
    }
    (ramps ? ramped : steady) += rejected ? 1 : 0;
  }
  // 300 and 100 runs: standard errors of 2.3 % and 4 %.
  EXPECT_LE(steady, 300 * 26 / 100);
  EXPECT_GE(steady, 300 * 11 / 100);
  EXPECT_LE(ramped, 30);
}

}  // namespace
}  // namespace sluice::stats
