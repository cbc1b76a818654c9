#pragma once

#include <span>

/// What an arm's rewards say about its mean: sufficient statistics and conjugate posteriors. Pure arithmetic.
namespace sluice::stats {

/// What a reward is: an event that happens or not, or any number of which more is better.
enum class RewardKind : unsigned char { Binary, Real };

/// All that is kept of the rewards of an arm. Plain data: counts may be fractional, since older rewards fade and since
/// censored ones count in part; the moments of two sets add up.
struct RewardMoments {
  double n = 0;        ///< rewards
  double sum = 0;      ///< of the rewards; for binary ones how many were 1
  double squares = 0;  ///< sum of the squared rewards

  void add(double reward, double weight = 1) noexcept;
  /// Makes everything so far count `kept` (0…1) times as much, see retention().
  void fade(double kept) noexcept;
  void merge(const RewardMoments& other) noexcept;

  double mean() const noexcept;      ///< 0 without a reward
  double variance() const noexcept;  ///< over n; never negative

  friend bool operator==(const RewardMoments&, const RewardMoments&) = default;
};

/// The moments of binary rewards.
RewardMoments binary_rewards(double successes, double failures) noexcept;

/// The share of its weight that a reward keeps when `passed` more rewards, or as much time in any unit, went by: half
/// after each `half_life`. All arms fade together, by the rewards of all. 1 when `half_life` is not positive, which
/// stands for a memory without end.
double retention(double passed, double half_life) noexcept;

/// Of a rate: Beta(a, b), by successes and failures on top of Beta(1, 1).
struct BetaPosterior {
  double a = 1;
  double b = 1;

  double mean() const noexcept { return a / (a + b); }
  double deviation() const noexcept;
  friend bool operator==(const BetaPosterior&, const BetaPosterior&) = default;
};

/// Sums beyond 0…n are taken for the nearer of the two.
BetaPosterior beta_posterior(const RewardMoments& rewards) noexcept;

/// Of a mean μ with an unknown variance v: v is inverse-gamma(shape, scale), μ given v is normal around `mean` with
/// variance v / weight. (Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", section 6.)
struct NormalInverseGamma {
  double mean = 0;
  double weight = 1;  ///< how many rewards the mean is worth
  double shape = 1;
  double scale = 1;

  /// Marginally the mean is Student's t with this many degrees, around `mean`, stretched by spread().
  double degrees() const noexcept { return 2 * shape; }
  double spread() const noexcept;
  /// Probability that the mean is at most `x`. About a microsecond.
  double below(double x) const noexcept;
  friend bool operator==(const NormalInverseGamma&, const NormalInverseGamma&) = default;
};

/// A prior in the rewards' own unit: one reward's worth of the mean and the variance of all arms together, so that a
/// change of currency or of the zero changes no share.
NormalInverseGamma pooled_prior(std::span<const RewardMoments> arms) noexcept;

/// The prior with the rewards of one arm added.
NormalInverseGamma updated(const NormalInverseGamma& prior, const RewardMoments& rewards) noexcept;

/// Probability that a Student t value with `degrees` > 0 is at most `t`. About a microsecond.
double student_cdf(double t, double degrees) noexcept;

}  // namespace sluice::stats
