#include "sluice/admin/live_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sluice/admin/api_json.hpp"
#include "sluice/admin/numbers.hpp"
#include "sluice/admin/rollout_json.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

Json seconds_json(const std::optional<Duration>& duration) {
  return duration ? Json(four_digits(std::chrono::duration<double>(*duration).count())) : Json();
}

Json rates_json(const RouteRates& rates) {
  Json out = Json::object();
  for (const VersionRates& version : rates.versions) {
    out[version.version] = {{"rps", four_digits(version.rps)},
                            {"success", version.success ? Json(*version.success) : Json()},
                            {"p50", seconds_json(version.p50)},
                            {"p95", seconds_json(version.p95)},
                            {"p99", seconds_json(version.p99)}};
  }
  return out;
}

/// "pause 10m, 6m12s left" without what is left of it.
std::string without_countdown(const std::string& text) {
  const std::size_t comma = text.rfind(", ");
  const bool counts = comma != std::string::npos && (text.ends_with(" left") || text.ends_with(", over"));
  return counts ? text.substr(0, comma) : text;
}

Json route_json(const RouteView& route) {
  Json out = to_json(route);
  for (Json& version : out["versions"]) {
    for (Json& endpoint : version["endpoints"]) endpoint.erase("secondsInState");
  }
  return out;
}

}  // namespace

Json to_json(const LiveView& live) {
  Json out;
  Json& routes = out["routes"] = Json::object();
  for (const RouteView& route : live.routes) routes[route.route] = route_json(route);
  if (live.rollouts) {
    for (const rollout::RolloutView& rollout : *live.rollouts) {
      const auto page = routes.find(rollout.route);
      if (page == routes.end()) continue;
      Json shown = to_json(rollout);
      shown["stepText"] = without_countdown(rollout.step_text);
      (*page)["rollout"] = std::move(shown);
    }
  }
  for (const RouteRates& rates : live.rates) {
    const auto page = routes.find(rates.route);
    if (page != routes.end()) (*page)["rates"] = rates_json(rates);
  }
  out["config"] = to_json(live.config);
  Json& gateway = out["gateway"] = to_json(live.drain);
  gateway["name"] = live.name;
  gateway["started"] = text_of(live.started);
  return out;
}

}  // namespace sluice::admin
