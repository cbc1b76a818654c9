#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice::cli {

/// For people: the process, then each route with a table of its versions and one of their endpoints.
/// `status` is what `sluice status -o json` prints: `{"config": …, "drain": …, "routes": [...]}`; what is missing in it
/// shows as empty.
std::string status_as_text(const nlohmann::ordered_json& status, bool colour);

}  // namespace sluice::cli
