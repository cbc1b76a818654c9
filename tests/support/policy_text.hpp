#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/fake_upstream.hpp"

namespace sluice::test {

/// A Gateway document for a test: port 0, a short drain, quiet. `spec` holds further lines of the spec, without
/// indentation; a key that stands there replaces the one that this function would write.
std::string gateway_yaml(std::string_view spec = {});

/// One version as a policy writes it: `version_yaml("v1", upstream)` gives `{name: v1, endpoints: [http://…]}`.
std::string version_yaml(std::string_view name, const FakeUpstream& upstream, std::string_view more = {});
std::string version_yaml(std::string_view name, const std::string& url, std::string_view more = {});
std::string version_yaml(std::string_view name, const std::vector<std::string>& urls, std::string_view more = {});

/// A ModelRoute document; `spec` as above. Nothing is dialled before the first request, so that a script can count.
std::string route_yaml(std::string_view name, const std::vector<std::string>& versions, std::string_view spec = {});

/// The smallest policy in front of one upstream: everything goes to v1 of the route `model`.
std::string policy_for(const FakeUpstream& upstream, std::string_view route_spec = {},
                       std::string_view gateway_spec = {});

/// Two versions and an even split by default.
std::string split_policy(const FakeUpstream& first, const FakeUpstream& second, int first_weight = 1,
                         int second_weight = 1, std::string_view route_spec = {}, std::string_view gateway_spec = {});

/// v1 is live, v2 gets a copy of every request.
std::string shadow_policy(const FakeUpstream& live, const FakeUpstream& shadow, std::string_view budget = {},
                          std::string_view route_spec = {}, std::string_view gateway_spec = {});

}  // namespace sluice::test
