#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "sluice/stats/excess_risk.hpp"
#include "sluice/stats/risk_prior.hpp"

/// What evidence does while the null hypothesis is true, step by step.
namespace sluice::stats {

/// A mixture of bets whose every step is up or not, the same for all steps.
struct NullWalk {
  std::size_t bets = 0;
  std::array<double, RiskGrid::kMost> start{};  ///< what each bet has come to; their sum is E, 1 to begin with
  std::array<double, RiskGrid::kMost> stay{};   ///< what a step that is not up multiplies it by
  std::array<double, RiskGrid::kMost> rise{};   ///< what being up multiplies that by besides, above 1
  double chance = 0;                            ///< of a step up under the null hypothesis
};

/// What became of all walks.
struct WalkEnd {
  double reached = 0;   ///< the chance that E came to the threshold
  double taken = 0;     ///< the mean of E where it did, times that chance
  double hopeless = 0;  ///< of those that were given up, because their E had fallen to kHopeless
};

/// A walk that has fallen so low comes back with a chance of kHopeless / threshold at most (Ville).
inline constexpr double kHopeless = 1e-4;

/// Follows all walks of so many steps up to a threshold above 1. In the first `unseen` of these nobody looks. Half a
/// millisecond for 10 000 steps.
WalkEnd follow(const NullWalk& walk, double threshold, std::uint64_t steps, std::uint64_t unseen = 0);

/// The steps of RiskProcess::against (`start` is left at 0); nothing where their chance is not known. Source: the
/// rule's own bets.
std::optional<NullWalk> null_walk(const RiskRule& rule, double share) noexcept;

}  // namespace sluice::stats
