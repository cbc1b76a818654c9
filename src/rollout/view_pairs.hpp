#pragma once

#include <vector>

#include "route_entry.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/rollout/view.hpp"

namespace sluice::rollout {

/// What was found about candidates by pairs within the window. Some 100 µs for each, more where outcomes are reported.
std::vector<PairsView> pairs_of(const RouteEntry& entry);

/// What the shadow under way has spent of its budget; empty: none is, or it has no limit.
std::vector<BudgetView> budgets_of(const RouteEntry& entry, WallTime now);

}  // namespace sluice::rollout
