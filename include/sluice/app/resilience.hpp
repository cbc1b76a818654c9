#pragma once

#include <optional>

#include "sluice/gateway/config.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/policy/model_route.hpp"

/// The part of compile() that is about endpoints that come, go and fail: a policy's wishes as the data plane's
/// settings, with the defaults that depend on the protocol filled in. Pure.
namespace sluice::app {

/// How the endpoints of a version are watched: what the version says, otherwise what the route says.
upstream::Supervision to_supervision(const policy::ModelRoute& route, const policy::Version& version);

upstream::RetryRules to_retry_rules(const policy::Retry& retry, policy::Protocol protocol);
/// Off when there is none.
upstream::HedgeRules to_hedge_rules(const std::optional<policy::Hedge>& hedge);

/// No limit when there is none.
gateway::ConcurrencyLimits to_limits(const std::optional<policy::RequestLimits>& limits);
/// Off when there is none.
gateway::AdaptiveConcurrency to_adaptive(const std::optional<policy::AdaptiveConcurrency>& adaptive);

gateway::NameServers to_name_servers(const policy::Dns& dns);

}  // namespace sluice::app
