#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>

#include "checks.hpp"
#include "samples.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/bandit_shares.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

using EarningRig = Rig<policy::Bandit>;

policy::Bandit earning(std::vector<std::string> arms = {"v1", "v2"}) {
  policy::Bandit bandit;
  bandit.arms = std::move(arms);
  return bandit;
}

EarningRig rewarded(policy::Bandit bandit, policy::Outcome outcome) {
  bandit.reward = outcome.name;
  EarningRig made(earning(), {"v1", "v2", "v3"});
  made.spec = std::move(bandit);
  made.route.outcomes = {std::move(outcome)};
  made.restart_rollout();
  return made;
}

policy::Outcome purchase(policy::OutcomeType type = policy::OutcomeType::Binary) {
  policy::Outcome outcome;
  outcome.name = "purchase";
  outcome.type = type;
  outcome.attribution_window = hours(1);
  return outcome;
}

void answer(EarningRig& rig, const std::string& version, std::uint64_t requests, std::uint64_t failures,
            Duration latency) {
  const auto more = sample_of(requests, failures, latency);
  auto& all = rig.version(version).all;
  all.requests += more.requests;
  all.failures += more.failures;
  all.latency.merge(more.latency);
}

double now_of(const EarningRig& rig) {
  return std::chrono::duration<double>(rig.now.time_since_epoch()).count();
}

OutcomeEvidence& reports_of(EarningRig& rig, const std::string& version) {
  auto& outcomes = rig.version(version).outcomes;
  if (outcomes.empty()) outcomes.emplace_back().name = "purchase";
  return outcomes[0];
}

const Tally& all_of(const EarningRig& rig, std::size_t arm) {
  return rig.state.arms[arm].tallies.at(0);
}

// ---- success and latency

TEST(DefaultReward, IsSuccessUntilALimitIsFrozen) {
  EarningRig bandit(earning(), {"v1", "v2"});
  answer(bandit, "v1", 90, 9, milliseconds(20));
  answer(bandit, "v2", 90, 0, milliseconds(20));
  bandit.tick();
  EXPECT_FALSE(bandit.state.experiment.limit);
  EXPECT_DOUBLE_EQ(*bandit.state.arms[0].value, 0.9);
  EXPECT_DOUBLE_EQ(*bandit.state.arms[1].value, 1);
}

TEST(DefaultReward, CountsASlowSuccessHalf) {
  EarningRig bandit(earning(), {"v1", "v2"});
  answer(bandit, "v1", 1000, 0, milliseconds(20));
  answer(bandit, "v2", 1000, 0, milliseconds(60));
  bandit.tick();
  ASSERT_TRUE(bandit.state.experiment.limit);
  EXPECT_GT(*bandit.state.experiment.limit, 0.022);
  EXPECT_LT(*bandit.state.experiment.limit, 0.027);
  EXPECT_GT(*bandit.state.arms[0].value, 0.93);
  EXPECT_DOUBLE_EQ(*bandit.state.arms[1].value, 0.5);
  EXPECT_GT(bandit.share("v1"), 0.98) << "nobody fails, but one is slow";
  const double limit = *bandit.state.experiment.limit;
  answer(bandit, "v1", 1000, 0, milliseconds(60));
  bandit.tick();
  EXPECT_DOUBLE_EQ(*bandit.state.experiment.limit, limit) << "frozen";
}

TEST(DefaultReward, WeighsAFailureTwiceASlowAnswer) {
  EarningRig bandit(earning(), {"v1", "v2"});
  answer(bandit, "v1", 1000, 0, milliseconds(20));
  answer(bandit, "v2", 700, 0, milliseconds(15));
  answer(bandit, "v2", 300, 300, milliseconds(15));
  bandit.tick();
  EXPECT_GT(bandit.share("v1"), 0.98) << "fast and failing loses";
}

// ---- reports

TEST(Reward, OfReportsWithoutDelaysIsTheRateOfAllDecisions) {
  auto bandit = rewarded(earning(), purchase());
  for (const auto& [version, events] : {std::pair{"v1", 50}, std::pair{"v2", 120}}) {
    bandit.serve(version, 1000, version == std::string("v2") ? 200 : 0);
    reports_of(bandit, version).decisions = 1000;
    reports_of(bandit, version).events = static_cast<std::uint64_t>(events);
  }
  bandit.tick();
  EXPECT_DOUBLE_EQ(*bandit.state.arms[0].value, 0.05);
  EXPECT_GT(bandit.share("v2"), 0.98) << "failures do not matter to it";
}

TEST(Reward, MayBeLessOfSomething) {
  auto outcome = purchase();
  outcome.better = policy::Better::Lower;
  auto bandit = rewarded(earning(), outcome);
  for (const auto& [version, events] : {std::pair{"v1", 50}, std::pair{"v2", 120}}) {
    bandit.serve(version, 1000);
    reports_of(bandit, version).decisions = 1000;
    reports_of(bandit, version).events = static_cast<std::uint64_t>(events);
  }
  bandit.tick();
  EXPECT_GT(bandit.share("v1"), 0.98);
  EXPECT_DOUBLE_EQ(*bandit.state.arms[1].value, 0.12) << "shown as what it is";
}

TEST(Reward, MayBeANumber) {
  auto bandit = rewarded(earning(), purchase(policy::OutcomeType::Value));
  for (const auto& [version, mean] : {std::pair{"v1", 3.0}, std::pair{"v2", 4.0}}) {
    bandit.serve(version, 1000);
    auto& seen = reports_of(bandit, version);
    seen.decisions = seen.events = 1000;
    seen.sum = 1000 * mean;
    seen.sum_squares = 1000 * (mean * mean + 1);
  }
  bandit.tick();
  EXPECT_DOUBLE_EQ(*bandit.state.arms[1].value, 4);
  EXPECT_GT(bandit.share("v2"), 0.98);
}

// ---- reports that come late

/// Decisions now, and conversions of earlier ones as their delays pass; delays are exponential.
class LateBuyers {
 public:
  LateBuyers(EarningRig& rig, std::vector<double> rates, std::vector<double> delays, std::uint64_t seed)
      : rig_(rig), rates_(std::move(rates)), delays_(std::move(delays)), random_(seed) {
    const double window = std::chrono::duration<double>(rig.route.outcomes[0].attribution_window).count();
    tables_.assign(rates_.size(), stats::DelayTable(window));
    pending_.resize(rates_.size());
  }

  void pass(double seconds, std::uint64_t requests) {
    const double now = now_of(rig_);
    for (std::uint64_t i = 0; i < requests; ++i) {
      double at = std::uniform_real_distribution<double>()(random_);
      std::size_t arm = 0;
      while (arm + 1 < rates_.size() && at > rig_.state.arms[arm].share) at -= rig_.state.arms[arm++].share;
      tables_[arm].add_decisions(now);
      rig_.serve(rig_.state.arms[arm].version, 1);
      ++decisions_[arm];
      if (!std::bernoulli_distribution(rates_[arm])(random_)) continue;
      pending_[arm].push_back({now, now + std::exponential_distribution<double>(1 / delays_[arm])(random_)});
    }
    for (std::size_t arm = 0; arm < rates_.size(); ++arm) deliver(arm, now);
    rig_.tick(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
  }

 private:
  struct Purchase {
    double decided;
    double due;
  };

  void deliver(std::size_t arm, double now) {
    auto& seen = reports_of(rig_, rig_.state.arms[arm].version);
    std::erase_if(pending_[arm], [&](const Purchase& one) {
      if (one.due > now) return false;
      if (tables_[arm].add_conversion(one.decided, one.due - one.decided)) ++seen.events;
      return true;
    });
    seen.decisions = decisions_[arm];
    seen.delays = std::make_shared<stats::DelayTable>(tables_[arm]);
  }

  EarningRig& rig_;
  std::vector<double> rates_;
  std::vector<double> delays_;
  std::mt19937_64 random_;
  std::vector<stats::DelayTable> tables_;
  std::vector<std::vector<Purchase>> pending_;
  std::array<std::uint64_t, 3> decisions_{};
};

TEST(LateReward, HoldsTheSharesUntilTheCurvesAreFlat) {
  auto bandit = rewarded(earning(), purchase());
  LateBuyers buyers(bandit, {0.1, 0.15}, {600, 900}, 3);
  for (int i = 0; i < 8; ++i) buyers.pass(30, 100);
  EXPECT_EQ(bandit.where(), "Progressing/AwaitingRewards") << bandit.state.message;
  EXPECT_DOUBLE_EQ(bandit.share("v1"), 0.5);
  EXPECT_NE(bandit.say(Verb::Promote).find("no arm leads yet: the shares wait"), std::string::npos);
  for (int i = 0; i < 150; ++i) buyers.pass(30, 100);
  EXPECT_EQ(bandit.where(), "Progressing/Following") << bandit.state.message;
  EXPECT_GT(bandit.share("v2"), 0.9);
  EXPECT_NEAR(*bandit.state.arms[1].value, 0.15, 0.02);
}

TEST(LateReward, DoesNotTakeWhatIsStillToComeForAFailure) {
  // The better arm converts five times as slowly; counted as failures what is pending would send everyone to the other.
  int best = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto bandit = rewarded(earning(), purchase());
    LateBuyers buyers(bandit, {0.10, 0.14}, {120, 900}, seed);
    for (int i = 0; i < 300; ++i) buyers.pass(30, 60);
    best += bandit.share("v2") > 0.9 ? 1 : 0;
  }
  EXPECT_EQ(best, 5);
}

TEST(LateReward, FadesWithTheHalfLife) {
  auto spec = earning();
  spec.half_life = hours(2);
  auto bandit = rewarded(spec, purchase());
  LateBuyers buyers(bandit, {0.10, 0.14}, {120, 120}, 9);
  for (int i = 0; i < 480; ++i) buyers.pass(60, 50);
  // 24 000 decisions in eight hours; of a half life of two hours some 2.9 hours' worth are left.
  const double left = all_of(bandit, 0).n + all_of(bandit, 1).n;
  EXPECT_LT(left, 15'000);
  EXPECT_GT(left, 3'000);
  EXPECT_NEAR(*bandit.state.arms[1].value, 0.14, 0.03);
}

TEST(LateReward, IsKnownAfterARestart) {
  auto bandit = rewarded(earning(), purchase());
  LateBuyers buyers(bandit, {0.10, 0.14}, {120, 120}, 9);
  for (int i = 0; i < 300; ++i) buyers.pass(30, 60);
  const auto arms = bandit.state.arms;
  const auto outcomes = bandit.version("v1").outcomes;
  bandit.restart_process();
  bandit.tick();
  EXPECT_EQ(bandit.state.arms[0].share, arms[0].share);
  EXPECT_EQ(bandit.state.arms[1].tallies, arms[1].tallies);
}

// ---- memory

TEST(HalfLife, LetsOldSuccessesGo) {
  auto spec = earning();
  spec.half_life = hours(1);
  EarningRig bandit(spec, {"v1", "v2"});
  for (int i = 0; i < 60; ++i) {
    bandit.serve("v1", 100, 5);
    bandit.serve("v2", 100, 20);
    bandit.tick(minutes(1));
  }
  EXPECT_GT(bandit.share("v1"), 0.98);
  for (int i = 0; i < 600; ++i) {
    bandit.serve("v1", 100, 20);
    bandit.serve("v2", 10, 0);
    bandit.tick(minutes(1));
  }
  EXPECT_GT(bandit.share("v2"), 0.98) << "what was true an hour ago is not any more";
  EXPECT_LT(all_of(bandit, 0).n, 20'000);
}

// ---- other algorithms

TEST(Algorithms, AllEndAtTheBestArm) {
  for (const auto algorithm :
       {policy::BanditAlgorithm::ThompsonSampling, policy::BanditAlgorithm::TopTwoThompson,
        policy::BanditAlgorithm::KlUcb, policy::BanditAlgorithm::Ucb1, policy::BanditAlgorithm::EpsilonGreedy}) {
    auto spec = earning({"v1", "v2", "v3"});
    spec.algorithm = algorithm;
    EarningRig bandit(spec, {"v1", "v2", "v3"});
    std::mt19937_64 random(4);
    const double failing[] = {0.3, 0.1, 0.4};
    double to_best = 0;
    for (int i = 0; i < 400; ++i) {
      double sum = 0;
      for (std::size_t arm = 0; arm < 3; ++arm) {
        const double share = bandit.state.arms[arm].share;
        EXPECT_GE(share, 0.01 - 1e-12);
        sum += share;
        const auto requests = static_cast<std::uint64_t>(std::llround(100 * share));
        bandit.serve(bandit.state.arms[arm].version, requests,
                     std::binomial_distribution<std::uint64_t>(requests, failing[arm])(random));
      }
      EXPECT_NEAR(sum, 1, 1e-9) << "shares are the propensities";
      if (i >= 200) to_best += bandit.state.arms[1].share / 200;
      bandit.tick();
    }
    EXPECT_GT(to_best, algorithm == policy::BanditAlgorithm::TopTwoThompson ? 0.4 : 0.7) << static_cast<int>(algorithm);
  }
}

// ---- the end

TEST(BanditEnd, ComesNotBeforeAFullCycle) {
  auto spec = earning();
  spec.stop_when = policy::BanditStop{};
  spec.stop_when->min_duration = hours(24);
  EarningRig bandit(spec, {"v1", "v2"});
  bandit.serve("v1", 5000, 1000);
  bandit.serve("v2", 5000, 50);
  bandit.tick(hours(1));
  EXPECT_EQ(bandit.where(), "Progressing/Following");
  bandit.serve("v1", 1);
  bandit.tick(hours(23));
  EXPECT_EQ(bandit.where(), "Promoted/WinnerFound");
  EXPECT_NE(bandit.state.message.find("(Bayesian)"), std::string::npos);
}

TEST(BanditEnd, ComesAtTheLongestDurationWithSharesAsTheyAre) {
  auto spec = earning();
  spec.stop_when = policy::BanditStop{};
  spec.stop_when->max_duration = hours(2);
  EarningRig bandit(spec, {"v1", "v2"});
  bandit.serve("v1", 500, 25);
  bandit.serve("v2", 500, 24);
  bandit.tick(hours(1));
  const double share = bandit.share("v1");
  EXPECT_NE(share, 0.5);
  bandit.tick(hours(1));
  EXPECT_EQ(bandit.where(), "Concluded/MaxDuration");
  EXPECT_DOUBLE_EQ(bandit.share("v1"), share);
  EXPECT_EQ(bandit.told("Concluded"), 1);
}

// ---- arms that come and go

TEST(BanditArms, ThatStayKeepWhatIsKnownOfThem) {
  EarningRig before(earning({"v1", "v2"}), {"v1", "v2", "v3"});
  before.serve("v1", 5000, 1000);
  before.serve("v2", 5000, 50);
  before.tick();
  EarningRig after(earning({"v3", "v2"}), {"v1", "v2", "v3"});
  before.state.strategy = after.state.strategy = "bandit";
  inherit(after.spec, after.route, before.state, after.state);
  EXPECT_EQ(after.state.arms[1].successes, 4950u);
  EXPECT_NEAR(after.share("v3"), 0.5, 1e-9) << "the new arm is explored";
  after.serve("v3", 5000, 1000);
  after.serve("v2", 10, 0);
  after.tick();
  EXPECT_GT(after.share("v2"), 0.98);
  EXPECT_DOUBLE_EQ(all_of(after, 1).n, 5010);
}

TEST(BanditArms, KnowNothingWhereAnotherRewardIsMeant) {
  EarningRig before(earning(), {"v1", "v2", "v3"});
  before.serve("v1", 5000, 1000);
  before.serve("v2", 5000, 50);
  before.tick();
  auto after = rewarded(earning(), purchase());
  before.state.strategy = after.state.strategy = "bandit";
  inherit(after.spec, after.route, before.state, after.state);
  EXPECT_EQ(after.state.arms[1].successes, 0u);
  EXPECT_DOUBLE_EQ(after.share("v2"), 0.5);
}

}  // namespace
}  // namespace sluice::strategy
