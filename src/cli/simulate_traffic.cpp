#include "sluice/cli/simulate_traffic.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sluice/cli/foresight.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

using policy::ModelRoute;
using rollout::TrafficModel;

std::string take_versions(const std::vector<std::string>& texts, const ModelRoute& route, TrafficModel& model) {
  for (const auto& text : texts) {
    auto parsed = rollout::parse_injection(text, route.outcomes);
    if (!parsed) return "--version " + parsed.error().message;
    if (auto problem = missing_version(route, parsed->first); !problem.empty()) return problem;
    const auto added = model.injections.insert(std::move(parsed).value());
    if (!added.second) return "--version " + added.first->first + " is there twice";
  }
  return {};
}

std::string take_outcomes(const std::vector<std::string>& texts, const ModelRoute& route, TrafficModel& model) {
  for (const auto& text : texts) {
    auto parsed = rollout::parse_outcome_laws(text, route.outcomes);
    if (!parsed) return "--outcome " + parsed.error().message;
    for (auto& [name, law] : *parsed) {
      if (!model.outcomes.emplace(name, law).second) return "--outcome " + name + " is there twice";
    }
  }
  return {};
}

bool can_drift(const ModelRoute& route, const rollout::Drift& drift) {
  if (drift.metric == "error-rate" || drift.metric == "latency") return true;
  if (drift.metric == "rate") return drift.version.empty();
  return std::any_of(route.outcomes.begin(), route.outcomes.end(),
                     [&](const auto& outcome) { return outcome.name == drift.metric; });
}

std::string take_drifts(const std::vector<std::string>& texts, const ModelRoute& route, TrafficModel& model) {
  for (const auto& text : texts) {
    auto parsed = rollout::parse_drift(text);
    if (!parsed) return "--drift " + parsed.error().message;
    if (!parsed->version.empty()) {
      if (auto problem = missing_version(route, parsed->version); !problem.empty()) return problem;
    }
    if (!can_drift(route, *parsed)) {
      return "--drift \"" + text + "\": rate (of all), error-rate, latency and outcomes of the route can drift";
    }
    model.drifts.push_back(std::move(parsed).value());
  }
  return {};
}

std::string take_broken_splits(const std::vector<std::string>& texts, const ModelRoute& route, TrafficModel& model) {
  for (const auto& text : texts) {
    const std::size_t colon = text.rfind(':');
    const auto lost = policy::parse_ratio(colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1));
    if (!lost || lost->fraction < 0 || lost->fraction > 1) return "--broken-split is VERSION:SHARE such as v2:50%";
    if (auto problem = missing_version(route, text.substr(0, colon)); !problem.empty()) return problem;
    model.lost[text.substr(0, colon)] = lost->fraction;
  }
  return {};
}

std::string law_text(const std::string& name, const rollout::OutcomeLaw& law) {
  std::string text;
  if (law.mean) {
    text = policy::format_number(*law.mean) + "±" + policy::format_number(law.deviation.value_or(0)) + " " + name;
    if (law.rate) text += " of " + percent(*law.rate);
  } else if (law.rate) {
    text = percent(*law.rate) + " " + name;
  }
  if (!law.delay) return text;
  if (text.empty()) text = name;
  text += " after " + policy::format_duration(*law.delay);
  return law.sigma ? text + " (log-normal)" : text + " (exponential)";
}

std::string injection_text(const rollout::Injection& injection) {
  std::string text;
  if (injection.error_rate) text += ", " + percent(*injection.error_rate) + " errors";
  if (injection.latency) text += ", " + policy::format_duration(*injection.latency);
  if (injection.latency_p99) text += ", p99 " + policy::format_duration(*injection.latency_p99);
  if (injection.disagreement) text += ", " + percent(*injection.disagreement) + " disagreement";
  if (injection.score_drift) text += ", " + percent(*injection.score_drift) + " score drift";
  for (const auto& [name, law] : injection.outcomes) text += ", " + law_text(name, law);
  if (text.empty()) return "as the others";
  if (injection.after > Duration::zero()) text += " from " + span_text(injection.after) + " on";
  return text.substr(2);
}

}  // namespace

std::string missing_version(const ModelRoute& route, const std::string& name) {
  const bool found = std::any_of(route.versions.begin(), route.versions.end(),
                                 [&](const auto& version) { return version.name == name; });
  return found ? "" : "route \"" + route.name + "\" has no version \"" + name + "\"";
}

void add_traffic_options(CLI::App& verb, TrafficWords& words) {
  verb.add_option("--version", words.versions,
                  "What one version does otherwise; repeatable: "
                  "v2:error-rate=5%,latency=80ms,latency-p99=400ms,disagreement=3%,click=6%,click-delay=20m,after=10m")
      ->type_name("VERSION:INJECTIONS");
  verb.add_option("--outcome", words.outcomes,
                  "What is reported about all versions; repeatable: click=5%,click-delay=20m or revenue=12±3@5%")
      ->type_name("LAWS");
  verb.add_option("--drift", words.drifts,
                  "How the world changes; repeatable: rate:±60%/24h, error-rate:±50%/24h, v2:click:x3/6h")
      ->type_name("[VERSION:]METRIC:CHANGE/TIME");
  verb.add_option("--broken-split", words.broken_splits,
                  "Share of a version's requests that vanish before they are counted; repeatable: v2:50%")
      ->type_name("VERSION:SHARE");
  verb.add_option("--latency-p99", words.latency_p99, "99th percentile of the latency; otherwise 3.2 times --latency")
      ->check(is_duration)
      ->type_name("DURATION");
  verb.add_option("--units", words.population.units, "How many users there are, who come again; 0: always others")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1'000'000}))
      ->capture_default_str();
  verb.add_option("--unit-heterogeneity", words.population.heterogeneity,
                  "Correlation of two requests of one user, 0 to 1: Beta distributed rates")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_option("--unit-skew", words.population.skew,
                  "Some users come much more often: deviation of the logarithm, 0 to 3")
      ->check(CLI::Range(0.0, 3.0))
      ->capture_default_str();
}

std::string apply(const TrafficWords& words, const ModelRoute& route, TrafficModel& model) {
  if (!words.latency_p99.empty()) model.latency_p99 = policy::parse_duration(words.latency_p99);
  model.population = words.population;
  for (const auto& take :
       {take_versions(words.versions, route, model), take_outcomes(words.outcomes, route, model),
        take_drifts(words.drifts, route, model), take_broken_splits(words.broken_splits, route, model)}) {
    if (!take.empty()) return take;
  }
  return {};
}

std::vector<std::string> describe(const TrafficModel& model) {
  std::vector<std::string> lines;
  for (const auto& [name, law] : model.outcomes) lines.push_back("all: " + law_text(name, law));
  for (const auto& [version, injection] : model.injections) lines.push_back(version + ": " + injection_text(injection));
  for (const auto& drift : model.drifts) lines.push_back("drift: " + rollout::to_string(drift));
  for (const auto& [version, lost] : model.lost) lines.push_back(version + ": " + percent(lost) + " vanish");
  if (model.population.units > 0) {
    lines.push_back(grouped(model.population.units) + " users, heterogeneity " +
                    policy::format_number(model.population.heterogeneity) + ", skew " +
                    policy::format_number(model.population.skew));
  }
  return lines;
}

}  // namespace sluice::cli
