#include "sluice/rollout/webhook_payload.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace sluice::rollout {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string text_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

OrderedJson payload(const strategy::RolloutState& state, const policy::Webhook& webhook) {
  OrderedJson metadata = OrderedJson::object();
  for (const auto& [name, value] : webhook.metadata) metadata[name] = value;
  const auto add = [&](const char* name, std::string value) {
    if (!metadata.contains(name)) metadata[name] = std::move(value);
  };
  add("rollout", strategy::id_of(state));
  add("strategy", state.strategy);
  add("attempt", std::to_string(state.attempt));
  OrderedJson out;
  out["name"] = state.route;
  out["namespace"] = "sluice";
  out["phase"] = std::string(strategy::to_string(state.phase));
  out["checksum"] = state.fingerprint;
  out["metadata"] = std::move(metadata);
  return out;
}

const std::vector<policy::Webhook> no_hooks;

struct HooksOf {
  std::uint32_t stage = 0;

  const std::vector<policy::Webhook>& operator()(const policy::Stages& stages) const noexcept {
    if (stage >= stages.stages.size()) return no_hooks;
    return std::visit(*this, stages.stages[stage].strategy);
  }
  template <typename S>
  const std::vector<policy::Webhook>& operator()(const S& strategy) const noexcept {
    if constexpr (requires { strategy.webhooks; }) {
      return strategy.webhooks;
    } else {
      return no_hooks;
    }
  }
};

}  // namespace

std::string webhook_payload(const strategy::RolloutState& state, const policy::Webhook& webhook) {
  return text_of(payload(state, webhook));
}

std::string event_payload(const strategy::RolloutState& state, const policy::Webhook& webhook,
                          const strategy::Event& event, WallTime now) {
  OrderedJson out = payload(state, webhook);
  OrderedJson& metadata = out["metadata"];
  metadata["eventMessage"] = event.text;
  metadata["eventType"] = is_warning(event.kind) ? "Warning" : "Normal";
  metadata["eventReason"] = event.kind;
  metadata["timestamp"] =
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  return text_of(out);
}

bool is_warning(const std::string& kind) noexcept {
  static constexpr std::array<std::string_view, 8> kinds = {
      "Held", "CheckFailed", "RolledBack", "Aborted", "ArmDropped", "SegmentExcluded", "StoreAlarm", "DriftFound"};
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

const std::vector<policy::Webhook>& webhooks_of(const policy::Strategy& strategy, std::uint32_t stage) noexcept {
  return std::visit(HooksOf{stage}, strategy);
}

strategy::Errand to_errand(const policy::Webhook& webhook, std::string key, std::string body) {
  strategy::Errand errand;
  errand.key = std::move(key);
  errand.url = webhook.url;
  errand.body = std::move(body);
  errand.timeout = webhook.timeout;
  errand.retries = webhook.retries;
  return errand;
}

}  // namespace sluice::rollout
