#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sluice/cli/terminal.hpp"

namespace sluice::cli {

/// For people who look after many routes: the process, then one line per route with its strategy, how it serves, where
/// its rollout is and why, who gets what and how they do, and what happened last. `status` is what
/// `sluice status -o json` prints; what is missing in it shows as empty.
std::string summary_as_text(const nlohmann::ordered_json& status, const Style& style);

/// "v1=75% v2=25%": who gets how much of a route, or copies of it; at most three of them.
std::string split_as_text(const nlohmann::ordered_json& route);
/// "3/4": of all endpoints of a route those that may get traffic.
std::string usable_endpoints(const nlohmann::ordered_json& route);

}  // namespace sluice::cli
