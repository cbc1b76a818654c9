#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "sluice/cli/problem_output.hpp"
#include "sluice/policy/codes.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::cli {
namespace {

struct CheckOptions {
  std::vector<std::string> paths;
  std::string output = "text";
};

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return (no_colour == nullptr || *no_colour == '\0') && isatty(STDOUT_FILENO) == 1;
}

/// The sentence of a higher layer as a problem, at the place that it begins with.
policy::Problem as_problem(const std::string& path, std::string sentence) {
  policy::Problem problem;
  problem.code = policy::info(policy::Code::Uncompilable).id;
  problem.position.file = path;
  static const std::regex located("^(.*?):([0-9]{1,9}):([0-9]{1,9}): ");
  if (std::smatch place; std::regex_search(sentence, place, located)) {
    problem.position = {place[1], std::stoi(place[2]), std::stoi(place[3])};
    sentence = place.suffix();
  }
  problem.message = std::move(sentence);
  return problem;
}

int check(const CheckOptions& options, const PolicyCheck& deeper) {
  std::vector<policy::Problem> problems;
  bool ok = true;
  for (const std::string& path : options.paths) {
    policy::Reading reading = policy::read_path(path);
    if (deeper && reading.ok() && reading.set.inactive.empty()) {
      if (auto sentence = deeper(reading.set)) reading.problems.push_back(as_problem(path, std::move(*sentence)));
    }
    ok = ok && reading.ok();
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
  verb->footer(
      "Exits with 0 when every policy is valid and 2 when one is not.\n\nExample: sluice check config/canary.yaml");
  verb->callback([options, deeper = std::move(deeper), &exit_code] { exit_code = check(*options, deeper); });
}

}  // namespace sluice::cli
