#pragma once

#include <optional>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/field.hpp"
#include "sluice/traffic/match.hpp"

namespace sluice::traffic {

/// What a policy's match means to the data plane. Fails when a regular expression does not compile; the message names
/// the place in the file. `protocol` decides where in the path a model's name stands.
Result<Match> to_match(const policy::Match& match, policy::Protocol protocol);
Result<std::vector<Match>> to_matches(const std::vector<policy::Match>& matches, policy::Protocol protocol);

/// Who sticks; none for `request`. Fails on a JSON pointer that is none.
Result<std::optional<Field>> to_unit(const policy::Unit& unit);

}  // namespace sluice::traffic
