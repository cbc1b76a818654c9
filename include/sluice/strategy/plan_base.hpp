#pragma once

#include <string>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// What every strategy's plan has in common: route, salt, versions, unit and pinning. Everything goes to the first
/// version until the strategy says otherwise.
Result<traffic::PlanSpec> plan_base(const policy::ModelRoute& route);

/// The place of a version in the route's list; fails, naming it, when it is not there.
Result<traffic::VersionIndex> version_index(const policy::ModelRoute& route, const std::string& name);

/// Splits the audience by these weights and sends everyone else to the stable version; no audience is everyone.
Result<void> split_audience(const policy::ModelRoute& route, const std::vector<policy::Match>& audience,
                            std::vector<traffic::Weight> weights, traffic::PlanSpec& spec);

/// What the route's mirror says, where it says anything: copies of what `spec.stable` answers for each of the versions
/// that is another one.
void add_copies(const policy::ModelRoute& route, const std::vector<traffic::VersionIndex>& versions,
                traffic::PlanSpec& spec);

}  // namespace sluice::strategy
