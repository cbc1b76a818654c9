#pragma once

#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/policy/strategy.hpp"

namespace sluice::strategy {

/// Whether copies are made at this moment, by the days and hours of a shadow's schedule in UTC. An empty schedule is
/// always. `from` belongs to the hours, `until` does not.
bool within_hours(const std::vector<policy::ShadowHours>& schedule, WallTime now);

}  // namespace sluice::strategy
