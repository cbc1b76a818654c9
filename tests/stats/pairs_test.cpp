#include "sluice/stats/pairs.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

TEST(Pairs, OfIdenticalModelsCertifyOnePercentAfterFewHundred) {
  const auto needed = pairs_to_certify(0.01, 0.05);
  EXPECT_LE(needed, 380U);
  EXPECT_GE(needed, 299U);  // the least that any test could: 0.99^n ≤ 5 %
  EXPECT_GE(log_e_agreement({needed, 0}, 0.01), std::log(20));
  EXPECT_LT(log_e_agreement({needed - 1, 0}, 0.01), std::log(20));
  EXPECT_GT(pairs_to_certify(0.001, 0.05), 2990U);
}

TEST(Pairs, GatherEvidenceOnTheSideTheyAreOn) {
  EXPECT_GT(log_e_agreement({5000, 10}, 0.01), std::log(20));
  EXPECT_LT(log_e_disagreement({5000, 10}, 0.01), 0);
  EXPECT_GT(log_e_disagreement({1000, 40}, 0.01), std::log(20));
  EXPECT_LT(log_e_agreement({1000, 40}, 0.01), 0);
  for (std::uint64_t k = 0; k < 50; ++k) {
    EXPECT_GT(log_e_disagreement({1000, k + 1}, 0.01), log_e_disagreement({1000, k}, 0.01));
    EXPECT_LT(log_e_agreement({1000, k + 1}, 0.01), log_e_agreement({1000, k}, 0.01));
  }
}

TEST(Pairs, KeepBothPromisesAtTheLimit) {
  Random random(51);
  constexpr int runs = 600;
  int certified = 0;
  int alarmed = 0;
  for (int run = 0; run < runs; ++run) {
    PairCounts seen;
    bool below = false;
    bool above = false;
    while (seen.pairs < 4000) {
      ++seen.pairs;
      seen.disagreements += random.uniform() < 0.01 ? 1 : 0;
      below = below || log_e_agreement(seen, 0.01) >= std::log(20);
      above = above || log_e_disagreement(seen, 0.01) >= std::log(20);
    }
    certified += below ? 1 : 0;
    alarmed += above ? 1 : 0;
  }
  // A standard error is 0.9 %.
  EXPECT_LE(certified, runs * 7 / 100);
  EXPECT_LE(alarmed, runs * 7 / 100);
  EXPECT_GE(certified, runs / 100);
  EXPECT_GE(alarmed, runs / 100);
}

TEST(DiscordantPairs, SayWhoIsRightMoreOften) {
  EXPECT_EQ(log_e_discordant(0, 0), 0);
  EXPECT_LT(log_e_discordant(50, 50), 0);
  EXPECT_GT(log_e_discordant(70, 30), std::log(20));
  EXPECT_NEAR(log_e_discordant(30, 70), log_e_discordant(70, 30), 1e-9);
}

TEST(Pairs, NeverAnswerWithoutANumber) {
  for (const double limit : {0.0, 1e-12, 0.5, 1 - 1e-12, 1.0, std::nan("")}) {
    for (const PairCounts seen : {PairCounts{}, PairCounts{1, 0}, PairCounts{1, 5}, PairCounts{1'000'000'000, 3}}) {
      EXPECT_TRUE(std::isfinite(log_e_agreement(seen, limit)));
      EXPECT_TRUE(std::isfinite(log_e_disagreement(seen, limit)));
    }
  }
  EXPECT_TRUE(std::isfinite(log_e_discordant(1'000'000'000, 0)));
}

}  // namespace
}  // namespace sluice::stats
