#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/cursor.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/policy/references.hpp"

namespace sluice::policy {

// What no field can check alone. Each rule gets an object as far as it could be read, with defaults where it could not,
// and where it stands; it must not complain again about what a field has complained about.

void check_admin(const Admin& admin, const Cursor& at);
void check_limits(const Limits& limits, const Cursor& at);
/// What is not written follows the bound that is.
void complete_dns(Dns& dns, const Cursor& at);
void check_gateway(const Gateway& gateway, const Cursor& at);

void check_path_match(const PathMatch& match, const Cursor& at);
void check_value_match(const ValueMatch& match, const Cursor& at);
void check_match(const Match& match, const Cursor& at);
void check_pinning(const Pinning& pinning, const Cursor& at);

void check_upstream_tls(const UpstreamTls& tls, const Cursor& at);
void check_version(const Version& version, const Cursor& at);
/// A part that is not written is never longer than the whole.
void complete_route_timeouts(RouteTimeouts& timeouts, const Cursor& at);
void check_route(const ModelRoute& route, const Cursor& at);
/// check_route(), and the outcome that the built-in metric of tokens is read as.
void complete_route(ModelRoute& route, const Cursor& at);
void check_drift(const Drift& drift, const Cursor& at);
/// The part of check_route() that is about what stands in answers: outcomes and what is watched for drift.
void check_answer_outcomes(const ModelRoute& route, const Cursor& at);

// rules_resilience.cpp. What is not written follows what is: a longest time is never shorter than the shortest one.
void complete_backoff(Backoff& backoff, const Cursor& at);
void check_retry(const Retry& retry, const Cursor& at);
void complete_health(Health& health, const Cursor& at);
void complete_ejection(Ejection& ejection, const Cursor& at);
void check_warm_up_request(const WarmUpRequest& request, const Cursor& at);
void check_warm_up(const WarmUp& warm_up, const Cursor& at);
void check_request_limits(const RequestLimits& limits, const Cursor& at);
void complete_adaptive_concurrency(AdaptiveConcurrency& adaptive, const Cursor& at);
/// The part of check_route() that is about all of these together.
void check_resilience(const ModelRoute& route, const Cursor& at);

/// The part of check_route() that is about segments.
void check_segments(const ModelRoute& route, const Cursor& at);

void check_threshold_range(const ThresholdRange& range, const Cursor& at);

/// Each name stands once in a list; both functions get an index. Empty names could not be read and are passed over.
void check_unique(std::size_t count, const std::function<const std::string&(std::size_t)>& name_of,
                  const std::function<Cursor(std::size_t)>& place_of);

// rules_shadow.cpp
void check_shadow_hours(const ShadowHours& hours, const Cursor& at);
void check_shadow_budget(const ShadowBudget& budget, const Cursor& at);
void check_tensor_rule(const TensorRule& rule, const Cursor& at);
/// Header names in lower case, and its checks.
void complete_compare(Compare& compare, const Cursor& at);
void check_shadow(const Shadow& shadow, const Cursor& at);
/// The cursor stands on the list of stages.
void check_compared_alike(const Stages& stages, const Cursor& at);
/// The part of check_route() that is about shadows: segments, and what only some protocols have.
void check_shadows(const ModelRoute& route, const Cursor& at);

// rules_pairs.cpp
/// One of a check's metrics that tell a difference; others are left alone. `drift`: where the route's stands.
void check_difference(const CheckReference& reference, const ModelRoute& route, const Cursor& drift);
/// A metric that is to find the better version.
void refuse_difference_as_aim(const std::string& metric, const Cursor& at);

void check_ab_test(const AbTest& test, const Cursor& at);
void check_bandit(const Bandit& bandit, const Cursor& at);
void check_bandit_stop(const BanditStop& stop, const Cursor& at);
void check_context_feature(const ContextFeature& feature, const Cursor& at);
void check_canary(const Canary& canary, const Cursor& at);

// rules_rollout.cpp
/// Two roles that one version cannot have at the same time.
void check_different(const std::string& first, std::string_view first_role, const std::string& second,
                     std::string_view second_role, const Cursor& at);
/// The cursor stands on the mapping whose key names the strategy.
void check_stages(const Strategy& strategy, const Cursor& at);
/// The parts of check_route() that are about the servers whose model is replaced in place.
bool replaced_in_place(const std::vector<const Rolling*>& rollings, const std::string& one, const std::string& other);
void check_same_servers(const ModelRoute& route, const Rolling& rolling, const Cursor& versions);
void check_rolling(const Rolling& rolling, const Cursor& at);
void check_blue_green(const BlueGreen& blue_green, const Cursor& at);

}  // namespace sluice::policy
