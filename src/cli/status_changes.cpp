#include "sluice/cli/status_changes.hpp"

#include <array>
#include <cmath>
#include <ctime>
#include <map>
#include <utility>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/rollout_output.hpp"
#include "sluice/cli/status_output.hpp"
#include "sluice/cli/status_summary.hpp"

namespace sluice::cli {

namespace {

std::string date_of(const Json& status) {
  const auto seconds = static_cast<std::time_t>(std::floor(number(status, "time")));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> out{};
  return {out.data(), std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S", &utc)};
}

std::string gateway_line(const Json& status) {
  const Json& config = part(status, "config");
  std::string out = "gateway " + text(part(status, "drain"), "phase") + ", policy generation " +
                    std::to_string(count(config, "generation")) + " (" + sha_as_text(config) + ")";
  if (config.value("lastReloadSuccessful", true)) return out;
  return out + ", the last reload was refused: " + text(config, "lastReloadError");
}

/// "fraud  Paused/AwaitingPromotion  step 3/6 (pause 10m)  v1=75% v2=25%  Healthy  endpoints 5/5"
std::string route_line(const Json& route) {
  const Json& rollout = part(route, "rollout");
  std::string out = text(route, "route");
  const auto add = [&out](const std::string& more) { out += more.empty() ? "" : "  " + more; };
  if (!rollout.empty()) {
    add(phase_cell(rollout, {}).text);
    std::string step = text(rollout, "stepText");
    step = step.substr(0, step.ends_with(" left") || step.ends_with(", over") ? step.rfind(", ") : step.size());
    const std::string numbers = step_in_numbers(rollout);
    const std::string which = numbers.empty() || numbers.starts_with("stage") ? numbers : "step " + numbers;
    if (!which.empty()) step = which + (step.empty() ? "" : " (" + step + ")");
    add(step);
  }
  add(split_as_text(route));
  add(text(rollout, "serving"));
  add("endpoints " + usable_endpoints(route));
  return out;
}

/// By what they are about; "" is the gateway.
std::map<std::string, std::string> lines_of(const Json& status) {
  std::map<std::string, std::string> out{{"", gateway_line(status)}};
  for (const Json& route : list(status, "routes")) out[text(route, "route")] = route_line(route);
  return out;
}

}  // namespace

std::vector<std::string> status_changes(const Json& status, const Json* before) {
  const auto now = lines_of(status);
  const auto past = before == nullptr ? std::map<std::string, std::string>() : lines_of(*before);
  const std::string when = date_of(status) + "  ";
  std::vector<std::string> out;
  for (const auto& [name, line] : now) {
    const auto found = past.find(name);
    if (found == past.end() || found->second != line) out.push_back(when + line);
  }
  for (const auto& [name, line] : past) {
    if (!now.contains(name)) out.push_back(when + name + "  gone");
  }
  return out;
}

}  // namespace sluice::cli
