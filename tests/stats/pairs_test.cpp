#include "sluice/stats/pairs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/combine.hpp"

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

/// The mixture of likelihood ratios, written out.
double log_mixture_by_hand(double apart, double alike, double limit, const std::vector<double>& rates) {
  std::vector<double> terms;
  for (const double rate : rates)
    terms.push_back(apart * std::log(rate / limit) + alike * std::log((1 - rate) / (1 - limit)));
  return log_mean_e(terms);
}

TEST(WeightedPairs, OfWeightOneAreTheBinomialMixtures) {
  for (const double limit : {0.001, 0.01, 0.2, 0.9}) {
    std::vector<double> below;
    for (const double part : {0.02, 0.1, 0.25, 0.5}) below.push_back(part * limit);
    std::vector<double> above;
    for (const double odds : {1.25, 1.6, 2.0, 2.8, 4.0, 7.0, 12.0, 20.0})
      above.push_back(odds * limit / (odds * limit + 1 - limit));
    for (const WeightedPairs seen : {WeightedPairs{1, 400, 0}, WeightedPairs{1, 400, 7}, WeightedPairs{1, 30, 30}}) {
      const auto apart = static_cast<double>(seen.disagreements);
      const auto alike = static_cast<double>(seen.pairs - seen.disagreements);
      const double scale = 1 + apart + alike;
      EXPECT_NEAR(log_e_agreement(std::array{seen}, limit), log_mixture_by_hand(apart, alike, limit, below),
                  1e-12 * scale);
      EXPECT_NEAR(log_e_disagreement(std::array{seen}, limit), log_mixture_by_hand(apart, alike, limit, above),
                  1e-12 * scale);
      EXPECT_EQ(log_e_agreement(std::array{seen}, limit), log_e_agreement({seen.pairs, seen.disagreements}, limit));
      EXPECT_EQ(log_e_disagreement(std::array{seen}, limit),
                log_e_disagreement({seen.pairs, seen.disagreements}, limit));
    }
  }
}

TEST(WeightedPairs, CountForWhatTheyStandFor) {
  // A rare segment that is copied twenty times as often differs in every tenth pair, the others never: 0.5 % in all.
  const std::array<WeightedPairs, 2> seen = {{{1, 4000, 0}, {0.05, 4000, 400}}};
  EXPECT_GT(log_e_agreement(seen, 0.01), std::log(20));
  EXPECT_LT(log_e_disagreement(seen, 0.01), 0);
  const std::array<WeightedPairs, 1> unweighted = {{{1, 8000, 400}}};
  EXPECT_GT(log_e_disagreement(unweighted, 0.01), std::log(20)) << "what a plain count would have said";
  // Entries of one weight add up, and nothing else matters.
  const std::array<WeightedPairs, 3> apart = {{{0.05, 1000, 150}, {1, 4000, 0}, {0.05, 3000, 250}}};
  EXPECT_NEAR(log_e_agreement(apart, 0.01), log_e_agreement(seen, 0.01), 1e-9);
}

TEST(WeightedPairs, LeaveOutWeightsThatAreNone) {
  const std::array<WeightedPairs, 1> good = {{{1, 100, 3}}};
  for (const double weight : {0.0, -1.0, 1.5, std::nan("")}) {
    const std::array<WeightedPairs, 2> both = {{{1, 100, 3}, {weight, 50, 50}}};
    EXPECT_EQ(log_e_agreement(both, 0.01), log_e_agreement(good, 0.01));
    EXPECT_EQ(log_e_disagreement(both, 0.01), log_e_disagreement(good, 0.01));
    EXPECT_EQ(disagreement_confidence(both, 0.05).upper, disagreement_confidence(good, 0.05).upper);
  }
}

TEST(DisagreementConfidence, HoldsTheShareAndShrinks) {
  double width = 1;
  for (const std::uint64_t n : {100U, 1000U, 10'000U, 100'000U, 1'000'000U}) {
    const std::array<WeightedPairs, 1> seen = {{{1, n, n / 50}}};
    const auto found = disagreement_confidence(seen, 0.05);
    EXPECT_LT(found.lower, 0.02);
    EXPECT_GT(found.upper, 0.02);
    EXPECT_LT(found.upper - found.lower, width * 0.6) << n;
    width = found.upper - found.lower;
  }
  EXPECT_LT(width, 0.0025) << "a million pairs";
}

TEST(DisagreementConfidence, EndsWhereOneSideRejects) {
  const std::array<WeightedPairs, 1> none = {{{1, 400, 0}}};
  EXPECT_EQ(disagreement_confidence(none, 0.05).lower, 0);
  EXPECT_LT(disagreement_confidence(none, 0.05).upper, 0.0135);
  EXPECT_GT(disagreement_confidence(none, 0.05).upper, 0.0092) << "Clopper and Pearson, one look";
  const std::array<WeightedPairs, 1> all = {{{1, 400, 400}}};
  EXPECT_GT(disagreement_confidence(all, 0.05).lower, 0.5);
  EXPECT_EQ(disagreement_confidence(all, 0.05).upper, 1);
  EXPECT_EQ(disagreement_confidence({}, 0.05).lower, 0);
  EXPECT_EQ(disagreement_confidence({}, 0.05).upper, 1);
  const std::array<WeightedPairs, 1> one = {{{1, 1, 1}}};
  EXPECT_LE(disagreement_confidence(one, 0.05).lower, 0.05);
}

TEST(PairedEvents, AreJudgedByThePairsInWhichTheyDiffer) {
  const std::array<DiscordantPairs, 1> worse = {{{1, 2000, 12, 1}}};
  EXPECT_GT(log_e_paired_above(worse, 0), std::log(20));
  EXPECT_LT(log_e_paired_above(worse, 0.01), 0) << "not by a whole point";
  EXPECT_GT(log_e_paired_below(worse, 0.02), std::log(20));
  const std::array<DiscordantPairs, 1> alike = {{{1, 2000, 6, 7}}};
  EXPECT_LT(log_e_paired_above(alike, 0), std::log(2));
  EXPECT_LT(log_e_paired_below(alike, 0), std::log(2));
  EXPECT_GT(log_e_paired_below(alike, 0.01), std::log(20));
  EXPECT_NEAR(paired_estimate(worse), 11.0 / 2000, 1e-15);
}

TEST(PairedEvents, SayTheSameOfBothVersionsExchanged) {
  const std::array<DiscordantPairs, 2> seen = {{{1, 900, 12, 5}, {0.25, 400, 3, 9}}};
  std::array<DiscordantPairs, 2> exchanged = seen;
  for (auto& entry : exchanged) std::swap(entry.only_candidate, entry.only_stable);
  for (const double margin : {-0.3, 0.0, 0.01, 0.5}) {
    EXPECT_NEAR(log_e_paired_above(seen, margin), log_e_paired_below(exchanged, -margin), 1e-12);
  }
  const auto there = paired_difference(seen, 0.05);
  const auto back = paired_difference(exchanged, 0.05);
  EXPECT_NEAR(there.lower, -back.upper, 1e-8);
  EXPECT_NEAR(there.upper, -back.lower, 1e-8);
}

TEST(PairedEvents, HearNothingOfWhatHappenedToBothWhereNoMarginIsAllowed) {
  const std::array<DiscordantPairs, 1> few = {{{1, 10, 6, 1}}};
  const std::array<DiscordantPairs, 1> many = {{{1, 1'000'000, 6, 1}}};
  EXPECT_EQ(log_e_paired_above(few, 0), log_e_paired_above(many, 0));
}

TEST(PairedDifference, HoldsTheEstimateAndShrinks) {
  double width = 2;
  for (const std::uint64_t n : {100U, 1000U, 10'000U, 100'000U, 1'000'000U}) {
    const std::array<DiscordantPairs, 1> seen = {{{1, n, n * 3 / 100, n / 100}}};
    const auto found = paired_difference(seen, 0.05);
    EXPECT_LT(found.lower, 0.02);
    EXPECT_GT(found.upper, 0.02);
    EXPECT_LT(found.upper - found.lower, width * 0.6) << n;
    width = found.upper - found.lower;
  }
  EXPECT_LT(width, 0.0025) << "a million pairs";
  EXPECT_EQ(paired_difference({}, 0.05).lower, -1);
  EXPECT_EQ(paired_difference({}, 0.05).upper, 1);
}

TEST(PairedMean, OfOneStratumIsThatOfItsValues) {
  Random random(5);
  Moments values;
  for (int i = 0; i < 500; ++i) values.add(random.uniform() - 0.3);
  const auto mean = paired_mean(std::array{values}, std::array{1.0});
  EXPECT_NEAR(mean.mean, values.mean, 1e-12);
  EXPECT_NEAR(mean.variance, values.variance(), 1e-12);
  EXPECT_EQ(mean.pairs, 500U);
  EXPECT_EQ(mean.events, 500U);
  const auto found = paired_mean_confidence(mean, 0.05, 500);
  const auto plain = mean_confidence(values, 0.05, 500);
  ASSERT_TRUE(found && plain);
  EXPECT_NEAR(found->lower, plain->lower, 1e-12);
  EXPECT_NEAR(found->upper, plain->upper, 1e-12);
  EXPECT_GT(log_e_paired_mean_above(mean, 0, 500), std::log(20));
  EXPECT_LT(log_e_paired_mean_above(mean, 0.2, 500), 0.5);
}

TEST(PairedMean, WeighsWhatWasCopiedMoreOftenBack) {
  // Of all requests 90 % differ by 1 and 10 % by 11: 2 on average. The latter are copied nine times as often.
  Random random(6);
  Moments usual;
  Moments rare;
  for (int i = 0; i < 5000; ++i) usual.add(1 + random.uniform() - 0.5);
  for (int i = 0; i < 5000; ++i) rare.add(11 + random.uniform() - 0.5);
  const auto mean = paired_mean(std::array{usual, rare}, std::array{1.0, 1.0 / 9});
  EXPECT_NEAR(mean.mean, 2, 0.02);
  // By hand: Σ w² (x − mean)² / (Σ w)² · n.
  const double squares = 5000 * (1.0 / 12 + 1) + 5000 * (1.0 / 12 + 81) / 81;
  const double weight = 5000 + 5000 / 9.0;
  EXPECT_NEAR(mean.variance, squares / (weight * weight) * 10'000, 0.05);
}

TEST(PairedMean, SaysNothingOfTooLittle) {
  Moments few;
  for (int i = 0; i < 99; ++i) few.add(i);
  EXPECT_FALSE(paired_mean_confidence(paired_mean(std::array{few}, std::array{1.0}), 0.05, 100));
  EXPECT_EQ(log_e_paired_mean_above(paired_mean(std::array{few}, std::array{1.0}), -100, 100), 0);
  Moments alike;
  for (int i = 0; i < 1000; ++i) alike.add(i < 39 ? 1 : 0);
  EXPECT_FALSE(paired_mean_confidence(paired_mean(std::array{alike}, std::array{1.0}), 0.05, 100));
  const auto nothing = paired_mean({}, {});
  EXPECT_EQ(nothing.pairs, 0U);
  EXPECT_EQ(nothing.mean, 0);
  const auto no_weight = paired_mean(std::array{alike}, std::array{std::nan("")});
  EXPECT_EQ(no_weight.pairs, 0U);
}

TEST(WeightedPairs, NeverAnswerWithoutANumber) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 60;
  for (const double limit : {0.0, 1e-300, 1e-12, 0.5, 1 - 1e-12, 1.0, -1.0, std::nan("")}) {
    for (const double weight : {1e-9, 0.5, 1.0}) {
      for (const WeightedPairs seen : {WeightedPairs{weight, 0, 0}, WeightedPairs{weight, huge, 0},
                                       WeightedPairs{weight, huge, huge}, WeightedPairs{weight, 1, 5}}) {
        EXPECT_TRUE(std::isfinite(log_e_agreement(std::array{seen}, limit))) << limit << " " << weight;
        EXPECT_TRUE(std::isfinite(log_e_disagreement(std::array{seen}, limit))) << limit << " " << weight;
        const auto found = disagreement_confidence(std::array{seen}, 0.05);
        EXPECT_TRUE(found.lower >= 0 && found.lower <= found.upper && found.upper <= 1) << weight;
      }
      for (const DiscordantPairs seen : {DiscordantPairs{weight, 0, 0, 0}, DiscordantPairs{weight, huge, 0, 0},
                                         DiscordantPairs{weight, huge, huge, 0}, DiscordantPairs{weight, huge, 0, huge},
                                         DiscordantPairs{weight, 1, 5, 5}}) {
        for (const double margin : {limit, -limit}) {
          EXPECT_TRUE(std::isfinite(log_e_paired_above(std::array{seen}, margin))) << margin << " " << weight;
          EXPECT_TRUE(std::isfinite(log_e_paired_below(std::array{seen}, margin))) << margin << " " << weight;
        }
        const auto found = paired_difference(std::array{seen}, 0.05);
        EXPECT_TRUE(found.lower >= -1 && found.lower <= found.upper && found.upper <= 1) << weight;
        EXPECT_TRUE(std::isfinite(paired_estimate(std::array{seen})));
      }
    }
  }
  EXPECT_EQ(log_e_paired_above(std::array{DiscordantPairs{1, 100, 50, 0}}, -1), 0);
  EXPECT_EQ(log_e_paired_below(std::array{DiscordantPairs{1, 100, 50, 0}}, 1), 0);
}

}  // namespace
}  // namespace sluice::stats
