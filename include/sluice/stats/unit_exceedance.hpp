#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sluice/stats/relative_risk.hpp"

namespace sluice::stats {

/// Do more of the candidate's *units* (users, sessions) meet events? Where units stick to a version their requests are
/// not independent, and a test that counts requests alarms in most healthy releases; one that counts units does not.
/// A unit counts once at each level it reaches: 1, 2, 4, 8, 16 events. Per level the relative-risk e-process, and the
/// mean of the five e-values, so both "more users meet an error" and "few users meet very many" are seen.
class UnitExceedance {
 public:
  static constexpr std::array<std::uint32_t, 5> kLevels = {1, 2, 4, 8, 16};
  using Counts = std::array<std::uint64_t, kLevels.size()>;

  /// How many levels a unit reaches by its events going from `before` to `after`, and from which on: levels with index
  /// first…last−1. For whoever counts. A few nanoseconds.
  struct Reached {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  static Reached reached(std::uint64_t before, std::uint64_t after) noexcept;

  explicit UnitExceedance(RiskPrior prior = RiskPrior::Guardrail, double null_risk = 1) noexcept;

  /// Units that newly reached each level since the last look, the candidate's and both arms'. `share` is the share at
  /// which those units were *assigned*: units of different shares go into different calls. 2 µs.
  void add(double share, const Counts& candidate, const Counts& both) noexcept;

  /// Adds another process of the same prior and null hypothesis.
  void merge(const UnitExceedance& other) noexcept;

  /// Evidence that the candidate's units meet more, ln. 1 µs.
  double log_e() const noexcept;

  /// Of the level kLevels[index].
  const RelativeRisk& at(std::size_t index) const noexcept { return processes_[index]; }

  /// As a list of numbers for a store, and back.
  std::vector<double> pack() const;
  static std::optional<UnitExceedance> unpack(std::span<const double> packed);

 private:
  std::array<RelativeRisk, kLevels.size()> processes_;
};

}  // namespace sluice::stats
