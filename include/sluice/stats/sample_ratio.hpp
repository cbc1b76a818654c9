#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sluice/stats/risk_prior.hpp"

namespace sluice::stats {

/// What the counted split says of the wished one.
enum class SplitHealth : std::uint8_t {
  Sound,
  Doubtful,  ///< E ≥ 20: warn
  Broken,    ///< E ≥ 1000: no comparison of these arms may be trusted, so none is made
};

/// Do the arms get the shares that the plan draws them by? A mismatch means that requests of one arm are lost or
/// counted twice, which makes every comparison a comparison of different requests.
///
/// For each arm against all others: the likelihood of odds other than drawn by, over a grid of |ln odds| = 0.005…3 on
/// both sides (form and source: RelativeRisk). Under the plan each arm's count is binomial given the total, so each is
/// an e-process; their mean is one too, whatever the dependence (two arms need only one, the other is its mirror). Any
/// split, also one that changes or that a bandit moves.
class SampleRatio {
 public:
  static constexpr double kWarn = 20;
  static constexpr double kBlock = 1000;

  explicit SampleRatio(std::size_t arms);

  /// One look: the shares drawn by (any positive sum; an arm with 0 is left out) and the requests counted since the
  /// last one, by arm. 0.5 µs per arm; no allocation. Looks with fewer arms than known leave the rest out.
  void add(std::span<const double> shares, std::span<const std::uint64_t> requests) noexcept;

  /// Adds another one of the same arms.
  void merge(const SampleRatio& other) noexcept;

  /// Evidence that the split is not the one drawn by, ln. 0.3 µs per arm.
  double log_e() const noexcept;

  /// What to do about it.
  SplitHealth health() const noexcept;

  /// The arm with the most evidence, and how much it received per what it should have: what a report names.
  struct Suspect {
    std::size_t arm = 0;
    double received_per_wished = 1;
  };
  Suspect suspect() const noexcept;

  std::size_t arms() const noexcept { return arms_.size(); }

  /// As a list of numbers for a store, and back.
  std::vector<double> pack() const;
  static std::optional<SampleRatio> unpack(std::span<const double> packed);

 private:
  struct Arm {
    double received = 0;
    double wished = 0;
    std::array<double, RiskGrid::kMost> growth{};
  };
  static double log_e_of(const Arm& arm) noexcept;

  std::vector<Arm> arms_;
};

}  // namespace sluice::stats
