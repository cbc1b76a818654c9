#pragma once

#include <string>
#include <string_view>

#include "sluice/base/result.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// A rollout's state as the text of a record, and back.
namespace sluice::rollout {

/// What is written now. A record of a larger one was written by a newer Sluice and is not guessed at.
inline constexpr std::uint64_t kStateFormat = 1;

/// One JSON object; times are nanoseconds since 1970, shares are fractions. What is empty is left out.
std::string to_json(const strategy::RolloutState& state);

/// Reads what `to_json` wrote. A field that is missing has its default, an unknown one is skipped, so that a field can
/// be added without another format. Fails with one sentence on anything else; never throws.
Result<strategy::RolloutState> parse_state(std::string_view text);

}  // namespace sluice::rollout
