#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice::cli {

/// What a shadow's pairs have shown and what its copies have cost: a line `Pairs:` for each candidate, one `Replay:`
/// for each outcome of it, one `Budget:`; nothing where there is none of them. `rollout` is the admin port's JSON.
std::string pairs_as_text(const nlohmann::ordered_json& rollout);

}  // namespace sluice::cli
