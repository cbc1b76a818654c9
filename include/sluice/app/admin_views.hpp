#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sluice/admin/api.hpp"
#include "sluice/base/result.hpp"
#include "sluice/metrics/snapshot.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/upstream/endpoint_monitor.hpp"

/// What the admin port shows, made from what the other modules know. Pure but for token_of().
namespace sluice::app {

/// The routes of the snapshot, the pool `_other` among them, with the endpoints of the reports; what only the reports
/// name comes behind. Who shows them tells by the pool that counters of 0 are not known.
/// `wall_offset` takes a TimePoint of the reports to the clock on the wall; 0: that is not known.
std::vector<admin::RouteView> route_views(const metrics::Snapshot& snapshot,
                                          const std::vector<upstream::EndpointReport>& reports,
                                          Duration wall_offset = Duration::zero());

/// Routes and versions whose counters are pooled with those of others, with role and share as their rollouts know them:
/// also those of which no report speaks, as long as no name of an endpoint has an address.
void fill_from_rollouts(std::vector<admin::RouteView>& routes, const std::vector<rollout::RolloutView>& rollouts);

/// Nothing when the order names endpoints that there are; otherwise 404 and which name nobody has.
std::optional<admin::Refusal> unknown_name(const admin::DrainOrder& order, const std::vector<admin::RouteView>& routes);

/// Requests of clients and copies for shadows that are not complete yet.
std::int64_t requests_in_flight(const metrics::Snapshot& snapshot);

/// The bearer token of the admin port: the text of its file without white space around it; empty when the policy names
/// no file. Fails when the file cannot be read, is empty, or holds what cannot stand in a header field.
Result<std::string> token_of(const policy::Admin& admin);

}  // namespace sluice::app
