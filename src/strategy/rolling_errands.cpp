#include "rolling_errands.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "rolling_slots.hpp"
#include "sluice/strategy/gate.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

constexpr Duration hear_again = 1s;
constexpr std::uint32_t further_tries = 2;

std::string quoted(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string made = "\"";
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    if (one == '"' || one == '\\') {
      made.append({'\\', one});
    } else if (byte < 0x20) {
      made.append("\\u00").append({hex[byte >> 4], hex[byte & 15]});
    } else {
      made.push_back(one);
    }
  }
  return made + '"';
}

std::string json_object(const std::map<std::string, std::string>& fields) {
  std::string made = "{";
  for (const auto& [name, value] : fields) {
    if (made.size() > 1) made += ',';
    made += quoted(name) + ':' + quoted(value);
  }
  return made + '}';
}

bool speaks_tls(const policy::ModelRoute& route, const std::string& version, const std::string& authority) {
  for (const policy::Version& named : route.versions) {
    if (named.name != version) continue;
    for (const policy::Endpoint& endpoint : named.endpoints) {
      if (endpoint.scheme != policy::Scheme::Https) continue;
      const std::string tail = ":" + std::to_string(endpoint.port);
      const bool v6 = endpoint.host.find(':') != std::string::npos;
      if (authority == (v6 ? "[" + endpoint.host + "]" : endpoint.host) + tail) return true;
    }
  }
  return false;
}

/// Reads the answer to an errand and wishes it.
Progress run(Errand errand, const std::string& what, const Context& context, Transition& transition) {
  const auto found = context.evidence.errands.find(errand.key);
  transition.errands.push_back(std::move(errand));
  if (found == context.evidence.errands.end()) return {Progress::Kind::Waiting, what};
  const ErrandAnswer& answer = found->second;
  switch (answer.state) {
    case ErrandAnswer::State::Succeeded:
      return {Progress::Kind::Done, ""};
    case ErrandAnswer::State::Running:
      return {Progress::Kind::Waiting, what};
    case ErrandAnswer::State::Refused:
    case ErrandAnswer::State::Failed:
      break;
  }
  std::string detail = answer.detail;
  if (detail.empty()) detail = answer.status == 0 ? "no answer" : "status " + std::to_string(answer.status);
  return {Progress::Kind::Failed, what + ": " + detail};
}

/// "fraud-3/1/10.0.0.1:8000/try1/".
std::string key_of(const RolloutState& state, const SlotState& slot) {
  return errand_prefix(state) + "/" + name_of(slot) + "/try" + std::to_string(slot.tries) + "/";
}

/// The repository API of one slot's server.
class Server {
 public:
  Server(const policy::Rolling& rolling, const Context& context, std::size_t index, const RolloutState& state)
      : rolling_(rolling), slot_(state.slots[index]) {
    version_ = slot_.back ? rolling.stable : rolling.candidate;
    authority_ = slot_.back ? slot_.stable : slot_.candidate;
    base_ = (speaks_tls(context.route, version_, authority_) ? "https://" : "http://") + authority_ + "/v2/";
    key_ = key_of(state, slot_);
  }

  const std::string& model() const { return rolling_.repository->model; }
  const std::string& authority() const { return authority_; }

  Errand change(const char* action) const {
    Errand errand;
    errand.key = key_ + action;
    errand.url = base_ + "repository/models/" + model() + "/" + action;
    errand.body = "{}";
    errand.timeout = rolling_.replace_timeout;
    errand.retries = further_tries;
    return errand;
  }

  Errand load() const {
    Errand errand = change("load");
    const auto& parameters =
        slot_.back ? rolling_.repository->stable_parameters : rolling_.repository->candidate_parameters;
    if (!parameters.empty()) errand.body = "{\"parameters\":" + json_object(parameters) + "}";
    return errand;
  }

  Errand ready() const {
    Errand errand;
    errand.key = key_ + "ready";
    errand.method = "GET";
    errand.url = base_ + "models/" + model() + "/ready";
    errand.again = hear_again;
    return errand;
  }

 private:
  const policy::Rolling& rolling_;
  const SlotState& slot_;
  std::string version_;
  std::string authority_;
  std::string base_;
  std::string key_;
};

Progress load_model(const policy::Rolling& rolling, const Context& context, std::size_t index, Transition& transition) {
  const Server server(rolling, context, index, transition.state);
  if (rolling.repository->unload) {
    auto unloaded =
        run(server.change("unload"), server.authority() + " unloads '" + server.model() + "'", context, transition);
    if (unloaded.kind != Progress::Kind::Done) return unloaded;
  }
  return run(server.load(), server.authority() + " loads '" + server.model() + "'", context, transition);
}

/// The payload that webhooks of this kind are known to get, with what an instance is about.
std::string payload(const policy::Rolling& rolling, const policy::Webhook& webhook, const RolloutState& state,
                    std::size_t index) {
  const SlotState& slot = state.slots[index];
  auto metadata = webhook.metadata;
  metadata["instance"] = std::to_string(index);
  metadata["stable"] = slot.stable;
  metadata["candidate"] = slot.candidate;
  metadata["from"] = slot.back ? rolling.candidate : rolling.stable;
  metadata["to"] = slot.back ? rolling.stable : rolling.candidate;
  metadata["rollout"] = id_of(state);
  return "{\"name\":" + quoted(state.route) + ",\"namespace\":\"sluice\",\"phase\":" +
         quoted(to_string(slot.back ? Phase::RollingBack : Phase::Progressing)) +
         ",\"checksum\":" + quoted(state.fingerprint) + ",\"metadata\":" + json_object(metadata) + "}";
}

Progress ask_outside(const policy::Rolling& rolling, const Context& context, std::size_t index,
                     Transition& transition) {
  Progress worst;
  const SlotState slot = transition.state.slots[index];
  for (std::size_t i = 0; i < rolling.webhooks.size(); ++i) {
    const policy::Webhook& webhook = rolling.webhooks[i];
    if (webhook.type != policy::WebhookType::Rollout) continue;
    Errand errand;
    errand.key = key_of(transition.state, slot) + "rollout/" + std::to_string(i);
    errand.url = webhook.url;
    errand.body = payload(rolling, webhook, transition.state, index);
    errand.timeout = webhook.timeout;
    errand.retries = webhook.retries;
    const std::string who = webhook.name.empty() ? "the rollout webhook" : "'" + webhook.name + "'";
    auto answered = run(std::move(errand), who + " is to replace " + (slot.back ? slot.candidate : slot.stable),
                        context, transition);
    if (answered.kind > worst.kind) worst = std::move(answered);
  }
  return worst;
}

}  // namespace

const std::string& name_of(const SlotState& slot) noexcept {
  return slot.candidate.empty() ? slot.stable : slot.candidate;
}

Progress replace_instance(const policy::Rolling& rolling, const Context& context, std::size_t index,
                          Transition& transition) {
  switch (rolling.replace) {
    case policy::Replace::Endpoints:
      return {};
    case policy::Replace::ModelRepository:
      if (!rolling.repository) return {};
      return load_model(rolling, context, index, transition);
    case policy::Replace::Webhook:
      return ask_outside(rolling, context, index, transition);
  }
  return {};
}

Progress model_is_ready(const policy::Rolling& rolling, const Context& context, std::size_t index,
                        Transition& transition) {
  if (rolling.replace != policy::Replace::ModelRepository || !rolling.repository) return {};
  const Server server(rolling, context, index, transition.state);
  auto ready =
      run(server.ready(), "'" + server.model() + "' at " + server.authority() + " becomes ready", context, transition);
  if (ready.kind == Progress::Kind::Failed) ready.kind = Progress::Kind::Waiting;
  return ready;
}

}  // namespace sluice::strategy
