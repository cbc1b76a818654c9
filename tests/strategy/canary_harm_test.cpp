#include <cmath>
#include <random>

#include "canary_world.hpp"

namespace sluice::strategy {
namespace {

/// 100 requests per second of both versions together, from the window's beginning on.
class CanaryHarmTest : public CanaryWorld {
 protected:
  static constexpr double rate = 100;

  /// Lets time pass in which the candidate fails this share of what it gets, and stable none.
  void serve(Duration length, double failing = 0) {
    for (auto left = length; left > Duration::zero(); left -= 1s) {
      tick(1s);
      const double share = state.weight;
      served_ += rate * share;
      failed_ += rate * share * failing;
      if (window_ != state.window) {
        window_ = state.window;
        served_ = failed_ = 0;
        stable_ = 0;
      }
      stable_ += rate * (1 - share);
      evidence.window = state.window;
      v2().all.requests = static_cast<std::uint64_t>(served_);
      v2().all.failures = static_cast<std::uint64_t>(failed_);
      v1().control.requests = v2().all.requests;
      v1().control.failures = 0;
      v1().all.requests = static_cast<std::uint64_t>(stable_);
      total_failed_ += rate * share * failing;
    }
  }

  double served_ = 0, failed_ = 0, stable_ = 0, total_failed_ = 0;
  std::uint64_t window_ = 0;
};

TEST_F(CanaryHarmTest, MeasuresTheTrafficBeforeItRisksAnything) {
  canary.harm_budget = 20;
  given({set_weight(25), set_weight(50)});
  window_ = state.window;
  serve(9s);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.reason, "MeasuringTraffic");
  serve(2s);
  EXPECT_EQ(state.phase, Phase::Progressing);
}

TEST_F(CanaryHarmTest, TheFirstShareFitsIntoTheBudgetWhenEverythingFails) {
  canary.harm_budget = 20;
  given({set_weight(25), set_weight(50)});
  window_ = state.window;
  serve(11s);
  // 20 failures of the 1 000 requests in 10 s, all of which could fail; the first second was not seen yet.
  EXPECT_GT(state.weight, 0.019);
  EXPECT_LT(state.weight, 0.024);
  EXPECT_NE(last().text.find("instead of 25%"), std::string::npos) << last().text;
  EXPECT_NE(last().text.find("about 0 of 20 extra failures are spent"), std::string::npos) << last().text;
}

TEST_F(CanaryHarmTest, TheShareGrowsWithWhatIsKnownAndTheStepsWaitForIt) {
  canary.harm_budget = 20;
  given({set_weight(25), set_weight(50)});
  window_ = state.window;
  serve(10min);
  EXPECT_EQ(state.phase, Phase::Promoted);
  double last = 0;
  for (const double weight : weights) {
    EXPECT_GE(weight, last) << "healthy, so it only grows";
    last = weight;
  }
  EXPECT_TRUE(std::find(weights.begin(), weights.end(), 0.25) != weights.end());
  EXPECT_GT(count("Advanced"), 3);
}

TEST_F(CanaryHarmTest, ACandidateThatFailsEverythingCostsNoMoreThanTheBudgetAndOneTick) {
  for (const double failing : {1.0, 0.3, 0.05}) {
    canary.harm_budget = 20;
    total_failed_ = served_ = failed_ = stable_ = 0;
    given({set_weight(50)});
    window_ = state.window;
    serve(1h, failing);
    EXPECT_EQ(state.reason, "HarmBudgetSpent") << failing;
    EXPECT_EQ(state.phase, Phase::RolledBack);
    EXPECT_LE(total_failed_, 25) << failing;
    EXPECT_GE(total_failed_, 19) << failing;
  }
}

TEST_F(CanaryHarmTest, WhatEarlierWindowsCostCounts) {
  canary.harm_budget = 20;
  given({set_weight(50)});
  tick(11s);
  seen(2000, 12);
  say(Verb::Promote, false);
  ASSERT_EQ(state.phase, Phase::Promoted);
  given({set_weight(10), pause_for()});
  tick(11s);
  seen(2000, 12);
  tick(10s);
  tick(1s);
  ASSERT_EQ(state.phase, Phase::Paused);
  EXPECT_DOUBLE_EQ(state.harm, 12);
  seen(100, 7);
  tick(1s);
  EXPECT_EQ(state.phase, Phase::Paused);
  seen(101, 8);
  tick(1s);
  EXPECT_EQ(state.reason, "HarmBudgetSpent");
  EXPECT_EQ(state.message, "about 20 of 20 extra failures are spent");
}

TEST_F(CanaryHarmTest, ARestartForgetsNothing) {
  canary.harm_budget = 20;
  given({set_weight(10), pause_for()});
  v1().all.requests = 11;  // so few that all of them may fail
  tick(11s);
  ticks(2);
  seen(2000, 12);
  tick(10s);
  EXPECT_DOUBLE_EQ(state.harm_seen.in_window, 12);
  seen(50, 3);  // the process died, and the data plane counts anew
  tick(1s);
  EXPECT_DOUBLE_EQ(state.harm, 12);
  EXPECT_EQ(state.harm_seen.failures, 12U);
  EXPECT_EQ(state.harm_seen.control_requests, 2000U);
  EXPECT_EQ(state.phase, Phase::Paused);
  seen(60, 8);
  tick(1s);
  EXPECT_EQ(state.reason, "HarmBudgetSpent");
}

TEST_F(CanaryHarmTest, TheBudgetHoldsInAHeldRolloutToo) {
  canary.harm_budget = 20;
  canary.on_failure = policy::OnFailure::Hold;
  canary.analysis = error_rate_below_one_percent();
  canary.analysis->min_requests = 10;
  given({set_weight(10), pause_for()});
  v1().all.requests = 11;
  tick(11s);
  ticks(2);
  seen(200, 15);
  tick(10s);
  ASSERT_EQ(state.phase, Phase::Held);
  seen(220, 20);
  tick(1s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
}

TEST_F(CanaryHarmTest, TheShareShrinksWhenTheCandidateTurnsBad) {
  canary.harm_budget = 40;
  given({set_weight(50), pause_for()});
  v1().all.requests = 1000;
  tick(10s);
  ASSERT_DOUBLE_EQ(state.weight, 0.04);
  seen(4000, 0);
  tick(10s);
  const double before = state.weight;
  ASSERT_GT(before, 0.2);
  seen(4500, 35);
  tick(10s);
  EXPECT_LT(state.weight, before);
  EXPECT_GT(state.weight, 0);
  EXPECT_NE(last().text.find("v2 down to"), std::string::npos) << last().text;
}

TEST_F(CanaryHarmTest, APersonWhoBeginsBeforeTheTrafficIsMeasuredBeginsSmall) {
  canary.harm_budget = 20;
  given({set_weight(25)});
  say(Verb::Promote);
  EXPECT_DOUBLE_EQ(state.weight, 0.01);
}

TEST_F(CanaryHarmTest, WithoutARequestItBeginsSmallAndGrowsWithWhatComes) {
  canary.harm_budget = 20;
  given({set_weight(25), pause_for()});
  tick(11s);
  EXPECT_EQ(state.phase, Phase::Progressing);
  EXPECT_DOUBLE_EQ(state.weight, 0.01);
  EXPECT_NE(last().text.find("1% instead of 25%: no request came yet"), std::string::npos) << last().text;
  seen(10, 0);
  v1().all.requests = 0;
  tick(10s);
  EXPECT_DOUBLE_EQ(state.weight, 0.25) << "one request per second: all of the next ten may fail";
}

TEST_F(CanaryHarmTest, AClockThatIsSetBackDelaysNeitherTheMeasureNorTheLook) {
  canary.harm_budget = 20;
  given({set_weight(25), pause_for()});
  tick(-1h);
  EXPECT_EQ(state.reason, "MeasuringTraffic");
  v1().all.requests = 11;
  tick(11s);
  EXPECT_EQ(state.phase, Phase::Progressing);
  const WallTime begun = now;
  seen(10, 0);
  tick(-1h);
  EXPECT_EQ(state.last_look, now);
  EXPECT_LT(*state.last_look, begun);
}

/// Both versions fail by chance, each at its own rate.
class NoisyHarmTest : public CanaryHarmTest {
 protected:
  /// Failures that the candidate cost until it was rolled back, or in an hour; nothing: it was not.
  std::optional<double> harm_of(double candidate, double control, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto drawn = [&](std::uint64_t n, double p) {
      return std::binomial_distribution<std::uint64_t>(n, p)(random);
    };
    canary.harm_budget = 20;
    given({set_weight(25), set_weight(50), pause_for(1h), set_weight(50)});
    evidence.versions[0].all = evidence.versions[0].control = evidence.versions[1].all = {};
    double cost = 0;
    for (int second = 0; second < 3600 && !is_over(state.phase); ++second) {
      tick(1s);
      if (evidence.window != state.window) tick(0s);
      const auto share = static_cast<std::uint64_t>(std::ceil(rate * state.weight));
      v2().all.requests += share;
      v2().all.failures += drawn(share, candidate);
      v1().control.requests += share;
      v1().control.failures += drawn(share, control);
      v1().all.requests += static_cast<std::uint64_t>(rate) - share;
      cost += static_cast<double>(share) * (candidate - control);
    }
    if (state.phase != Phase::RolledBack) return std::nullopt;
    return cost;
  }
};

TEST_F(NoisyHarmTest, AVersionThatIsNoWorseIsNotRolledBackByChance) {
  int rolled_back = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) rolled_back += harm_of(0.01, 0.01, seed) ? 1 : 0;
  EXPECT_LE(rolled_back, 2) << "of 30; a look at the plain sum took back more than half";
}

TEST_F(NoisyHarmTest, AWorseOneIsAndCostsAboutItsBudget) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto cost = harm_of(0.06, 0.01, seed);
    ASSERT_TRUE(cost) << seed;
    EXPECT_EQ(state.reason, "HarmBudgetSpent");
    EXPECT_LT(*cost, 40) << seed;
  }
}

TEST_F(CanaryHarmTest, WithoutABudgetNothingIsKept) {
  given({set_weight(10), pause_for()});
  ticks(2);
  seen(2000, 12);
  ticks(5, 10s);
  EXPECT_EQ(state.harm_seen, HarmSeen{});
  EXPECT_EQ(state.last_look, std::nullopt);
}

}  // namespace
}  // namespace sluice::strategy
