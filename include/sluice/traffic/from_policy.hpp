#pragma once

#include <optional>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/context.hpp"
#include "sluice/traffic/field.hpp"
#include "sluice/traffic/match.hpp"

namespace sluice::traffic {

/// What a policy's match means to the data plane. Fails when a regular expression does not compile; the message names
/// the place in the file. `protocol` decides where in the path a model's name stands.
Result<Match> to_match(const policy::Match& match, policy::Protocol protocol);
Result<std::vector<Match>> to_matches(const std::vector<policy::Match>& matches, policy::Protocol protocol);

/// Who sticks; none for `request`. Fails on a JSON pointer that is none.
Result<std::optional<Field>> to_unit(const policy::Unit& unit);

/// What the bandit may learn from, in the order of the policy. A category without known values is hashed: such
/// categories share what the others leave of the features, evenly and the earlier ones first, at most 8 buckets each.
/// Fails on a JSON pointer that is none, and when there are more features than stats::most_features.
Result<std::vector<ContextField>> context_fields(const policy::Bandit& bandit);

}  // namespace sluice::traffic
