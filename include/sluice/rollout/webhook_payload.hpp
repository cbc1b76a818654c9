#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

/// What webhooks are sent: the fields of Flagger's, so that receivers written for it understand.
namespace sluice::rollout {

/// `{"name": route, "namespace": "sluice", "phase": …, "checksum": fingerprint, "metadata": {…}}`. The policy's
/// metadata goes along as it is, together with rollout, strategy and attempt where it does not say these itself.
std::string webhook_payload(const strategy::RolloutState& state, const policy::Webhook& webhook);

/// The same for an `event` hook: eventMessage, eventType ("Normal" or "Warning"), timestamp (milliseconds since 1970)
/// and eventReason (our kind) in the metadata.
std::string event_payload(const strategy::RolloutState& state, const policy::Webhook& webhook,
                          const strategy::Event& event, WallTime now);

/// Whether somebody should look: a failure, a way back, a loss.
bool is_warning(const std::string& kind) noexcept;

/// The hooks of the strategy, or of the stage under way.
const std::vector<policy::Webhook>& webhooks_of(const policy::Strategy& strategy, std::uint32_t stage) noexcept;

/// The hook as something to be sent, once, with its retries.
strategy::Errand to_errand(const policy::Webhook& webhook, std::string key, std::string body);

}  // namespace sluice::rollout
