#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

/// How the simulated world changes while a rollout goes on.
namespace sluice::rollout {

/// One number of the world that goes up and down, or away. Several of the same number multiply.
struct Drift {
  enum class Kind : std::uint8_t {
    Wave,  ///< a sine: up first, back after a period
    Ramp,  ///< linear until the time is over, then it stays
  };
  std::string version;  ///< empty: all versions alike
  std::string metric;   ///< "rate", "error-rate", "latency", or an outcome: its rate, of a Value its mean
  Kind kind = Kind::Wave;
  double amount = 0;  ///< Wave: 0…1, of the number itself; Ramp: how many times as large it ends
  Duration over{0};   ///< the period, the ramp's length; above 0
  friend bool operator==(const Drift&, const Drift&) = default;

  /// What the number is multiplied with so long after the beginning.
  double factor(Duration elapsed) const noexcept;
};

/// `error-rate:±50%/24h`, `click:x3/6h`, `v2:latency:x1.5/2h`; `+-` stands for `±`. Fails with one sentence; whether
/// version and metric are there is the caller's to see.
Result<Drift> parse_drift(std::string_view text);
/// As parse_drift() reads it back.
std::string to_string(const Drift& drift);

/// What all drifts of a number make of it: those of this version and those of all.
double factor_of(const std::vector<Drift>& drifts, std::string_view version, std::string_view metric,
                 Duration elapsed) noexcept;

/// For how long the numbers may be taken to stand still: a small part of the shortest drift; none without drifts.
std::optional<Duration> steadiness(const std::vector<Drift>& drifts) noexcept;

}  // namespace sluice::rollout
