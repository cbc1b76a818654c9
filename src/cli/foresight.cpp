#include "sluice/cli/foresight.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>

#include "sluice/cli/problem_output.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/reader.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/rollout/simulation.hpp"

namespace sluice::cli {
namespace {

std::string is_rate(const std::string& text) {
  const auto number = policy::parse_number(text);
  return number && *number > 0 && *number <= 1e6 ? std::string() : "\"" + text + "\" is no number up to 1000000";
}

/// The route that is meant; a sentence when there is none.
const policy::ModelRoute* find(const policy::PolicySet& set, const std::string& name, std::string& problem) {
  const policy::ModelRoute* found = nullptr;
  std::string names;
  for (const auto& route : set.routes) {
    const bool is_rollout = !std::holds_alternative<std::monostate>(route.strategy);
    if (is_rollout) names += (names.empty() ? "" : ", ") + route.name;
    if (name.empty() ? !is_rollout : route.name != name) continue;
    if (found != nullptr) {
      problem = "which route? These have a strategy: " + names;
      continue;
    }
    found = &route;
  }
  if (found == nullptr) {
    problem = name.empty() ? "no route has a strategy" : "there is no route \"" + name + "\"";
  } else if (std::holds_alternative<std::monostate>(found->strategy)) {
    problem = "route \"" + name + "\" has no strategy";
  }
  if (name.empty() && found != nullptr && !problem.empty()) problem = "which route? These have a strategy: " + names;
  return problem.empty() ? found : nullptr;
}

}  // namespace

std::string count_text(double value) {
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(0.0, value))));
}

std::string span_text(Duration span) {
  using std::chrono::floor;
  if (span >= std::chrono::seconds(1)) span = floor<std::chrono::seconds>(span);
  return policy::format_duration(floor<std::chrono::milliseconds>(span));
}

std::string is_duration(const std::string& text) {
  const auto duration = policy::parse_duration(text);
  return duration ? std::string() : "\"" + text + "\" is no duration such as 5m";
}

std::string is_share(const std::string& text) {
  const auto ratio = policy::parse_ratio(text);
  return ratio && ratio->fraction >= 0 && ratio->fraction <= 1 ? std::string()
                                                               : "\"" + text + "\" is no share from 0% to 100%";
}

void add_foresight_options(CLI::App& verb, ForesightOptions& options) {
  verb.add_option("path", options.path, "The policy: a file, or a directory of *.yaml files that belong together")
      ->required()
      ->type_name("FILE|DIR");
  verb.add_option("route", options.route, "Whose rollout; may be left out where only one route has a strategy")
      ->type_name("ROUTE");
  verb.add_option("--rate", options.rate, "Requests per second of the route")
      ->check(is_rate)
      ->capture_default_str()
      ->type_name("NUMBER");
  verb.add_option("--errors", options.errors, "Share of the requests that fail anyway")
      ->check(is_share)
      ->capture_default_str()
      ->type_name("SHARE");
  verb.add_option("--latency", options.latency, "Median latency; p99 is 3.2 times that")
      ->check(is_duration)
      ->capture_default_str()
      ->type_name("DURATION");
  verb.add_option("--audience", options.audience, "Share of the requests that belong to the strategy's audience")
      ->check(is_share)
      ->capture_default_str()
      ->type_name("SHARE");
  verb.add_option("-o,--output", options.output, "For people or for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

std::optional<Subject> read_subject(const ForesightOptions& options) {
  policy::Reading reading = policy::read_path(options.path);
  auto problems = std::move(reading.problems);
  const auto inactive = policy::inactive_features(reading.set);
  const bool ok = std::none_of(problems.begin(), problems.end(),
                               [](const auto& problem) { return problem.severity == policy::Severity::Error; });
  problems.insert(problems.end(), inactive.begin(), inactive.end());
  if (!ok || !inactive.empty()) {
    policy::sort_problems(problems);
    std::cerr << problems_as_text(problems, false);
    return std::nullopt;
  }
  std::string problem;
  const policy::ModelRoute* route = find(reading.set, options.route, problem);
  if (route == nullptr) {
    std::cerr << "sluice: " << painted(options.path + ": " + problem, Colour::None, false) << '\n';
    return std::nullopt;
  }
  Subject subject;
  subject.route = *route;
  subject.unknown_checks = rollout::drop_unknown_checks(subject.route);
  subject.traffic.rate = options.rate;
  subject.traffic.error_rate = policy::parse_ratio(options.errors).value_or(Ratio{}).fraction;
  subject.traffic.latency = policy::parse_duration(options.latency).value_or(Duration{});
  subject.traffic.audience = policy::parse_ratio(options.audience).value_or(Ratio{}).fraction;
  return subject;
}

}  // namespace sluice::cli
