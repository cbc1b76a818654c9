#include "sluice/stats/relative_risk.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

RelativeRisk seen(std::uint64_t candidate, std::uint64_t stable, double share, RiskPrior prior = RiskPrior::Guardrail) {
  RelativeRisk risk(prior);
  risk.add(share, candidate, candidate + stable);
  return risk;
}

struct Look {
  double share;
  std::uint64_t candidate;
  std::uint64_t events;
};

std::vector<Look> looks_of(Random& random, std::size_t count, std::size_t shares) {
  std::vector<Look> looks;
  for (std::size_t i = 0; i < count; ++i) {
    const double share = 0.02 + 0.9 * static_cast<double>(random.below(shares)) / static_cast<double>(shares);
    const std::uint64_t events = random.below(30);
    looks.push_back({share, random.below(events + 1), events});
  }
  return looks;
}

TEST(RelativeRisk, HasTheKnownEvidence) {
  EXPECT_NEAR(seen(5, 20, 0.05).log_e(), 2.623293, 1e-6);
  EXPECT_NEAR(seen(10, 50, 0.05).log_e(), 4.247526, 1e-6);
  EXPECT_NEAR(seen(3, 0, 0.05).log_e(), 5.397198, 1e-6);
  EXPECT_NEAR(seen(60, 40, 0.5).log_e(), 0.208588, 1e-6);
  EXPECT_NEAR(seen(12, 100, 0.05).log_e(), 1.563004, 1e-6);
}

TEST(RelativeRisk, NeedsTheKnownNumberOfCandidateErrors) {
  constexpr std::array<std::uint64_t, 8> stable = {0, 1, 2, 5, 10, 20, 50, 100};
  const auto needed = [&](double share) {
    std::vector<std::uint64_t> found;
    for (const auto others : stable) {
      std::uint64_t candidate = 0;
      while (seen(candidate, others, share).log_e() < std::log(20)) ++candidate;
      found.push_back(candidate);
    }
    return found;
  };
  EXPECT_EQ(needed(0.05), (std::vector<std::uint64_t>{2, 3, 3, 3, 4, 6, 9, 14}));
  EXPECT_EQ(needed(0.25), (std::vector<std::uint64_t>{4, 5, 6, 8, 12, 18, 34, 58}));
  EXPECT_EQ(needed(0.5), (std::vector<std::uint64_t>{6, 9, 12, 18, 28, 44, 87, 152}));
}

TEST(RelativeRisk, KnowsNothingWithoutEvents) {
  const RelativeRisk none;
  EXPECT_NEAR(none.log_e(), 0, 1e-14);
  EXPECT_EQ(none.log_e_accept(2), 0);
  EXPECT_EQ(none.interval(0.05).lower, 0);
  EXPECT_EQ(none.interval(0.05).upper, std::numeric_limits<double>::infinity());
  EXPECT_EQ(none.estimate(), 1);
}

TEST(RelativeRisk, LeavesOutLooksThatSayNothing) {
  RelativeRisk risk;
  for (const double share : {0.0, 1.0, -1.0, 2.0, std::nan("")}) risk.add(share, 5, 5);
  risk.add(0.5, 0, 0);
  EXPECT_EQ(risk.events(), 0U);
  EXPECT_NEAR(risk.log_e(), 0, 1e-14);
  risk.add(0.5, 7, 3);
  EXPECT_EQ(risk.candidate_events(), 3U);
}

TEST(RelativeRisk, DoesNotMindHowLooksAreCutOrOrdered) {
  Random random(1);
  for (int round = 0; round < 50; ++round) {
    const auto looks = looks_of(random, 40, 8);
    RelativeRisk forward;
    RelativeRisk backward;
    RelativeRisk single;
    RelativeRisk left;
    RelativeRisk right;
    for (const auto& look : looks) forward.add(look.share, look.candidate, look.events);
    for (auto look = looks.rbegin(); look != looks.rend(); ++look) {
      backward.add(look->share, look->candidate, look->events);
      for (std::uint64_t i = 0; i < look->events; ++i) single.add(look->share, i < look->candidate ? 1 : 0, 1);
      (look - looks.rbegin() < 15 ? left : right).add(look->share, look->candidate, look->events);
    }
    left.merge(right);
    for (const auto* other : {&backward, &single, &left}) {
      EXPECT_NEAR(forward.log_e(), other->log_e(), 1e-9);
      EXPECT_NEAR(forward.log_e_accept(2), other->log_e_accept(2), 1e-9);
      EXPECT_NEAR(forward.interval(0.05).lower / other->interval(0.05).lower, 1, 1e-6);
      EXPECT_NEAR(forward.interval(0.05).upper / other->interval(0.05).upper, 1, 1e-6);
      EXPECT_EQ(forward.events(), other->events());
    }
  }
}

TEST(RelativeRisk, GrowsWithEveryCandidateEventAndFallsWithEveryOther) {
  for (const double share : {0.01, 0.05, 0.5, 0.95}) {
    for (std::uint64_t stable = 0; stable < 60; stable += 7) {
      for (std::uint64_t candidate = 0; candidate < 30; ++candidate) {
        EXPECT_GT(seen(candidate + 1, stable, share).log_e(), seen(candidate, stable, share).log_e());
        EXPECT_LT(seen(candidate, stable + 1, share).log_e(), seen(candidate, stable, share).log_e());
        EXPECT_LT(seen(candidate + 1, stable, share).log_e_accept(2), seen(candidate, stable, share).log_e_accept(2));
        EXPECT_GT(seen(candidate, stable + 1, share).log_e_accept(2), seen(candidate, stable, share).log_e_accept(2));
      }
    }
  }
}

TEST(RelativeRisk, MirrorsItselfWhenTheArmsChangePlaces) {
  const auto more = seen(30, 60, 0.2, RiskPrior::Larger);
  const auto fewer = seen(60, 30, 0.8, RiskPrior::Smaller);
  EXPECT_NEAR(more.log_e(), fewer.log_e(), 1e-9);
  EXPECT_NEAR(seen(30, 60, 0.2, RiskPrior::Either).log_e(), seen(60, 30, 0.8, RiskPrior::Either).log_e(), 1e-9);
  EXPECT_NEAR(seen(30, 60, 0.2).interval(0.05).lower, 1 / seen(60, 30, 0.8).interval(0.05).upper, 1e-6);
}

TEST(RelativeRisk, TestsAnyNullHypothesisAsItWouldAShareLargerByIt) {
  RelativeRisk twice(RiskPrior::Guardrail, 2);
  twice.add(0.1, 30, 100);
  EXPECT_NEAR(twice.log_e(), seen(30, 70, event_share(0.1, 2)).log_e(), 1e-9);
  EXPECT_LT(twice.log_e(), seen(30, 70, 0.1).log_e());
}

TEST(RelativeRisk, AcceptsByTheLikelihoodOfNoDifference) {
  // Twenty events of stable alone at ρ = ½ against "twice as bad", where each falls on stable in a third of cases.
  EXPECT_NEAR(seen(0, 20, 0.5).log_e_accept(2), 20 * std::log(0.5 / (1.0 / 3)), 1e-9);
  EXPECT_NEAR(seen(20, 0, 0.5).log_e_accept(2), 20 * std::log(0.5 / (2.0 / 3)), 1e-9);
}

TEST(RelativeRisk, IntervalHoldsTheEstimateAndShrinks) {
  double before = std::numeric_limits<double>::infinity();
  for (const std::uint64_t n : {10U, 100U, 1000U, 10'000U, 100'000U}) {
    // r = 2 at ρ = ⅓: half of the events.
    const auto risk = seen(n / 2, n - n / 2, 1.0 / 3);
    const auto found = risk.interval(0.05);
    EXPECT_NEAR(risk.estimate(), 2, 1e-6);
    EXPECT_LT(found.lower, 2);
    EXPECT_GT(found.upper, 2);
    EXPECT_LT(found.upper / found.lower, before);
    before = found.upper / found.lower;
  }
  EXPECT_LT(before, 1.12);
}

TEST(RelativeRisk, IntervalIsOpenWhereNothingLimitsIt) {
  EXPECT_EQ(seen(0, 50, 0.5).interval(0.05).lower, 0);
  EXPECT_LT(seen(0, 50, 0.5).interval(0.05).upper, 0.3);
  EXPECT_EQ(seen(50, 0, 0.5).interval(0.05).upper, std::numeric_limits<double>::infinity());
  EXPECT_GT(seen(50, 0, 0.5).interval(0.05).lower, 3);
}

TEST(RelativeRisk, StaysOnTheSafeSideWithMoreSharesThanItKeeps) {
  Random random(5);
  RelativeRisk risk;
  double exact_accept = 0;
  double exact_below = 0;  // ln likelihood at r = 0.5
  for (int i = 0; i < 5000; ++i) {
    const double share = 0.01 + 0.98 * random.uniform();
    const std::uint64_t events = 1 + random.below(5);
    std::uint64_t candidate = 0;
    for (std::uint64_t e = 0; e < events; ++e) candidate += random.uniform() < share ? 1 : 0;
    risk.add(share, candidate, events);
    exact_accept += static_cast<double>(events) * std::log1p(share) - static_cast<double>(candidate) * std::log(2);
    exact_below += static_cast<double>(events) * std::log1p(-share / 2);
  }
  EXPECT_LE(risk.shares().size(), ShareHistory::kMost);
  EXPECT_LE(risk.log_e_accept(2), exact_accept);
  EXPECT_GT(risk.log_e_accept(2), exact_accept * 0.97);
  EXPECT_GE(risk.shares().log_growth(0.5), exact_below);
  EXPECT_LE(risk.shares().log_growth(0.5) - risk.shares().slack(0.5), exact_below);
  EXPECT_LT(risk.interval(0.05).lower, 1);
  EXPECT_GT(risk.interval(0.05).upper, 1);
  EXPECT_LT(risk.interval(0.05).upper / risk.interval(0.05).lower, 1.25);
}

TEST(RelativeRisk, NeverAnswersWithoutANumber) {
  for (const double share : {1e-12, 1e-6, 0.5, 1 - 1e-6, 1 - 1e-12}) {
    for (const std::uint64_t n : {1ULL, 1000ULL, 1'000'000'000ULL}) {
      for (const std::uint64_t k : {std::uint64_t{0}, n / 2, n}) {
        for (const auto prior : {RiskPrior::Guardrail, RiskPrior::Smaller, RiskPrior::Either, RiskPrior::Odds}) {
          RelativeRisk risk(prior);
          risk.add(share, k, n);
          EXPECT_TRUE(std::isfinite(risk.log_e()));
          EXPECT_TRUE(std::isfinite(risk.log_e_accept(2)));
          const auto found = risk.interval(0.05);
          EXPECT_TRUE(found.lower >= 0 && found.lower <= found.upper) << share << ' ' << n << ' ' << k;
          EXPECT_FALSE(std::isnan(risk.estimate()));
        }
      }
    }
  }
}

TEST(RelativeRisk, SurvivesTheStore) {
  Random random(9);
  RelativeRisk risk(RiskPrior::Larger, 1.5);
  for (const auto& look : looks_of(random, 200, 100)) risk.add(look.share, look.candidate, look.events);
  const auto packed = risk.pack();
  const auto back = RelativeRisk::unpack(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pack(), packed);
  EXPECT_EQ(back->log_e(), risk.log_e());
  EXPECT_EQ(back->interval(0.05).upper, risk.interval(0.05).upper);
}

TEST(RelativeRisk, TakesNothingFromTheStoreThatItDidNotWrite) {
  const auto packed = seen(5, 20, 0.05).pack();
  EXPECT_FALSE(RelativeRisk::unpack({}));
  EXPECT_FALSE(RelativeRisk::unpack(std::span(packed).first(packed.size() - 1)));
  for (std::size_t i = 0; i < packed.size(); ++i) {
    auto broken = packed;
    broken[i] = std::nan("");
    EXPECT_FALSE(RelativeRisk::unpack(broken)) << i;
  }
  auto more_than_all = packed;
  more_than_all[2] = 26;
  EXPECT_FALSE(RelativeRisk::unpack(more_than_all));
}

}  // namespace
}  // namespace sluice::stats
