#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// How the evidence is read, so that every strategy reads it alike.
namespace sluice::strategy {

/// What one version did within the state's window; nothing where it is not known or of another window.
const VersionEvidence& evidence_of(const Evidence& evidence, const RolloutState& state, std::string_view version);

/// How many endpoints of the version may get traffic now; 0 for one that is not there.
std::uint32_t usable_endpoints(const Evidence& evidence, std::string_view version);

/// "0 of 2 endpoints are usable, 1 not checked yet".
std::string usable_text(const Evidence& evidence, std::string_view version);

}  // namespace sluice::strategy
