#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sluice/cli/terminal.hpp"

namespace sluice::cli {

/// For people: the process, then each route with its rollout, tables of its versions, checks and endpoints, and the
/// newest `events`. `status` is what `sluice status -o json` prints: `{"config": …, "drain": …, "routes": [...]}`; what
/// is missing in it shows as empty.
std::string status_as_text(const nlohmann::ordered_json& status, const Style& style, std::size_t events = 5);

/// One line about the process, and one for whatever is wrong with its policy or its state.
std::string gateway_as_text(const nlohmann::ordered_json& status, bool colour);

/// "sha 4f1c2aab", of the policy in force: as many digits as tell it from the one before.
std::string sha_as_text(const nlohmann::ordered_json& config);

/// "21ms"; "-" of a version that answered nothing. `quantile`: "p50", "p95", "p99".
std::string latency_as_text(const nlohmann::ordered_json& version, const char* quantile);

/// "97.5%": of the requests that the split gave the version since the evidence counts, whoever answered them in the
/// end; where it gave none, since the start of the gateway. Nothing before the first. `route` is one of a status.
std::string success_as_text(const nlohmann::ordered_json& route, const nlohmann::ordered_json& version);

/// Notes the time, in seconds since 1970, and puts `rps` to every version: what it answered since the status before, or
/// without one its requests since the rollout's evidence counts. Leaves it out where neither is known.
void add_rates(nlohmann::ordered_json& status, const nlohmann::ordered_json* before, double now);

}  // namespace sluice::cli
