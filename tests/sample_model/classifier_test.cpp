#include "sample_model/classifier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sample_model/faults.hpp"
#include "shipped_digits.hpp"

namespace sluice::sample_model {
namespace {

using namespace std::chrono_literals;

double accuracy(const Classifier& classifier, const FaultInjector& faults = FaultInjector({})) {
  const auto& ask = shipped_digits().ask;
  std::size_t correct = 0;
  for (const auto& digit : ask) {
    auto image = image_of(digit);
    faults.fade(image);
    correct += most_likely(classifier.predict(image)) == digit.label ? 1 : 0;
  }
  return static_cast<double>(correct) / static_cast<double>(ask.size());
}

TEST(Classifier, FullSightIsClearlyBetterThanCoarseOnUnseenDigits) {
  const Classifier coarse(Sight::Coarse, shipped_digits().train);
  const Classifier full(Sight::Full, shipped_digits().train);
  EXPECT_GT(accuracy(coarse), 0.75);
  EXPECT_LT(accuracy(coarse), 0.92);
  EXPECT_GT(accuracy(full), 0.94);
  EXPECT_GT(accuracy(full), accuracy(coarse) + 0.05);
}

TEST(Classifier, TrainingTwiceGivesTheSameProbabilitiesToTheLastBit) {
  const Classifier once(Sight::Full, shipped_digits().train);
  const Classifier again(Sight::Full, shipped_digits().train);
  for (const auto& digit : shipped_digits().ask) {
    const auto image = image_of(digit);
    ASSERT_EQ(once.predict(image), again.predict(image));
  }
}

TEST(Classifier, ProbabilitiesSumToOne) {
  const Classifier full(Sight::Full, shipped_digits().train);
  for (const auto& digit : shipped_digits().ask) {
    const auto probabilities = full.predict(image_of(digit));
    ASSERT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1.0, 1e-5);
    ASSERT_TRUE(std::all_of(probabilities.begin(), probabilities.end(), [](float p) { return p >= 0 && p <= 1; }));
  }
}

TEST(Faults, DriftCostsAccuracyAndNoDriftCostsNothing) {
  const Classifier full(Sight::Full, shipped_digits().train);
  EXPECT_EQ(accuracy(full), accuracy(full, FaultInjector({0_pct, 0ms, 0_pct})));
  EXPECT_LT(accuracy(full, FaultInjector({0_pct, 0ms, 50_pct})), accuracy(full) - 0.02);
}

TEST(Faults, FullDriftLeavesBlankPaper) {
  std::array<float, 3> pixels = {0, 7, 16};
  FaultInjector({0_pct, 0ms, 100_pct}).fade(pixels);
  EXPECT_EQ(pixels, (std::array<float, 3>{0, 0, 0}));
}

TEST(Faults, ErrorsComeAtTheirRateAndInTheSameOrderForASeed) {
  FaultInjector once({5_pct, 0ms, 0_pct, {}, 42});
  FaultInjector again({5_pct, 0ms, 0_pct, {}, 42});
  FaultInjector other({5_pct, 0ms, 0_pct, {}, 43});
  int failures = 0;
  int differences = 0;
  for (int i = 0; i < 20000; ++i) {
    const bool fails = once.next_fails();
    ASSERT_EQ(fails, again.next_fails());
    differences += fails != other.next_fails() ? 1 : 0;
    failures += fails ? 1 : 0;
  }
  // Five standard deviations of the binomial.
  EXPECT_NEAR(failures, 1000, 155);
  EXPECT_GT(differences, 0);
}

TEST(Faults, RatesOfZeroAndOneHundredAreExact) {
  FaultInjector never({0_pct, 0ms, 0_pct});
  FaultInjector always({100_pct, 0ms, 0_pct});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(never.next_fails());
    ASSERT_TRUE(always.next_fails());
  }
}

}  // namespace
}  // namespace sluice::sample_model
