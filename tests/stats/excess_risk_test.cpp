#include "sluice/stats/excess_risk.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

double log_e(const RiskRule& rule, double share, const RiskCounts& counts) {
  RiskProcess process;
  process.add(rule, share, counts);
  return log_e_against(process.against);
}
double log_good(const RiskRule& rule, double share, const RiskCounts& counts) {
  RiskProcess process;
  process.add(rule, share, counts);
  return log_e_good(process);
}

RiskRule alone(double limit, double tolerated) {
  RiskRule rule;
  rule.alone = true;
  rule.offset = limit;
  rule.tolerated_offset = tolerated;
  return rule;
}

TEST(ExcessRisk, IsTheErrorsOnlyProcessWhereNothingIsAllowed) {
  const RiskRule rule;
  EXPECT_NEAR(log_e(rule, 0.05, {5, 20, 0}), 2.623293, 1e-6);
  EXPECT_NEAR(log_e(rule, 0.05, {10, 50, 0}), 4.247526, 1e-6);
  EXPECT_NEAR(log_e(rule, 0.05, {3, 0, 0}), 5.397198, 1e-6);
  EXPECT_NEAR(log_e(rule, 0.5, {60, 40, 0}), 0.208588, 1e-6);
  EXPECT_NEAR(log_e(rule, 0.05, {12, 100, 0}), 1.563004, 1e-6);
}

TEST(ExcessRisk, HearsNothingFromRequestsWithoutAnEventWhereNoOffsetIsAllowed) {
  EXPECT_EQ(log_e({}, 0.05, {3, 2, 0}), log_e({}, 0.05, {3, 2, 100'000}));
}

TEST(ExcessRisk, RejectsByTheFactorThatIsAllowed) {
  RiskRule twice;
  twice.factor = 2;
  twice.tolerated_factor = 4;
  // Twice as frequent is what is allowed: q = 0.05·2/(0.05·2 + 0.95) = 0.0952 of the events.
  EXPECT_LT(log_e(twice, 0.05, {95, 903, 0}), 0);
  EXPECT_GT(log_e(twice, 0.05, {200, 798, 0}), std::log(20.0));
  EXPECT_GT(log_e({}, 0.05, {95, 903, 0}), std::log(20.0)) << "and more than nothing";
}

TEST(ExcessRisk, AddsUpOverLooksAndProcesses) {
  RiskRule rule;
  rule.offset = 0.005;
  RiskProcess once;
  once.add(rule, 0.25, {40, 60, 9900});
  RiskProcess pieces;
  for (int i = 0; i < 20; ++i) pieces.add(rule, 0.25, {2, 3, 495});
  EXPECT_NEAR(log_e_against(once.against), log_e_against(pieces.against), 1e-9);
  EXPECT_NEAR(log_e_good(once), log_e_good(pieces), 1e-9);
}

TEST(ExcessRisk, TakesACandidateWithoutEventsForGoodAfterEnoughRequests) {
  RiskRule rule;
  rule.tolerated_offset = 0.01;
  // Of 20 000 requests the candidate had 5 %: a thousand without an event where one in a hundred is not tolerated.
  EXPECT_GT(log_good(rule, 0.05, {0, 0, 20'000}), std::log(20.0));
  EXPECT_LT(log_good(rule, 0.05, {0, 0, 4000}), std::log(20.0)) << "200 say too little";
}

TEST(ExcessRisk, TakesAHealthyCandidateForGoodByTheFactorToo) {
  RiskRule rule;
  rule.tolerated_offset = 1e-6;
  EXPECT_GT(log_good(rule, 0.05, {15, 285, 30'000}), std::log(20.0));
  EXPECT_LT(log_good(rule, 0.05, {30, 270, 30'000}), 0) << "twice as frequent is not tolerated";
}

TEST(ExcessRisk, AllowsAnOffset) {
  RiskRule rule;
  rule.offset = 0.01;
  EXPECT_LT(log_e(rule, 0.5, {100, 50, 9850}), 0.5) << "1 point above stable is what is allowed";
  EXPECT_GT(log_e(rule, 0.5, {200, 50, 9750}), std::log(20.0));
  EXPECT_GT(log_e(rule, 0.05, {20, 0, 980}), std::log(20.0)) << "stable never fails";
}

TEST(ExcessRisk, JudgesAProportionAlone) {
  EXPECT_GT(log_e(alone(0.01, 0.02), 1, {60, 0, 1144}), std::log(20.0));
  EXPECT_LT(log_e(alone(0.01, 0.02), 1, {4, 0, 196}), std::log(20.0));
  EXPECT_LT(log_e(alone(0.01, 0.02), 1, {100, 0, 9900}), 0);
  EXPECT_GT(log_good(alone(0.01, 0.02), 1, {0, 0, 300}), std::log(20.0));
  EXPECT_LT(log_good(alone(0.01, 0.02), 1, {0, 0, 100}), std::log(20.0));
  EXPECT_LT(log_good(alone(0.01, 0.02), 1, {20, 0, 980}), 0);
}

TEST(ExcessRisk, IsNeverNotANumber) {
  for (const double share : {1e-9, 0.5, 1 - 1e-9}) {
    for (const double offset : {0.0, 0.5, 0.97}) {
      RiskRule rule;
      rule.offset = offset;
      rule.tolerated_offset = 0.98;
      for (const RiskCounts& counts :
           {RiskCounts{0, 0, 0}, RiskCounts{1'000'000'000, 0, 0}, RiskCounts{0, 1'000'000'000, 1'000'000'000}}) {
        EXPECT_FALSE(std::isnan(log_e(rule, share, counts))) << share << " " << offset;
        EXPECT_FALSE(std::isnan(log_good(rule, share, counts))) << share << " " << offset;
      }
    }
  }
  EXPECT_EQ(log_e({}, 0, {5, 5, 5}), 0) << "a share of nothing says nothing";
  EXPECT_EQ(log_e({}, 1, {5, 5, 5}), 0);
}

/// Runs of many looks under rates that drift while the share ramps; how many of them ever reach 1/0.05.
template <typename Log>
int alarms(int runs, double candidate_factor, double candidate_offset, const RiskRule& rule, Log log_of) {
  Random random(7);
  int count = 0;
  for (int run = 0; run < runs; ++run) {
    RiskProcess process;
    bool alarmed = false;
    for (int look = 0; look < 300 && !alarmed; ++look) {
      const double share = look < 100 ? 0.05 : look < 200 ? 0.25 : 0.5;
      const double stable = 0.01 + 0.04 * look / 300;
      const double candidate = candidate_factor * stable + candidate_offset;
      RiskCounts counts;
      for (int request = 0; request < 40; ++request) {
        const bool is_candidate = random.uniform() < share;
        if (random.uniform() >= (is_candidate ? candidate : stable)) {
          ++counts.others;
        } else {
          ++(is_candidate ? counts.candidate_events : counts.stable_events);
        }
      }
      process.add(rule, share, counts);
      alarmed = log_of(process) >= std::log(20.0);
    }
    count += alarmed ? 1 : 0;
  }
  return count;
}

TEST(ExcessRisk, KeepsItsLevelOverManyLooksUnderDriftAndRamp) {
  const auto against = [](const RiskProcess& process) { return log_e_against(process.against); };
  RiskRule offset;
  offset.offset = 0.01;
  RiskRule half;
  half.factor = 1.5;
  // 5 % of 300 runs are 15; beyond 27 lies less than one in a thousand.
  EXPECT_LE(alarms(300, 1, 0, {}, against), 27);
  EXPECT_LE(alarms(300, 1, 0.01, offset, against), 27);
  EXPECT_LE(alarms(300, 1.5, 0, half, against), 27);
  EXPECT_GE(alarms(100, 3, 0, {}, against), 95) << "and sees what is there";
}

TEST(ExcessRisk, RarelyTakesABadOneForGood) {
  const auto good = [](const RiskProcess& process) { return log_e_good(process); };
  RiskRule rule;
  rule.tolerated_offset = 0.01;
  EXPECT_LE(alarms(300, 2, 0, rule, good), 27) << "twice as bad, and by more than a point";
  EXPECT_GE(alarms(100, 1, 0, rule, good), 90);
}

}  // namespace
}  // namespace sluice::stats
