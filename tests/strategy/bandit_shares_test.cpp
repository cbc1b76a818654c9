#include "sluice/strategy/bandit_shares.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"
#include "samples.hpp"

namespace sluice::strategy {
namespace {

ArmState arm(std::uint64_t successes, std::uint64_t failures, bool dropped = false) {
  ArmState made;
  made.successes = successes;
  made.failures = failures;
  made.dropped = dropped;
  made.tallies.resize(3);
  made.tallies[0].n = static_cast<double>(successes + failures);
  made.tallies[0].sum = made.tallies[0].squares = static_cast<double>(successes);
  return made;
}

BanditView viewed(const std::vector<ArmState>& arms, double minimum_share) {
  policy::Bandit bandit;
  bandit.minimum_share = Ratio{minimum_share};
  return view_of(bandit, route_with({"v1", "v2", "v3"}), arms);
}

// ---- counting

TEST(Absorb, AddsWhatIsNew) {
  ArmState one;
  EXPECT_TRUE(absorb(one, sample_of(100, 10), 7));
  EXPECT_TRUE(absorb(one, sample_of(150, 12), 7));
  EXPECT_EQ(one.successes, 138u);
  EXPECT_EQ(one.failures, 12u);
}

TEST(Absorb, IsTheSameHoweverOftenItIsRepeatedOrMissed) {
  ArmState often;
  ArmState once;
  for (std::uint64_t n = 1; n <= 50; ++n) {
    absorb(often, sample_of(n * 10, n), 7);
    EXPECT_FALSE(absorb(often, sample_of(n * 10, n), 7));
  }
  absorb(once, sample_of(500, 50), 7);
  EXPECT_EQ(often, once);
}

TEST(Absorb, KeepsItsTotalsOverARestart) {
  ArmState one;
  absorb(one, sample_of(1000, 100), 7);
  EXPECT_FALSE(absorb(one, {}, 8)) << "the new process has not counted anything";
  absorb(one, sample_of(30, 3), 8);
  EXPECT_EQ(one.successes, 927u);
  EXPECT_EQ(one.failures, 103u);
}

TEST(Absorb, KnowsARestartAlsoWhenTheNewCountersHaveOvertakenTheOldOnes) {
  ArmState one;
  absorb(one, sample_of(100, 10), 7);
  absorb(one, sample_of(5000, 500), 8);
  EXPECT_EQ(one.successes, 4590u);
  EXPECT_EQ(one.failures, 510u);
}

TEST(Absorb, KnowsARestartByCountersThatWentBackWhereTheyHaveNoName) {
  ArmState one;
  absorb(one, sample_of(100, 10), 0);
  absorb(one, sample_of(20, 2), 0);
  EXPECT_EQ(one.successes, 108u);
  EXPECT_EQ(one.failures, 12u);
}

TEST(Absorb, DoesNotTakeMissingEvidenceForARestart) {
  // A tick without samples lies between two with them: nothing may be counted twice.
  ArmState one;
  absorb(one, sample_of(100, 10), 7);
  EXPECT_FALSE(absorb(one, {}, 0));
  absorb(one, sample_of(120, 10), 7);
  EXPECT_EQ(one.successes, 110u);
  EXPECT_EQ(one.failures, 10u);
}

TEST(Absorb, DoesNotTakeAFailureThatIsReadAfterItsRequestForARestart) {
  ArmState one;
  absorb(one, sample_of(100, 5), 7);  // one of the failures is not there yet
  EXPECT_TRUE(absorb(one, sample_of(100, 6), 7));
  EXPECT_EQ(one.successes, 94u);
  EXPECT_EQ(one.failures, 6u);
}

// ---- shares

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

TEST(BanditView, GivesAnArmAnEqualShareUntilItHasAHundred) {
  const auto all = viewed({arm(50, 10), arm(99, 0), arm(50, 40)}, 0.01);
  EXPECT_TRUE(all.exploring);
  for (const double share : all.share) EXPECT_NEAR(share, 1.0 / 3, 1e-9);
  const auto one = viewed({arm(5000, 10), arm(99, 0), arm(500, 400)}, 0.01);
  EXPECT_TRUE(one.exploring);
  EXPECT_NEAR(one.share[1], 0.99 / 3, 1e-9) << "a new arm, which gives its part of the last one's floor";
  EXPECT_GT(one.share[0], 0.6) << "beside what is known of the others";
  EXPECT_FALSE(viewed({arm(5000, 10), arm(100, 0), arm(500, 400)}, 0.01).exploring);
}

TEST(BanditView, FollowsTheProbabilityOfBeingBestAboveTheFloor) {
  const auto view = viewed({arm(900, 100), arm(950, 50)}, 0.05);
  EXPECT_EQ(view.leader, 1u);
  EXPECT_GT(view.probability_best[1], 0.999);
  EXPECT_DOUBLE_EQ(view.share[0], 0.05) << "the floor is the least, and nothing beside";
  EXPECT_NEAR(sum(view.share), 1, 1e-12);
  const auto open = viewed({arm(900, 100), arm(905, 95)}, 0.05);
  EXPECT_NEAR(open.share[0], open.probability_best[0], 1e-12);
}

TEST(BanditView, LeavesDroppedArmsAtTheFloor) {
  const auto view = viewed({arm(900, 100), arm(999, 1, true), arm(850, 150)}, 0.02);
  EXPECT_DOUBLE_EQ(view.share[1], 0.02);
  EXPECT_EQ(view.probability_best[1], 0);
  EXPECT_EQ(view.leader, 0u);
  EXPECT_NEAR(sum(view.share), 1, 1e-12);
  // Nor does a dropped arm that never got its hundred keep the others from beginning.
  EXPECT_FALSE(viewed({arm(900, 100), arm(3, 30, true)}, 0.02).exploring);
}

TEST(BanditView, HasNoMoreFloorThanThereIsTraffic) {
  const auto view = viewed({arm(900, 100), arm(100, 900)}, 0.5);
  EXPECT_DOUBLE_EQ(view.share[0], 0.5);
  EXPECT_DOUBLE_EQ(view.share[1], 0.5);
  EXPECT_NEAR(sum(viewed({arm(1, 1), arm(1, 1), arm(1, 1)}, 0.5).share), 1, 1e-12);
}

}  // namespace
}  // namespace sluice::strategy
