#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// What the webhooks of one type say.
enum class GateAnswer : std::uint8_t {
  Open,     ///< there is none, or all said 200
  Waiting,  ///< at least one has not answered, or says no to a question that is asked again
  Refused,  ///< at least one said no, or never answered, where that counts as a failure
};

struct Gate {
  GateAnswer answer = GateAnswer::Open;
  std::string message;  ///< who is waited for, or who said what
};

/// Asks all webhooks of a type: adds their errands to the transition and reads the answers that are there. `confirm-*`
/// hooks are asked again until they say 200. `moment` tells one asking from the next: "step2", "look17".
Gate ask(const std::vector<policy::Webhook>& webhooks, policy::WebhookType type, const std::string& moment,
         const Context& context, Transition& transition);

/// The hooks of type `rollback`, where one 200 is enough: who asks for it, or nothing. The same rules otherwise.
std::optional<std::string> rollback_wish(const std::vector<policy::Webhook>& webhooks, const std::string& moment,
                                         const Context& context, Transition& transition);

/// How long one asking of the hooks of types `rollout` and `rollback` lasts before they are asked again: `interval`, or
/// as long as the slowest of them may take with all its tries and the pauses in between, so that it is heard.
Duration hook_turn(const std::vector<policy::Webhook>& webhooks, Duration interval);

/// The errands' common beginning: "fraud-3/1", and from the second stage on "fraud-3/1/stage2".
std::string errand_prefix(const RolloutState& state);

}  // namespace sluice::strategy
