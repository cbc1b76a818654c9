#include "sluice/stats/beta.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

/// P(X >= k) of a binomial law, summed term by term: what the incomplete beta function is for whole numbers.
double binomial_tail(int k, int n, double p) {
  double sum = 0;
  for (int i = k; i <= n; ++i) {
    const double log_term = std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) + i * std::log(p) +
                            (n - i) * std::log1p(-p);
    sum += std::exp(log_term);
  }
  return sum;
}

TEST(NormalQuantile, HasTheKnownValues) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, 1e-13);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807015007687, 1e-11);
}

TEST(NormalQuantile, IsTheInverseFromTailToTail) {
  for (double p = 1e-300; p < 0.5; p *= 3) EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1, 1e-12) << p;
  for (double p = 0.5; p < 0.999; p += 0.013) EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-14) << p;
}

TEST(NormalQuantile, IsEndlessAtTheEnds) {
  EXPECT_EQ(normal_quantile(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(normal_quantile(1), std::numeric_limits<double>::infinity());
}

TEST(BetaCdf, IsTheTailOfABinomialLawForWholeNumbers) {
  for (const int n : {1, 7, 50, 400}) {
    for (int k = 1; k <= n; k += std::max(1, n / 9)) {
      for (const double p : {0.003, 0.2, 0.5, 0.81, 0.999}) {
        EXPECT_NEAR(beta_cdf(k, n - k + 1, p), binomial_tail(k, n, p), 1e-11) << k << " of " << n << " at " << p;
      }
    }
  }
}

TEST(BetaCdf, HasClosedForms) {
  for (const double x : {0.01, 0.3, 0.5, 0.77, 0.999}) {
    EXPECT_NEAR(beta_cdf(1, 1, x), x, 1e-14);
    EXPECT_NEAR(beta_cdf(0.5, 0.5, x), 2 / M_PI * std::asin(std::sqrt(x)), 1e-13);
    EXPECT_NEAR(beta_cdf(7, 1, x), std::pow(x, 7), 1e-14);
    EXPECT_NEAR(beta_cdf(1, 7, x), 1 - std::pow(1 - x, 7), 1e-14);
  }
}

TEST(BetaCdf, MirrorsItselfForLargeCountsAsWell) {
  for (const double a : {3.0, 25.0, 4e3, 7e5}) {
    for (const double b : {2.0, 60.0, 9e4, 1e6}) {
      const double mean = a / (a + b);
      const double deviation = std::sqrt(mean * (1 - mean) / (a + b + 1));
      for (double z = -5; z <= 5; z += 0.5) {
        const double x = mean + z * deviation;
        if (x <= 0 || x >= 1) continue;
        EXPECT_NEAR(beta_cdf(a, b, x) + beta_cdf(b, a, 1 - x), 1, 1e-9) << a << " " << b << " " << z;
      }
    }
  }
  // Half a million of a million: the median is the mean, and the law is nearly normal around it.
  EXPECT_NEAR(beta_cdf(5e5, 5e5, 0.5), 0.5, 1e-10);
  EXPECT_NEAR(beta_cdf(5e5, 5e5, 0.5 + 1.959963984540054 * 0.0005), 0.975, 1e-6);
}

TEST(BetaCdf, EndsAtZeroAndOne) {
  EXPECT_EQ(beta_cdf(2, 3, 0), 0);
  EXPECT_EQ(beta_cdf(2, 3, -1), 0);
  EXPECT_EQ(beta_cdf(2, 3, 1), 1);
  EXPECT_EQ(beta_cdf(2, 3, 2), 1);
}

TEST(BetaQuantile, IsTheInverse) {
  for (const double a : {0.5, 1.0, 3.0, 50.0, 1e5}) {
    for (const double b : {0.7, 1.0, 20.0, 3e3, 1e6}) {
      for (const double p : {1e-9, 1e-4, 0.025, 0.3, 0.5, 0.9, 0.9999}) {
        const double x = beta_quantile(a, b, p);
        EXPECT_NEAR(beta_cdf(a, b, x) / p, 1, 1e-7) << a << " " << b << " " << p;
      }
    }
  }
  EXPECT_EQ(beta_quantile(2, 3, 0), 0);
  EXPECT_EQ(beta_quantile(2, 3, 1), 1);
}

}  // namespace
}  // namespace sluice::stats
