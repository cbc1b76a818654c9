#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/base/random.hpp"
#include "sluice/traffic/plan.hpp"
#include "sluice/traffic/request_view.hpp"

namespace sluice::traffic {

/// Why a request went where it went: the `reason` of `sluice_decisions_total`.
enum class Reason : std::uint8_t {
  Weight,  ///< the split, by the unit's bucket or by a draw where the policy names no unit; also the only version
  Rule,    ///< a rule named the version, or the request is outside the audience
  Pin,     ///< the request named it, and the policy allows that
  Bandit,  ///< a learned score
  NoUnit,  ///< the request carries no unit where the policy names one, so it was drawn for itself
};
inline constexpr std::size_t reason_count = 5;

/// "weight", "rule", "pin", "bandit", "no_unit".
std::string_view to_string(Reason reason) noexcept;

/// Where one request goes.
struct TrafficChoice {
  VersionIndex version = 0;
  Reason reason = Reason::Weight;
  bool control = false;       ///< drawn into stable's control slice
  double propensity = 1;      ///< the probability with which this version was chosen, (0, 1]; 1 for rules and pins
  std::uint64_t mirrors = 0;  ///< bit v is set when version v gets a copy; never the version that answers
  std::uint64_t unit = 0;     ///< `unit_hash` where the split went by it; 0: it did not
  std::uint8_t segment = 0;   ///< of the plan's, counted from 1; 0: none
  stats::Context context{};   ///< of a request that the learned score decides, or will; else empty

  /// Drawn or dealt by the split, and so evidence; a rule or a pin is somebody's wish.
  bool by_split() const noexcept { return reason != Reason::Rule && reason != Reason::Pin; }
};

/// The one decision of the data plane; serves every strategy.
///
/// A rule that names a version comes first, then the pin, then a segment that belongs to one version, then the split:
/// by the hash of the unit, or by a draw when there is no unit. Where the plan has learnt, the first split's weights
/// give way to the shares that the request's context earns the arms. At most one random number is drawn. Allocates
/// nothing (a JSON body may grow a buffer of the thread once), takes no lock unless a regular expression is evaluated,
/// and costs the same for 2 and for 64 versions; a choice by 16 features among 8 arms costs two microseconds at most.
TrafficChoice choose(const TrafficPlan& plan, const RequestView& request, Random& random) noexcept;

/// Who asks: the hash of the unit as `stable_hash(route, salt, unit)` has it, which is also what the split goes by.
/// 0 when the plan names no unit or the request carries none. Costs what reading the field costs.
std::uint64_t unit_hash(const TrafficPlan& plan, const RequestView& request) noexcept;

}  // namespace sluice::traffic
