#include "sluice/rollout/population.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::rollout {
namespace {

std::vector<std::uint32_t> visits_of(const Population& population, std::size_t draws) {
  Random random(9);
  std::vector<std::uint32_t> visits(population.size());
  for (std::size_t i = 0; i < draws; ++i) ++visits[population.next(random)];
  return visits;
}

TEST(Population, WithoutSkewEverybodyComesAsOften) {
  const auto visits = visits_of(Population({1000, 0, 0}, 1), 1'000'000);
  const auto [least, most] = std::minmax_element(visits.begin(), visits.end());
  EXPECT_GT(*least, 850U);
  EXPECT_LT(*most, 1150U);
}

TEST(Population, WithSkewTheBusiestHundredthSendsAFifth) {
  auto visits = visits_of(Population({20'000, 0, 1.5}, 1), 2'000'000);
  std::sort(visits.rbegin(), visits.rend());
  const double top = std::accumulate(visits.begin(), visits.begin() + 200, 0.0);
  EXPECT_NEAR(top / 2'000'000, 0.204, 0.03);
}

TEST(Population, RatesAreSpreadAroundTheMeanAsFarAsTwoRequestsAreCorrelated) {
  const Population population({50'000, 0.2, 0}, 3);
  const auto rates = population.rates(0.1, 1);
  const double mean = std::accumulate(rates.begin(), rates.end(), 0.0) / 50'000;
  double squares = 0;
  for (const float rate : rates) squares += (rate - mean) * (rate - mean);
  EXPECT_NEAR(mean, 0.1, 0.003);
  EXPECT_NEAR(squares / 50'000 / (0.1 * 0.9), 0.2, 0.01);
}

TEST(Population, AUnitIsTheSameWithEveryVersionButNotInEveryNumber) {
  const Population population({1000, 0.3, 0}, 4);
  EXPECT_EQ(population.rates(0.1, 1), population.rates(0.1, 1));
  EXPECT_NE(population.rates(0.1, 1), population.rates(0.1, 2));
}

TEST(Population, OfOneKindHasOneRate) {
  const Population population({10, 0, 0}, 4);
  EXPECT_EQ(population.rates(0.1, 1), std::vector<float>(10, 0.1F));
  const Population spread({10, 0.5, 0}, 4);
  EXPECT_EQ(spread.rates(0, 1), std::vector<float>(10, 0.0F));
  EXPECT_EQ(spread.rates(1, 1), std::vector<float>(10, 1.0F));
}

}  // namespace
}  // namespace sluice::rollout
