#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/experiment_output.hpp"
#include "sluice/cli/foresight.hpp"
#include "sluice/cli/run_progress.hpp"
#include "sluice/cli/simulate_output.hpp"
#include "sluice/cli/simulate_traffic.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

struct SimulateOptions {
  ForesightOptions common;
  std::uint64_t seed = 1;
  std::size_t runs = 1000;
  TrafficWords traffic;
  std::string longest = "7d";
  std::string approve_after;
  bool promote_pauses = false;
  bool gates_closed = false;
  std::vector<std::string> expectations;
  std::string experiment;
  std::size_t replications = 0;
  std::vector<std::string> parameters;
  bool markdown = false;
};

constexpr std::size_t most_runs = 1'000'000;

Result<std::vector<rollout::Run>> run_all(const rollout::Scenario& scenario, const SimulateOptions& options) {
  RunProgress progress(options.runs);
  return rollout::simulate_many(scenario, options.seed, options.runs, [&](std::size_t runs) { progress.done(runs); });
}

class Simulation {
 public:
  Simulation(const SimulateOptions& options, Subject subject) : options_(options) {
    asked_.route = subject.route.name;
    asked_.strategy = policy::strategy_name(subject.route.strategy);
    asked_.seed = options.seed;
    asked_.unknown_checks = subject.unknown_checks;
    scenario_.route = std::move(subject.route);
    scenario_.traffic = std::move(subject.traffic);
    scenario_.traffic.gates_open = !options.gates_closed;
    scenario_.longest = policy::parse_duration(options.longest).value_or(scenario_.longest);
    if (!options.approve_after.empty()) scenario_.approve_after = policy::parse_duration(options.approve_after);
    if (options.promote_pauses) scenario_.approve_after = Duration::zero();
  }

  int run() {
    if (auto problem = take_words(); !problem.empty()) return failed(kNonsense, problem);
    asked_.traffic = scenario_.traffic;
    if (!expectations_.empty()) return expect();
    return options_.runs == 1 ? one() : many();
  }

 private:
  /// `--version` and `--expect`; a sentence when one makes no sense.
  std::string take_words() {
    auto problem = apply(options_.traffic, scenario_.route, scenario_.traffic);
    if (!problem.empty()) return problem;
    for (const auto& text : options_.expectations) {
      auto parsed = rollout::parse_expectation(text, scenario_.route.outcomes);
      if (!parsed) return "--expect " + parsed.error().message;
      problem = missing_version(scenario_.route, parsed->version);
      if (!problem.empty()) return problem;
      expectations_.push_back(std::move(parsed).value());
    }
    return {};
  }

  int one() {
    const auto run = rollout::simulate(scenario_, options_.seed);
    if (!run) return failed(kNonsense, run.error().message);
    if (is_json()) return print(with_head("run", run_as_json(*run)));
    return print(asked_as_text(asked_) + "\n" + run_as_text(*run, wants_colour()));
  }

  int many() {
    const auto runs = run_all(scenario_, options_);
    if (!runs) return failed(kNonsense, runs.error().message);
    if (is_json()) return print(with_head("outcomes", outcomes_as_json(*runs)));
    return print(asked_as_text(asked_) + "\n" + outcomes_as_text(*runs, wants_colour()));
  }

  /// Each expectation has runs of its own; 1 when one is not met.
  int expect() {
    std::vector<Verdict> verdicts;
    bool all_met = true;
    for (auto& expectation : expectations_) {
      rollout::Scenario scenario = scenario_;
      scenario.traffic.injections[expectation.version] = expectation.injection;
      auto runs = run_all(scenario, options_);
      if (!runs) return failed(kNonsense, runs.error().message);
      Verdict verdict{std::move(expectation), std::move(runs).value(), 0};
      verdict.met =
          static_cast<std::size_t>(std::count_if(verdict.runs.begin(), verdict.runs.end(), [&](const auto& run) {
            return rollout::meets(run, verdict.expectation);
          }));
      all_met = all_met && verdict.is_met();
      verdicts.push_back(std::move(verdict));
    }
    is_json() ? print(with_head("expectations", verdicts_as_json(verdicts)))
              : print(verdicts_as_text(verdicts, wants_colour()));
    return all_met ? kDone : 1;
  }

  bool is_json() const { return options_.common.output == "json"; }
  Json with_head(const char* key, Json part) const {
    Json out = asked_as_json(asked_);
    out["runs"] = options_.runs;
    out[key] = std::move(part);
    return out;
  }
  static int print(const Json& json) { return print(line_of(json)); }
  static int print(const std::string& text) {
    std::cout << text;
    return kDone;
  }

  const SimulateOptions& options_;
  rollout::Scenario scenario_;
  Asked asked_;
  std::vector<rollout::Expectation> expectations_;
};

/// `--experiment`: 1 when a wish is not met.
int experiment(const SimulateOptions& options) {
  const bool json = options.common.output == "json";
  if (options.experiment == "list") {
    std::cout << (json ? line_of(experiments_as_json()) : experiments_as_text(wants_colour()));
    return kDone;
  }
  const rollout::Experiment* found = rollout::find_experiment(options.experiment);
  if (found == nullptr) {
    return failed(kNonsense, "there is no experiment \"" + options.experiment + "\"; --experiment list shows all");
  }
  rollout::Parameters overrides;
  for (const auto& text : options.parameters) {
    if (text == "list") {
      std::cout << experiment_as_text(*found, wants_colour());
      return kDone;
    }
    auto parsed = parse_parameter(text);
    if (!parsed) return failed(kNonsense, "--set " + parsed.error().message);
    overrides.insert_or_assign(parsed->first, parsed->second);
  }
  RunProgress progress(options.replications == 0 ? found->replications : options.replications,
                       "replications of " + found->name);
  const auto result = rollout::run_experiment(*found, overrides, options.seed, options.replications,
                                              [&](std::size_t done) { progress.done(done); });
  if (!result) return failed(kNonsense, result.error().message);
  if (options.markdown) {
    std::cout << result_as_markdown(*found, *result);
  } else {
    std::cout << (json ? line_of(result_as_json(*found, *result)) : result_as_text(*found, *result, wants_colour()));
  }
  const auto& figures = result->figures;
  return std::all_of(figures.begin(), figures.end(), [](const auto& figure) { return figure.is_met(); }) ? kDone : 1;
}

int simulate(const SimulateOptions& options) {
  if (!options.experiment.empty()) return experiment(options);
  if (options.common.path.empty())
    return failed(kNonsense, "a policy or an --experiment is needed, for example: sluice simulate config/canary.yaml");
  auto subject = read_subject(options.common);
  return subject ? Simulation(options, std::move(*subject)).run() : kNonsense;
}

}  // namespace

void add_simulate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* verb = app.add_subcommand("simulate", "See how a rollout would end, with traffic that is drawn");
  add_foresight_options(*verb, options->common);
  verb->get_option("path")->required(false);
  verb->add_option("--seed", options->seed, "Equal seeds give equal results")->capture_default_str();
  verb->add_option("--runs", options->runs, "How many; one shows its journal")
      ->check(CLI::Range(std::size_t{1}, most_runs))
      ->capture_default_str();
  add_traffic_options(*verb, options->traffic);
  verb->add_option("--max", options->longest, "Virtual time after which a run ends undecided")
      ->check(is_duration)
      ->capture_default_str()
      ->type_name("DURATION");
  verb->add_option("--approve-after", options->approve_after,
                   "A person promotes so long after a pause without end began, once the checks pass")
      ->check(is_duration)
      ->type_name("DURATION");
  verb->add_flag("--promote-pauses", options->promote_pauses, "The same, as soon as the checks pass");
  verb->add_flag("--gates-closed", options->gates_closed, "Webhooks that are asked never answer; otherwise at once");
  verb->add_option("--expect", options->expectations,
                   "What must come of it; repeatable: \"v2:error-rate=5% aborts within 2m in 95% of runs\"")
      ->type_name("SENTENCE");
  verb->add_option("--experiment", options->experiment,
                   "Without a policy: how good decisions are, by a named experiment; \"list\" shows all")
      ->type_name("NAME");
  verb->add_option("--replications", options->replications, "Of the experiment; 0: as many as its figures need")
      ->check(CLI::Range(std::size_t{0}, most_runs))
      ->capture_default_str();
  verb->add_option("--set", options->parameters,
                   "A parameter of the experiment; repeatable: share=10%, looks=500; \"list\" shows all")
      ->type_name("NAME=VALUE");
  verb->add_flag("--markdown", options->markdown, "The experiment's figures as rows of a table in Markdown");
  verb->footer(
      "An --expect is VERSION[:INJECTIONS] promotes|aborts|holds|concludes [within DURATION] [in N% of runs].\n"
      "Exits with 0 when every expectation is met (or there is none), with 1 when one is not, with 2 when the\n"
      "command line or the policy makes no sense.\n\n"
      "Example: sluice simulate config/canary.yaml --promote-pauses --version v2:error-rate=5%\n"
      "         sluice simulate config/canary.yaml --expect \"v2:error-rate=10% aborts within 5m\"\n"
      "         sluice simulate --experiment detect-5x --set share=10% --replications 500");
  verb->callback([options, &exit_code] { exit_code = simulate(*options); });
}

}  // namespace sluice::cli
