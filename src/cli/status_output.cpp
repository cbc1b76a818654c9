#include "sluice/cli/status_output.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "sluice/cli/terminal.hpp"

namespace sluice::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::uint64_t count(const Json& object, const char* key) {
  const double value = number(object, key);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

/// The list of that name; empty when there is none.
const Json& list(const Json& object, const char* key) {
  static const Json nothing = Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : nothing;
}

const Json& part(const Json& object, const char* key) {
  static const Json nothing = Json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : nothing;
}

Colour colour_of_state(const std::string& state) {
  if (state == "admitted") return Colour::Green;
  return state == "ejected" || state == "unhealthy" ? Colour::Red : Colour::Yellow;
}

std::string gateway_line(const Json& config, const Json& drain, bool colour) {
  const std::string phase = text(drain, "phase");
  std::string out = "Gateway: " + text(config, "build") + "   policy generation " +
                    std::to_string(count(config, "generation")) + " (" + text(config, "hash").substr(0, 8) + ")   " +
                    painted(phase, phase == "serving" ? Colour::Green : Colour::Yellow, colour) + "   " +
                    grouped(count(drain, "openConnections")) + " connections, " +
                    grouped(count(drain, "requestsInFlight")) + " requests in flight\n";
  if (config.value("lastReloadSuccessful", true)) return out;
  return out + painted("The last reload was refused: ", Colour::Red, colour) +
         painted(text(config, "lastReloadError"), Colour::None, colour) + "\n";
}

/// "97.5%"; nothing before the first answer.
std::string success(const Json& version) {
  const std::uint64_t answered = count(version, "answered");
  if (answered == 0) return "";
  const double ratio = 1 - number(version, "failed") / static_cast<double>(answered);
  const auto hundredths = static_cast<std::uint64_t>(ratio * 10000);  // never rounded up to a spotless 100%
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (hundredths == 10000 ? "%" : (rest.size() < 2 ? ".0" : ".") + rest + "%");
}

std::string usable(const Json& endpoints) {
  std::size_t ready = 0;
  for (const Json& endpoint : endpoints) ready += number(endpoint, "share") > 0 ? 1 : 0;
  return std::to_string(ready) + "/" + std::to_string(endpoints.size());
}

std::string versions_table(const Json& route, bool colour) {
  Table table({{"VERSION"},
               {"ROLE"},
               {"TARGET", true},
               {"OBSERVED(n)", true},
               {"ANSWERED", true},
               {"SUCCESS", true},
               {"P50", true},
               {"P95", true},
               {"P99", true},
               {"IN-FLIGHT", true},
               {"ENDPOINTS", true}});
  for (const Json& version : list(route, "versions")) {
    const Json& latency = part(version, "latency");
    const Json& endpoints = list(version, "endpoints");
    const std::uint64_t decisions = count(version, "observedDecisions");
    const std::string ready = usable(endpoints);
    const bool all_ready = ready == std::to_string(endpoints.size()) + "/" + std::to_string(endpoints.size());
    table.add({text(version, "version"), text(version, "role"), percent(number(version, "targetWeight")),
               decisions == 0 ? std::string("-")
                              : percent(number(version, "observedWeight")) + " (" + grouped(decisions) + ")",
               grouped(count(version, "answered")), success(version), short_seconds(number(latency, "p50")),
               short_seconds(number(latency, "p95")), short_seconds(number(latency, "p99")),
               grouped(count(version, "inFlight")), Table::Cell(ready, all_ready ? Colour::None : Colour::Yellow)});
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

std::string status_as_text(const Json& status, bool colour) {
  std::string out = gateway_line(part(status, "config"), part(status, "drain"), colour);
  for (const Json& route : list(status, "routes")) {
    out += "\nRoute: " + painted(text(route, "route"), Colour::Bold, colour) +
           "    Strategy: " + painted(text(route, "strategy"), Colour::None, colour) + "\n";
    out += versions_table(route, colour) + endpoints_table(route, colour);
  }
  return out;
}

}  // namespace sluice::cli
