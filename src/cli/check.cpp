#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "sluice/cli/problem_output.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/codes.hpp"
#include "sluice/policy/reader.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/rollout/timeline.hpp"

namespace sluice::cli {
namespace {

struct CheckOptions {
  std::vector<std::string> paths;
  std::string output = "text";
  std::optional<double> rate;  ///< requests per second, to see which steps are too short for it
};

/// Cuts `:NUMBER` off the end; 0 when there is none.
int cut_number(std::string_view& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return 0;
  const auto number = policy::parse_integer(text.substr(colon + 1));
  if (!number || *number > 1'000'000'000) return 0;
  text = text.substr(0, colon);
  return static_cast<int>(*number);
}

/// The sentence of a higher layer as a problem, at the place that it begins with.
policy::Problem as_problem(const std::string& path, const std::string& sentence) {
  policy::Problem problem;
  problem.code = policy::info(policy::Code::Uncompilable).id;
  problem.position.file = path;
  problem.message = sentence;
  const std::size_t end = std::min(sentence.find(": "), sentence.size());
  std::string_view place = std::string_view(sentence).substr(0, end);
  const int column = cut_number(place);
  const int line = cut_number(place);
  if (line > 0 && column > 0 && end < sentence.size()) {
    problem.position = {std::string(place), line, column};
    problem.message = sentence.substr(end + 2);
  }
  return problem;
}

/// Steps of each route's rollout that are over before they notice anything at this rate.
void find_blind_spots(const policy::PolicySet& set, double rate, std::vector<policy::Problem>& problems) {
  for (const policy::ModelRoute& route : set.routes) {
    if (std::holds_alternative<std::monostate>(route.strategy)) continue;
    rollout::Scenario scenario;
    scenario.route = route;
    rollout::drop_unknown_checks(scenario.route);
    scenario.traffic.rate = rate;
    const auto timeline = rollout::make_timeline(scenario, {});
    if (!timeline) continue;
    for (const std::string& sentence : timeline->blind_spots) {
      policy::Problem problem;
      problem.severity = policy::Severity::Warning;
      problem.code = policy::info(policy::Code::BlindStep).id;
      problem.position = route.position;
      problem.path = "spec.strategy";
      problem.message = sentence;
      problems.push_back(std::move(problem));
    }
  }
}

int check(const CheckOptions& options, const PolicyCheck& deeper) {
  std::vector<policy::Problem> problems;
  bool ok = true;
  for (const std::string& path : options.paths) {
    policy::Reading reading = policy::read_path(path);
    if (deeper && reading.ok() && reading.set.inactive.empty()) {
      if (auto sentence = deeper(reading.set)) reading.problems.push_back(as_problem(path, *sentence));
    }
    ok = ok && reading.ok();
    if (options.rate && reading.ok() && reading.set.inactive.empty()) {
      find_blind_spots(reading.set, *options.rate, reading.problems);
    }
    for (policy::Problem& problem : policy::inactive_features(reading.set)) {
      problem.severity = policy::Severity::Warning;
      reading.problems.push_back(std::move(problem));
    }
    policy::sort_problems(reading.problems);
    problems.insert(problems.end(), reading.problems.begin(), reading.problems.end());
  }
  if (options.output == "json") {
    std::cout << problems_as_json(problems);
  } else if (options.output == "github") {
    std::cout << problems_as_github(problems);
  } else {
    std::cout << problems_as_text(problems, wants_colour());
  }
  return ok ? 0 : 2;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code, PolicyCheck deeper) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* verb = app.add_subcommand("check", "Find every problem of a policy without serving it");
  verb->add_option("path", options->paths, "Policies: each a file, or a directory of *.yaml files that belong together")
      ->required()
      ->type_name("FILE|DIR");
  verb->add_option("-o,--output", options->output, "How problems are written")
      ->check(CLI::IsMember({"text", "json", "github"}))
      ->capture_default_str();
  verb->add_option("--rate", options->rate, "Requests per second; warns of steps that see too little at this rate")
      ->check(CLI::Range(0.001, 1e6))
      ->type_name("NUMBER");
  verb->footer(
      "Exits with 0 when every policy is valid and 2 when one is not.\n\nExample: sluice check config/canary.yaml");
  verb->callback([options, deeper = std::move(deeper), &exit_code] { exit_code = check(*options, deeper); });
}

}  // namespace sluice::cli
