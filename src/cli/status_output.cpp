#include "sluice/cli/status_output.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <utility>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/pairs_output.hpp"
#include "sluice/cli/rollout_output.hpp"

namespace sluice::cli {

namespace {

Colour colour_of_state(const std::string& state) {
  if (state == "admitted") return Colour::Green;
  return state == "ejected" || state == "unhealthy" ? Colour::Red : Colour::Yellow;
}

const Json* find_named(const Json& list, const char* key, const std::string& name) {
  for (const Json& item : list) {
    if (text(item, key) == name) return &item;
  }
  return nullptr;
}

/// "91.2"; nothing when it is not known.
std::string rate(const Json& version) {
  if (!has_number(version, "rps")) return "-";
  std::array<char, 32> out{};
  const double value = number(version, "rps");
  std::snprintf(out.data(), out.size(), value < 99.95 ? "%.1f" : "%.0f", value);
  return out.data();
}

/// Seconds since 1970 of `2026-11-22T09:51:07.042Z`; 0 for anything else.
double seconds_of(const std::string& time) {
  std::tm utc{};
  const char* rest = strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return 0;
  const double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0;
  return static_cast<double>(timegm(&utc)) + fraction;
}

/// Since the sample before, or else since the evidence counts.
std::optional<double> rate_of(const Json& route, const Json& version, const Json* before, double now) {
  const std::string name = text(version, "version");
  if (before != nullptr && !flag(route, "pooled")) {
    const Json* past_route = find_named(list(*before, "routes"), "route", text(route, "route"));
    const Json* past = past_route == nullptr ? nullptr : find_named(list(*past_route, "versions"), "version", name);
    const double seconds = now - number(*before, "time");
    const double more = past == nullptr ? -1 : number(version, "answered") - number(*past, "answered");
    if (more < 0 || seconds <= 0) return std::nullopt;  // another process answers now
    return more / seconds;
  }
  const Json& rollout = part(route, "rollout");
  const Json* share = find_named(list(rollout, "versions"), "version", name);
  const double since = seconds_of(text(rollout, "windowSince"));
  if (share == nullptr || since <= 0 || now - since < 1) return std::nullopt;
  if (number(*share, "mirrored") > 0) return std::nullopt;  // copies are not among the step's requests
  return number(*share, "requests") / (now - since);
}

std::string route_lines(const Json& route, const Json& config, const Style& style) {
  const Json& rollout = part(route, "rollout");
  const std::string name = "Route:   " + painted(text(route, "route"), Colour::Bold, style.colour);
  std::string strategy = "Strategy: " + painted(text(route, "strategy"), Colour::None, false);
  if (rollout.empty()) return "\n" + in_columns({{name, strategy}});
  const std::uint64_t observed = count(rollout, "observedGeneration");
  strategy += "   policy gen " + std::to_string(count(rollout, "generation")) + " (" + sha_as_text(config) + ")";
  if (observed != count(rollout, "generation")) strategy += " observed " + std::to_string(observed);
  const std::string serving = "Serving: " + serving_as_text(text(rollout, "serving"), style);
  return "\n" + rollout_head(rollout, style, {name, strategy, serving}) + pairs_as_text(rollout);
}

/// Of all rollouts, since they share the store; empty: all are kept.
std::string store_problem(const Json& status) {
  for (const Json& route : list(status, "routes")) {
    const Json* kept = find_named(list(part(route, "rollout"), "conditions"), "type", "StateKept");
    if (kept != nullptr && text(*kept, "status") == "False") return text(*kept, "message");
  }
  return {};
}

std::string usable(const Json& endpoints) {
  std::size_t ready = 0;
  for (const Json& endpoint : endpoints) ready += number(endpoint, "share") > 0 ? 1 : 0;
  return std::to_string(ready) + "/" + std::to_string(endpoints.size());
}

/// "75%", or "50% copies".
std::string target_of(const Json& route, const Json& version) {
  const Json* share = find_named(list(part(route, "rollout"), "versions"), "version", text(version, "version"));
  const double copies = share == nullptr ? 0 : number(*share, "mirrored");
  return copies > 0 ? percent(copies) + " copies" : percent(number(version, "targetWeight"));
}

std::string versions_table(const Json& route, bool colour) {
  Table table({{"VERSION"},
               {"ROLE"},
               {"TARGET", true},
               {"OBSERVED(n)", true},
               {"ANSWERED", true},
               {"SUCCESS", true},
               {"RPS", true},
               {"P50", true},
               {"P95", true},
               {"P99", true},
               {"IN-FLIGHT", true},
               {"ENDPOINTS", true}});
  for (const Json& version : list(route, "versions")) {
    const bool pooled = flag(route, "pooled");
    const std::string success = success_as_text(route, version);
    const Json& endpoints = list(version, "endpoints");
    const std::uint64_t decisions = count(version, "observedDecisions");
    const std::string ready = usable(endpoints);
    const bool all_ready = ready == std::to_string(endpoints.size()) + "/" + std::to_string(endpoints.size());
    table.add({text(version, "version"), text(version, "role"), target_of(route, version),
               decisions == 0 ? std::string("-")
                              : percent(number(version, "observedWeight")) + " (" + grouped(decisions) + ")",
               pooled ? "-" : grouped(count(version, "answered")), success.empty() ? "-" : success, rate(version),
               latency_as_text(version, "p50"), latency_as_text(version, "p95"), latency_as_text(version, "p99"),
               pooled ? "-" : grouped(count(version, "inFlight")),
               Table::Cell(ready, all_ready ? Colour::None : Colour::Yellow)});
  }
  return table.text(colour);
}

std::string endpoints_table(const Json& route, bool colour) {
  Table table({{"ENDPOINT"},
               {"VERSION"},
               {"STATE"},
               {"SHARE", true},
               {"IN-FLIGHT", true},
               {"EJECTIONS", true},
               {"FOR", true},
               {"LAST CHECK"},
               {"REASON"}});
  for (const Json& version : list(route, "versions")) {
    for (const Json& endpoint : list(version, "endpoints")) {
      const std::string state = text(endpoint, "state");
      table.add({text(endpoint, "endpoint"), text(version, "version"), Table::Cell(state, colour_of_state(state)),
                 percent(number(endpoint, "share")), grouped(count(endpoint, "inFlight")),
                 std::to_string(count(endpoint, "ejections")), age(number(endpoint, "secondsInState")),
                 text(endpoint, "lastCheck"), text(endpoint, "reason")});
    }
  }
  return table.text(colour);
}

}  // namespace

std::string gateway_as_text(const Json& status, bool colour) {
  const Json& config = part(status, "config");
  const Json& drain = part(status, "drain");
  const std::string phase = text(drain, "phase");
  std::string out = "Gateway: " + text(config, "build") + "   policy generation " +
                    std::to_string(count(config, "generation")) + " (" + sha_as_text(config) + ")   " +
                    painted(phase, phase == "serving" ? Colour::Green : Colour::Yellow, colour) + "   " +
                    grouped(count(drain, "openConnections")) + " connections, " +
                    grouped(count(drain, "requestsInFlight")) + " requests in flight\n";
  for (const Json& damage : list(config, "stateDamage")) {
    if (!damage.is_string()) continue;
    out += painted("The state was damaged: ", Colour::Red, colour) +
           painted(damage.get<std::string>(), Colour::None, false) + "\n";
  }
  if (const std::string problem = store_problem(status); !problem.empty()) {
    out += painted("The state cannot be kept: ", Colour::Red, colour) + painted(problem, Colour::None, false) + "\n";
  }
  if (config.value("lastReloadSuccessful", true)) return out;
  return out + painted("The last reload was refused: ", Colour::Red, colour) +
         painted(text(config, "lastReloadError"), Colour::None, false) + "\n";
}

std::string sha_as_text(const Json& config) {
  return "sha " + text(config, "hash").substr(0, 8);
}

std::string latency_as_text(const Json& version, const char* quantile) {
  if (count(version, "answered") == 0) return "-";
  return short_seconds(number(part(version, "latency"), quantile));
}

std::string success_as_text(const Json& route, const Json& version) {
  const Json* share = find_named(list(part(route, "rollout"), "versions"), "version", text(version, "version"));
  // Another one answered what this one failed: that is not its success.
  double failed = number(version, "failed") + number(version, "rescued");
  std::uint64_t requests = count(version, "answered") + count(version, "rescued");
  if (share != nullptr && count(*share, "requests") > 0) {
    failed = number(*share, "failures");
    requests = count(*share, "requests");
  }
  if (requests == 0) return "";
  const double ratio = 1 - failed / static_cast<double>(requests);
  // Never rounded up to a spotless 100%.
  const auto hundredths = static_cast<std::uint64_t>(std::max(ratio, 0.0) * 10000);
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (hundredths == 10000 ? "%" : (rest.size() < 2 ? ".0" : ".") + rest + "%");
}

void add_rates(Json& status, const Json* before, double now) {
  status["time"] = now;
  if (!status.contains("routes") || !status["routes"].is_array()) return;
  for (Json& route : status["routes"]) {
    if (!route.is_object() || !route.contains("versions") || !route["versions"].is_array()) continue;
    const Json past = route;
    for (Json& version : route["versions"]) {
      if (!version.is_object()) continue;
      if (const auto rps = rate_of(past, version, before, now)) version["rps"] = *rps;
    }
  }
}

std::string status_as_text(const Json& status, const Style& style, std::size_t events) {
  const Json& config = part(status, "config");
  std::string out = gateway_as_text(status, style.colour);
  for (const Json& route : list(status, "routes")) {
    const Json& rollout = part(route, "rollout");
    const Json& journal = list(route, "journal");
    out += route_lines(route, config, style) + versions_table(route, style.colour) + rollout_tables(rollout, style) +
           endpoints_table(route, style.colour) +
           events_as_text(journal.empty() ? list(rollout, "events") : journal, events, style);
  }
  return out;
}

}  // namespace sluice::cli
