#include "sluice/admin/api_json.hpp"

#include <nlohmann/json.hpp>

#include "sluice/admin/rollout_json.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Json copies_json(const CopiesView& copies) {
  std::uint64_t dropped = 0;
  Json reasons = Json::object();
  for (const auto& [reason, count] : copies.dropped) {
    reasons[reason] = count;
    dropped += count;
  }
  return {{"answered", copies.answered}, {"dropped", dropped}, {"reasons", reasons}};
}

Json to_json(const VersionView& version) {
  Json out;
  out["version"] = version.version;
  out["role"] = version.role;
  out["targetWeight"] = version.target_weight;
  out["observedWeight"] = version.observed_weight;
  out["observedDecisions"] = version.observed_decisions;
  out["answered"] = version.answered;
  out["failed"] = version.failed;
  out["rescued"] = version.rescued;
  out["inFlight"] = version.in_flight;
  out["latency"] = {{"p50", seconds(version.p50)}, {"p95", seconds(version.p95)}, {"p99", seconds(version.p99)}};
  if (version.copies) out["copies"] = copies_json(*version.copies);
  out["endpoints"] = Json::array();
  for (const EndpointView& endpoint : version.endpoints) out["endpoints"].push_back(admin::to_json(endpoint));
  return out;
}

/// The text of one field of an order; false when it is there and no text, or empty.
bool take(const Json& value, std::string& out) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return false;
  out = value.get<std::string>();
  return true;
}

Failure<Error> wrong(const std::string& sentence) {
  return fail(Error::client(sentence));
}

}  // namespace

Json to_json(const EndpointView& endpoint) {
  Json out;
  out["endpoint"] = endpoint.endpoint;
  out["state"] = endpoint.state;
  out["share"] = endpoint.share;
  out["reason"] = endpoint.reason;
  out["secondsInState"] = endpoint.seconds_in_state;
  out["stateSince"] = endpoint.state_since == WallTime{} ? Json() : Json(text_of(endpoint.state_since));
  out["lastCheck"] = endpoint.last_check;
  out["inFlight"] = endpoint.in_flight;
  out["ejections"] = endpoint.ejections;
  return out;
}

Json to_json(const RouteView& route) {
  Json out;
  out["route"] = route.route;
  out["strategy"] = route.strategy;
  out["versions"] = Json::array();
  for (const VersionView& version : route.versions) out["versions"].push_back(to_json(version));
  return out;
}

Json to_json(const DrainView& drain) {
  Json out;
  out["phase"] = drain.phase;
  out["signalled"] = drain.signalled;
  out["openConnections"] = drain.open_connections;
  out["requestsInFlight"] = drain.requests_in_flight;
  return out;
}

Json to_json(const ConfigView& config) {
  Json out;
  out["build"] = config.build;
  out["revision"] = config.revision;
  out["policy"] = config.policy;
  out["hash"] = config.hash;
  out["generation"] = config.generation;
  out["lastReloadSuccessful"] = config.last_reload_successful;
  out["lastReloadError"] = config.last_reload_error;
  out["reloadsRefused"] = config.reloads_refused;
  out["stateDamage"] = config.state_damage;
  return out;
}

Result<DrainOrder> parse_drain_order(std::string_view text) {
  DrainOrder order;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return order;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return wrong("the body is no JSON object");
  for (const auto& [key, value] : json.items()) {
    if (key == "undo") {
      if (!value.is_boolean()) return wrong("undo is true or false");
      order.undo = value.get<bool>();
      continue;
    }
    std::string* const field = key == "route"      ? &order.route
                               : key == "version"  ? &order.version
                               : key == "endpoint" ? &order.endpoint
                                                   : nullptr;
    if (field == nullptr) return wrong("unknown field \"" + key + "\"; there are route, version, endpoint and undo");
    if (!take(value, *field)) return wrong(key + " is a name in quotes");
  }
  if (order.route.empty() && !(order.version.empty() && order.endpoint.empty())) {
    return wrong("a version or an endpoint needs its route");
  }
  return order;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::admin
