// Outcomes come late: they are weighed by the shares of the time when their decisions were made.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "checks.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr double window_seconds = 3600;
const WallTime some_noon{hours(500'000)};

policy::Outcome late_click() {
  policy::Outcome outcome;
  outcome.name = "click";
  outcome.attribution_window = hours(1);
  return outcome;
}

/// What one version's ledger holds of its clicks.
class Ledger {
 public:
  void decide(double at, std::uint64_t count) {
    table_.add_decisions(at, static_cast<double>(count));
    seen_.decisions += count;
  }
  void click(double decided, double delay, std::uint64_t count) {
    table_.add_conversion(decided, delay, 1, static_cast<double>(count));
    seen_.reports += count;
    seen_.events += count;
    seen_.sum = seen_.sum_squares = static_cast<double>(seen_.events);
  }
  const stats::DelayTable& table() const { return table_; }
  OutcomeEvidence evidence(bool with_delays = true) const {
    auto made = seen_;
    made.name = "click";
    if (with_delays) made.delays = std::make_shared<stats::DelayTable>(table_);
    return made;
  }

 private:
  stats::DelayTable table_{window_seconds};
  OutcomeEvidence seen_;
};

/// A candidate and stable, compared by their clicks again and again.
struct LateClicks {
  explicit LateClicks(double share) {
    route.outcomes = {late_click()};
    world.window = world.counters = 1;
    world.versions.resize(2);
    draw(share);
  }
  void draw(double share) {
    world.versions[0].share = share > 0 ? 1 - share : 0;
    world.versions[1].share = share;
  }
  void decide(double at, std::uint64_t of_candidate, std::uint64_t of_stable) {
    candidate.decide(at, of_candidate);
    stable.decide(at, of_stable);
  }
  void click(double decided, std::uint64_t of_candidate, std::uint64_t of_stable) {
    candidate.click(decided, 1800, of_candidate);
    stable.click(decided, 1800, of_stable);
  }
  Finding look(bool with_delays = true) {
    world.versions[0].outcomes = {stable.evidence(with_delays)};
    world.versions[1].outcomes = {candidate.evidence(with_delays)};
    auto subject = subject_of(world.versions[1], world.versions[0], world, route, "k");
    subject.stable = &world.versions[0].all;
    return judge_check(check, analysis, gathered, subject, 0, some_noon);
  }

  policy::Check check = no_worse_by_part("click", 0.1);
  policy::Analysis analysis;
  policy::ModelRoute route;
  Evidence world;
  CheckEvidence gathered;
  Ledger candidate;
  Ledger stable;
};

TEST(LateOutcomes, OfBeforeTheSharesMovedAreWeighedByTheSharesOfThen) {
  LateClicks bandit(0);
  bandit.decide(100'000, 3000, 3000);
  bandit.look();
  bandit.decide(101'000, 9000, 1000);
  bandit.look();
  bandit.click(100'000, 150, 150);
  const auto found = bandit.look();
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
  EXPECT_LT(found.proof.log_e, 0.5) << "as many of as many";
}

TEST(LateOutcomes, StillGiveAWorseOneAwayAfterTheSharesMoved) {
  LateClicks bandit(0);
  bandit.decide(100'000, 3000, 3000);
  bandit.look();
  bandit.decide(101'000, 9000, 1000);
  bandit.look();
  bandit.click(100'000, 75, 150);
  bandit.click(101'000, 225, 50);
  EXPECT_EQ(bandit.look().verdict, Verdict::Fail);
}

TEST(LateOutcomes, OfACanaryThatGrowsWithinAWindowAreNoEvidenceAgainstIt) {
  LateClicks canary(0.05);
  canary.decide(100'000, 500, 9500);
  canary.look();
  canary.draw(0.5);
  canary.decide(101'000, 500, 500);
  canary.look();
  canary.click(100'000, 25, 475);
  const auto found = canary.look();
  EXPECT_NE(found.verdict, Verdict::Fail) << found.message;
  EXPECT_LT(found.proof.log_e, 0.5);
}

TEST(LateOutcomes, AreWeighedByTheShareThatIsDrawnWhileItStays) {
  LateClicks canary(0.05);
  canary.decide(100'000, 600, 9400);
  canary.click(100'000, 25, 475);
  canary.look();
  EXPECT_DOUBLE_EQ(canary.gathered.share, 0.05);
}

TEST(LateOutcomes, LookedAtOftenSayWhatTheySayAtOnce) {
  LateClicks often(0);
  LateClicks once(0);
  for (int step = 0; step < 20; ++step) {
    const double at = 100'000 + 60.0 * step;
    const std::uint64_t of_candidate = 100 + 40 * static_cast<std::uint64_t>(step);
    for (auto* one : {&often, &once}) {
      one->decide(at, of_candidate, 1000 - of_candidate);
      one->click(at, of_candidate / 25, (1000 - of_candidate) / 20);
    }
    often.look();
  }
  once.look();
  EXPECT_NEAR(often.look().proof.log_e, once.look().proof.log_e, 1e-6);
  EXPECT_NEAR(often.gathered.share, once.gathered.share, 1e-9);
  EXPECT_EQ(often.gathered.candidate, 9600u);
}

TEST(LateOutcomes, AreNotCountedAgainAfterARestart) {
  LateClicks canary(0.5);
  canary.decide(100'000, 5000, 5000);
  canary.click(100'000, 220, 250);
  const double before = canary.look().proof.log_e;
  for (int restart = 0; restart < 5; ++restart) {
    ++canary.world.counters;
    canary.look();
  }
  EXPECT_NEAR(canary.look().proof.log_e, before, 1e-6);
  EXPECT_EQ(canary.gathered.candidate, 5000u);
}

TEST(LateOutcomes, WithoutTheirTimeAreWeighedByTheDecisionsOfTheWholeWindow) {
  LateClicks bandit(0);
  bandit.decide(100'000, 3000, 3000);
  bandit.look(false);
  bandit.decide(101'000, 9000, 1000);
  bandit.click(101'000, 600, 200);
  bandit.look(false);
  EXPECT_DOUBLE_EQ(bandit.gathered.share, 0.75);
  EXPECT_LT(bandit.look(false).proof.log_e, 0.5);
}

TEST(LateOutcomes, OfAnotherWindowAddUp) {
  LateClicks canary(0.5);
  canary.decide(100'000, 3000, 3000);
  canary.click(100'000, 100, 150);
  const double before = canary.look().proof.log_e;
  ++canary.world.window;
  canary.candidate = canary.stable = {};
  canary.decide(105'000, 3000, 3000);
  canary.click(105'000, 100, 150);
  EXPECT_GT(canary.look().proof.log_e, before + 1);
  EXPECT_EQ(canary.gathered.candidate, 6000u);
}

TEST(LateOutcomes, DropNoArmOfABanditWhoseShareGrew) {
  policy::Bandit spec;
  spec.arms = {"v1", "v2"};
  spec.guardrails = {no_worse_by_part("click", 0.1)};
  Rig<policy::Bandit> bandit(spec, {"v1", "v2"});
  bandit.route.outcomes = {late_click()};
  Ledger v1;
  Ledger v2;
  const auto tick = [&] {
    bandit.version("v1").outcomes = {v1.evidence()};
    bandit.version("v2").outcomes = {v2.evidence()};
    bandit.tick(minutes(1));
  };
  const auto now = [&] { return std::chrono::duration<double>(bandit.now.time_since_epoch()).count(); };
  const double first = now();
  bandit.serve("v1", 3000, 600);
  bandit.serve("v2", 3000, 30);
  v1.decide(first, 3000);
  v2.decide(first, 3000);
  tick();
  ASSERT_GT(bandit.share("v2"), 0.9);
  bandit.serve("v1", 100, 20);
  bandit.serve("v2", 9900, 99);
  v1.decide(now(), 100);
  v2.decide(now(), 9900);
  tick();
  v1.click(first, 60, 150);
  v2.click(first, 60, 150);
  tick();
  EXPECT_EQ(bandit.told("ArmDropped"), 0) << bandit.state.arms[1].reason;
  EXPECT_FALSE(bandit.state.arms[1].dropped);
}

}  // namespace
}  // namespace sluice::strategy
