#include "sluice/strategy/gate.hpp"

#include <algorithm>
#include <string_view>

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

/// How often a question is asked again that was not answered with 200.
constexpr Duration ask_again = 5s;
/// What a try may take beyond its timeout, until a tick has begun it and another has seen its end.
constexpr Duration between_ticks = 2s;
/// Before a try that follows one that failed, as errands are run: doubled with every try, up to the longest.
constexpr Duration first_pause = 1s;
constexpr Duration longest_pause = 30s;

std::string_view name_of(policy::WebhookType type) noexcept {
  switch (type) {
    case policy::WebhookType::ConfirmRollout:
      return "confirm-rollout";
    case policy::WebhookType::PreRollout:
      return "pre-rollout";
    case policy::WebhookType::Rollout:
      return "rollout";
    case policy::WebhookType::ConfirmTrafficIncrease:
      return "confirm-traffic-increase";
    case policy::WebhookType::ConfirmPromotion:
      return "confirm-promotion";
    case policy::WebhookType::PostRollout:
      return "post-rollout";
    case policy::WebhookType::Rollback:
      return "rollback";
    case policy::WebhookType::Event:
      return "event";
  }
  return "";
}

bool is_question(policy::WebhookType type) noexcept {
  return type == policy::WebhookType::ConfirmRollout || type == policy::WebhookType::ConfirmTrafficIncrease ||
         type == policy::WebhookType::ConfirmPromotion;
}

/// "confirm-promotion", or "confirm-promotion 'review board'" when it has a name of its own.
std::string called(const policy::Webhook& webhook) {
  const std::string type(name_of(webhook.type));
  return webhook.name.empty() || webhook.name == type ? type : type + " '" + webhook.name + "'";
}

/// Wishes one call and reads what came of it; null: nothing yet.
const ErrandAnswer* call(const policy::Webhook& webhook, std::size_t index, const std::string& moment,
                         const Context& context, Transition& transition) {
  Errand errand;
  errand.key = errand_prefix(transition.state) + "/" + moment + "/" + std::string(name_of(webhook.type)) + "/" +
               std::to_string(index);
  errand.url = webhook.url;
  errand.webhook = &webhook;
  errand.timeout = webhook.timeout;
  errand.retries = webhook.retries;
  if (is_question(webhook.type)) errand.again = ask_again;
  const auto found = context.evidence.errands.find(errand.key);
  transition.errands.push_back(std::move(errand));
  return found == context.evidence.errands.end() ? nullptr : &found->second;
}

bool is_no(const ErrandAnswer* answer) noexcept {
  return answer != nullptr &&
         (answer->state == ErrandAnswer::State::Refused || answer->state == ErrandAnswer::State::Failed);
}

std::string with_detail(std::string who, const ErrandAnswer& answer) {
  if (!answer.detail.empty()) return who + ": " + answer.detail;
  return answer.status == 0 ? who + " does not answer" : who + " answers " + std::to_string(answer.status);
}

Duration longest_asking(const policy::Webhook& webhook) {
  Duration made = webhook.timeout + between_ticks;
  Duration pause = first_pause;
  for (std::uint32_t i = 0; i < webhook.retries; ++i) {
    made += pause + webhook.timeout + between_ticks;
    pause = std::min(2 * pause, longest_pause);
  }
  return made;
}

/// The worst answer stands: Refused before Waiting before Open.
void worsen(Gate& gate, GateAnswer answer, std::string message) {
  if (answer <= gate.answer) return;
  gate.answer = answer;
  gate.message = std::move(message);
}

}  // namespace

Duration hook_turn(const std::vector<policy::Webhook>& webhooks, Duration interval) {
  Duration turn = std::max<Duration>(interval, 1ms);
  for (const auto& webhook : webhooks) {
    const bool comes_again =
        webhook.type == policy::WebhookType::Rollout || webhook.type == policy::WebhookType::Rollback;
    if (comes_again) turn = std::max(turn, longest_asking(webhook));
  }
  return turn;
}

std::string errand_prefix(const RolloutState& state) {
  const std::string prefix = id_of(state) + "/" + std::to_string(state.attempt);
  // Two stages ask at moments of the same name.
  return state.stage == 0 ? prefix : prefix + "/stage" + std::to_string(state.stage + 1);
}

Gate ask(const std::vector<policy::Webhook>& webhooks, policy::WebhookType type, const std::string& moment,
         const Context& context, Transition& transition) {
  Gate gate;
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    const policy::Webhook& webhook = webhooks[i];
    if (webhook.type != type) continue;
    const ErrandAnswer* answer = call(webhook, i, moment, context, transition);
    if (answer != nullptr && answer->state == ErrandAnswer::State::Succeeded) continue;
    if (!is_no(answer)) {
      worsen(gate, GateAnswer::Waiting, "waiting for " + called(webhook));
    } else {
      worsen(gate, is_question(type) ? GateAnswer::Waiting : GateAnswer::Refused,
             with_detail(called(webhook), *answer));
    }
  }
  return gate;
}

std::optional<std::string> rollback_wish(const std::vector<policy::Webhook>& webhooks, const std::string& moment,
                                         const Context& context, Transition& transition) {
  std::optional<std::string> wish;
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    if (webhooks[i].type != policy::WebhookType::Rollback) continue;
    const ErrandAnswer* answer = call(webhooks[i], i, moment, context, transition);
    const bool says_so = answer != nullptr && answer->state == ErrandAnswer::State::Succeeded;
    if (says_so && !wish) wish = called(webhooks[i]) + " asks for it";
  }
  return wish;
}

}  // namespace sluice::strategy
