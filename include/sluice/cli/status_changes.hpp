#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sluice::cli {

/// What is new in a status since the one before, nullptr: since never: one line for the gateway and for each route that
/// looks otherwise, with the time in front. Rates, latencies and what counts down are no change.
std::vector<std::string> status_changes(const nlohmann::ordered_json& status, const nlohmann::ordered_json* before);

}  // namespace sluice::cli
