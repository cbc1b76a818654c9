#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/linear_posterior.hpp"

namespace sluice::stats {

/// Draws made ahead of time; a power of two keeps the shares exact in binary.
inline constexpr std::size_t bank_draws = 64;
inline constexpr std::size_t most_bank_arms = 16;

/// The arms' shares for one context; the first `arms` entries count and sum to 1.
struct ContextShares {
  std::array<double, most_bank_arms> share{};
  std::size_t arms = 0;

  /// The arm of a request: `uniform` in 0…1 falls into its share, which is its exact propensity.
  std::size_t pick(double uniform) const noexcept;
};

/// Thompson sampling with context at the price of some multiplications: weight vectors drawn ahead of time from each
/// arm's posterior. A request's arm is the best one under one of the draws, chosen at random, so the share of draws
/// that an arm wins is the exact propensity. Immutable once made: share it between threads, replace it whole.
class ScoringBank {
 public:
  ScoringBank() = default;
  /// At most `most_bank_arms` arms of equally many weights; `at_floor` by arm (empty: none) gets the floor alone,
  /// unless all do. `floor` is a share of each arm, at most one over their number.
  ScoringBank(std::span<const LinearPosterior> arms, double floor, std::span<const std::uint8_t> at_floor,
              Random& random);

  std::size_t arms() const noexcept { return arms_; }
  std::size_t features() const noexcept { return weights_ > 0 ? weights_ - 1 : 0; }

  /// `context` without the intercept; missing features count as 0, so do values that are not finite. No allocation;
  /// 0.9 µs for 8 arms × 16 features on the machine of docs/performance.md.
  ContextShares shares(std::span<const float> context) const noexcept;

 private:
  std::size_t arms_ = 0;
  std::size_t weights_ = 0;
  double floor_ = 0;
  std::vector<std::uint8_t> contenders_;
  std::vector<float> bank_;  ///< by contender, then by weight, then by draw
};

}  // namespace sluice::stats
