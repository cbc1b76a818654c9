#include "sluice/strategy/bandit_certificate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>

#include "checks.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/split_check.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

policy::Outcome bought(policy::Better better = policy::Better::Higher) {
  policy::Outcome outcome;
  outcome.name = "purchase";
  outcome.attribution_window = minutes(2);
  outcome.better = better;
  return outcome;
}

/// A stall with two or three arms whose shares the test sets: decisions at random, purchases up to a minute late.
struct Stall {
  explicit Stall(std::uint64_t seed, std::vector<double> rates, policy::Better better = policy::Better::Higher)
      : rates(std::move(rates)), random(seed) {
    bandit.reward = "purchase";
    evidence.window = state.window = 3;
    state.window_since = now;
    for (std::size_t i = 0; i < this->rates.size(); ++i) {
      const std::string name = "v" + std::to_string(i + 1);
      bandit.arms.push_back(name);
      state.arms.emplace_back().version = name;
      evidence.versions.emplace_back().version = name;
      evidence.versions.back().outcomes.emplace_back().name = "purchase";
      tables.emplace_back(120.0);
    }
    route = route_with(bandit.arms);
    route.unit = {};
    route.outcomes = {bought(better)};
    steer(std::vector<double>(this->rates.size(), 1 / static_cast<double>(this->rates.size())));
  }

  void steer(const std::vector<double>& shares) {
    for (std::size_t i = 0; i < shares.size(); ++i) state.arms[i].share = shares[i];
    note_shares(state, now);
  }
  void pass(seconds time, int per_second) {
    std::vector<double> shares;
    for (const auto& arm : state.arms) shares.push_back(arm.share);
    std::discrete_distribution<std::size_t> draw(shares.begin(), shares.end());
    for (auto second = seconds(0); second < time; second += seconds(1)) {
      const double at = std::chrono::duration<double>(now.time_since_epoch()).count();
      for (int i = 0; i < per_second; ++i) {
        const std::size_t arm = draw(random);
        const double delay = uniform(random) < rates[arm] ? 60 * uniform(random) : -1;
        sold.push_back({arm, at, delay});
        note(sold.back());
        purchases[arm] += delay >= 0 ? 1 : 0;
      }
      now += seconds(1);
    }
  }
  struct Sold {
    std::size_t arm;
    double at;
    double delay;  ///< below 0: nothing was bought
  };
  void note(const Sold& one) {
    tables[one.arm].add_decisions(one.at);
    if (one.delay >= 0) tables[one.arm].add_conversion(one.at, one.delay);
  }
  /// A restart adds up anew what the ledger holds.
  void restart() {
    for (auto& table : tables) table = stats::DelayTable(120.0);
    for (const Sold& one : sold) note(one);
    ++evidence.counters;
  }
  bool ask(std::size_t leader) {
    for (std::size_t i = 0; i < tables.size(); ++i) {
      evidence.versions[i].outcomes[0].delays = std::make_shared<const stats::DelayTable>(tables[i]);
    }
    return certify(bandit, route, state, evidence, leader, now);
  }
  const Certificate& certificate() const { return *state.experiment.certificate; }
  double rate_of(std::size_t arm) const { return tables[arm].conversions() / std::max(1.0, tables[arm].decisions()); }

  std::vector<double> rates;
  std::mt19937_64 random;
  std::uniform_real_distribution<double> uniform{0, 1};
  policy::Bandit bandit;
  policy::ModelRoute route;
  Evidence evidence;
  RolloutState state;
  std::vector<stats::DelayTable> tables;
  std::map<std::size_t, double> purchases;
  std::vector<Sold> sold;
  WallTime now = WallTime(std::chrono::hours(24 * 365));
};

TEST(Certificate, NamesAWinnerThatIsBetterThanEveryOtherArm) {
  Stall stall(7, {0.05, 0.08, 0.05});
  bool certified = false;
  int minutes_taken = 0;
  while (!certified && minutes_taken < 60) {
    stall.pass(minutes(1), 20);
    certified = stall.ask(1);
    ++minutes_taken;
    EXPECT_EQ(certified, stall.certificate().log_e >= stall.certificate().log_threshold);
  }
  ASSERT_TRUE(certified);
  EXPECT_LT(minutes_taken, 30);
  EXPECT_EQ(stall.certificate().winner, "v2");
  EXPECT_NEAR(stall.certificate().log_threshold, std::log(3 / 0.05), 1e-12);
  EXPECT_TRUE(certificate_text(stall.certificate(), "v2").starts_with("certified: ")) << "for good";
  EXPECT_EQ(certificate_text(stall.certificate(), "v1"), "not certified");
  EXPECT_FALSE(stall.ask(1)) << "said once";
}

TEST(Certificate, NamesTheArmWithFewerWhereLessIsBetter) {
  Stall stall(8, {0.1, 0.05}, policy::Better::Lower);
  for (int i = 0; i < 20 && stall.certificate().winner.empty(); ++i) {
    stall.pass(minutes(1), 20);
    stall.ask(1);
  }
  EXPECT_EQ(stall.certificate().winner, "v2");
}

TEST(Certificate, IsRarelyWrongHoweverTheSharesChaseLuck) {
  // Both arms alike; nine of ten go to the one that looks better, and everybody asks about that one every half minute.
  int named = 0;
  constexpr int replications = 200;
  for (int seed = 1; seed <= replications; ++seed) {
    Stall stall(static_cast<std::uint64_t>(seed), {0.1, 0.1});
    for (int look = 0; look < 60; ++look) {
      stall.pass(seconds(30), 4);
      const std::size_t leader = stall.rate_of(1) > stall.rate_of(0) ? 1 : 0;
      named += stall.ask(leader) ? 1 : 0;
      stall.steer(leader == 1 ? std::vector{0.1, 0.9} : std::vector{0.9, 0.1});
    }
  }
  EXPECT_LE(named, replications / 20);
}

TEST(Certificate, IsNotFooledByRatesThatGrowTogetherWithAShare) {
  // In the evening everybody buys more, and by then v2 has most of the traffic: pooled, it looks five times as good.
  Stall stall(9, {0.02, 0.02});
  stall.steer({0.9, 0.1});
  stall.pass(minutes(20), 20);
  stall.ask(1);
  stall.rates = {0.2, 0.2};
  stall.steer({0.1, 0.9});
  for (int i = 0; i < 20; ++i) {
    stall.pass(minutes(1), 20);
    EXPECT_FALSE(stall.ask(1));
  }
  EXPECT_GT(stall.rate_of(1), 2 * stall.rate_of(0));
}

TEST(Certificate, CountsEveryPurchaseOnceHoweverOftenTheSharesMove) {
  Stall stall(10, {0.1, 0.1});
  for (int look = 0; look < 200; ++look) {
    const double share = 0.3 + 0.4 * static_cast<double>(look * 7 % 10) / 10;
    stall.steer({1 - share, share});
    stall.pass(seconds(20), 3);
    stall.ask(1);
  }
  EXPECT_LE(stall.certificate().shares.size(), 24U);
  EXPECT_LE(stall.certificate().settled.size(), 24U);
  for (std::size_t arm = 0; arm < 2; ++arm) {
    double events = 0;
    for (const auto& one : stall.certificate().settled) events += one.events[arm];
    for (const auto& row : stall.tables[arm].rows()) {
      for (const double converted : row.converted) events += converted;
    }
    EXPECT_DOUBLE_EQ(events, stall.purchases[arm]);
  }
}

TEST(Certificate, SaysTheSameAfterARestart) {
  Stall stall(15, {0.05, 0.07});
  for (int look = 0; look < 30; ++look) {
    stall.steer(look % 2 == 0 ? std::vector{0.3, 0.7} : std::vector{0.4, 0.6});
    stall.pass(seconds(20), 10);
    stall.ask(1);
  }
  const double before = stall.certificate().log_e;
  stall.restart();
  stall.ask(1);
  EXPECT_DOUBLE_EQ(stall.certificate().log_e, before);
}

TEST(Certificate, IsNotGivenWhereSharesAreUnknownOrUsersStick) {
  Stall late(11, {0.05, 0.2});
  late.state.experiment = {};
  late.now += minutes(5);
  late.steer({0.5, 0.5});
  late.pass(minutes(10), 20);
  EXPECT_FALSE(late.ask(1)) << "nobody knows by which shares it was drawn in the first five minutes";

  Stall back(12, {0.05, 0.2});
  back.now -= minutes(1);
  back.steer({0.4, 0.6});
  back.pass(minutes(10), 20);
  EXPECT_FALSE(back.ask(1)) << "the clock went back";

  Stall sticky(13, {0.05, 0.2});
  sticky.route.unit.source = policy::UnitSource::Header;
  EXPECT_FALSE(can_certify(sticky.bandit, sticky.route));
  Stall numbers(14, {0.05, 0.2});
  numbers.route.outcomes[0].type = policy::OutcomeType::Value;
  EXPECT_FALSE(can_certify(numbers.bandit, numbers.route));
  numbers.bandit.reward.clear();
  EXPECT_FALSE(can_certify(numbers.bandit, numbers.route));
}

// ---- the bandit

using BuyingRig = Rig<policy::Bandit>;

BuyingRig buying(bool certified) {
  policy::Bandit bandit;
  bandit.arms = {"v1", "v2"};
  BuyingRig made(bandit, {"v1", "v2"});
  made.spec.reward = "purchase";
  made.spec.stop_when.emplace().certified = certified;
  made.route.unit = {};
  made.route.outcomes = {bought()};
  made.restart_rollout();
  return made;
}

/// So many decisions of both arms by their shares and with exactly these rates, and a look.
void sell(BuyingRig& rig, std::vector<stats::DelayTable>& tables, double decisions) {
  const double at = std::chrono::duration<double>(rig.now.time_since_epoch()).count();
  for (std::size_t i = 0; i < 2; ++i) {
    auto& version = rig.version(i == 0 ? "v1" : "v2");
    version.share = rig.state.arms[i].share;
    const double mine = decisions * version.share;
    tables[i].add_decisions(at, mine);
    const double events = std::floor(tables[i].decisions() * (i == 0 ? 0.05 : 0.07)) - tables[i].conversions();
    tables[i].add_conversion(at, 1, 1, events);
    version.assigned += static_cast<std::uint64_t>(std::llround(mine));
    version.all.requests = version.assigned;
    if (version.outcomes.empty()) version.outcomes.emplace_back().name = "purchase";
    version.outcomes[0].delays = std::make_shared<const stats::DelayTable>(tables[i]);
  }
  rig.tick(seconds(10));
}

int looks_until_promoted(bool certified, std::string* message = nullptr) {
  auto rig = buying(certified);
  std::vector<stats::DelayTable> tables(2, stats::DelayTable(120));
  int looks = 0;
  while (!is_over(rig.state.phase) && looks < 2000) {
    sell(rig, tables, 500);
    ++looks;
  }
  EXPECT_EQ(rig.where(), "Promoted/WinnerFound") << rig.state.message;
  EXPECT_EQ(rig.state.winner, "v2");
  EXPECT_EQ(rig.told("WinnerCertified"), certified ? 1 : 0);
  if (message != nullptr) *message = rig.state.message;
  return looks;
}

TEST(BanditCertificate, IsWaitedForWhereThePolicyAsksForIt) {
  std::string likely;
  std::string certain;
  const int soon = looks_until_promoted(false, &likely);
  const int later = looks_until_promoted(true, &certain);
  EXPECT_GT(later, soon);
  EXPECT_LT(later, 2000);
  EXPECT_NE(likely.find("(Bayesian); not certified, E "), std::string::npos) << likely;
  EXPECT_NE(certain.find("; certified: the chance of another arm being as good was below 5%"), std::string::npos)
      << certain;
}

TEST(BanditSplit, ThatIsBrokenDecidesNothing) {
  auto rig = buying(false);
  rig.spec.stop_when->min_duration = minutes(5);
  std::vector<stats::DelayTable> tables(2, stats::DelayTable(120));
  for (int look = 0; look < 40; ++look) {
    sell(rig, tables, 500);
    // Of the better arm's requests half vanish.
    rig.version("v2").assigned -= static_cast<std::uint64_t>(std::llround(250 * rig.version("v2").share));
  }
  EXPECT_EQ(rig.where(), "Progressing/SampleRatioMismatch");
  EXPECT_TRUE(is_split_broken(rig.state));
  EXPECT_GE(rig.told("SampleRatioMismatch"), 1);
  EXPECT_NE(rig.say(Verb::Promote), "") << "refused with the reason";
  const double share = rig.share("v2");
  for (int look = 0; look < 20; ++look) sell(rig, tables, 500);
  EXPECT_EQ(rig.share("v2"), share) << "shares stay";
  EXPECT_EQ(rig.say(Verb::Promote, true), "") << "a person may know better";
}

TEST(BanditSplit, ThatMovesAllTheTimeIsNoMismatch) {
  auto rig = buying(false);
  rig.spec.stop_when.reset();
  std::vector<stats::DelayTable> tables(2, stats::DelayTable(120));
  for (int look = 0; look < 200; ++look) sell(rig, tables, 2000);
  EXPECT_GT(rig.share("v2"), 0.9);
  EXPECT_FALSE(is_split_doubtful(rig.state)) << split_text(*rig.state.split);
  EXPECT_FALSE(rig.state.split.empty()) << "it was looked at";
}

}  // namespace
}  // namespace sluice::strategy
