#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sluice/stats/interval.hpp"

/// Means of real-valued outcomes (revenue, scores, session lengths), looked at any time: the asymptotic confidence
/// sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021 (arXiv 2103.06476). Asymptotic means that it leans
/// on the central limit theorem: nothing is said below 100 units or 40 events. Pure arithmetic, thread-safe.
namespace sluice::stats {

/// Count, mean and squared deviations of values, without cancellation (Welford; merging by Chan, Golub and LeVeque).
/// Values that are not finite are left out. Plain data.
struct Moments {
  std::uint64_t count = 0;
  std::uint64_t events = 0;  ///< values that were not 0
  double mean = 0;
  double squares = 0;  ///< Σ (x − mean)²

  void add(double value) noexcept;
  void merge(const Moments& other) noexcept;
  /// Of one value; 0 below two values.
  double variance() const noexcept;
  /// Enough of them for what follows.
  bool ready() const noexcept { return count >= kLeastUnits && events >= kLeastEvents; }

  static constexpr std::uint64_t kLeastUnits = 100;
  static constexpr std::uint64_t kLeastEvents = 40;

  friend bool operator==(const Moments&, const Moments&) = default;
};

/// How many standard errors a bound lies away from the mean of n values, tightest at about `tightest_at` of them:
///   √( 2 (nρ² + 1) / (nρ²) · ln(1 + √(nρ² + 1) / 2α) ), ρ² = c(2α) / tightest_at with mixture_constant() c.
/// Two-sided at α is one-sided at α / 2 on both sides. Infinite for n = 0.
double anytime_multiplier(double n, double tightest_at, double alpha) noexcept;

/// The mean, two-sided at `alpha`; nothing until ready(). `tightest_at`: the units expected in the stage.
std::optional<Interval> mean_confidence(const Moments& values, double alpha, double tightest_at) noexcept;

/// candidate − stable for independent arms of any sizes; nothing until both are ready(). `tightest_at`: units expected
/// in both arms together.
std::optional<Interval> mean_difference(const Moments& candidate, const Moments& stable, double alpha,
                                        double tightest_at) noexcept;

/// Evidence that candidate − stable is above `margin`, ln: the normal mixture over positive effects, asymptotic like
/// the interval. 0 until both are ready(). To test for below, exchange the arms and the margin's sign.
double log_e_mean_above(const Moments& candidate, const Moments& stable, double margin, double tightest_at) noexcept;
/// The same of one mean alone, of differences within pairs for example.
double log_e_mean_above(const Moments& values, double margin, double tightest_at) noexcept;

/// Boundary on a sum with variance v, two-sided (one-sided) at `alpha`, tuned to be tightest at `tightest_at`: the
/// normal mixtures of Howard, Ramdas, McAuliffe and Sekhon 2021, propositions 5 and 6. Microseconds for the one-sided.
double normal_mixture_bound(double v, double tightest_at, double alpha) noexcept;
double normal_mixture_bound_one_sided(double v, double tightest_at, double alpha) noexcept;

}  // namespace sluice::stats
