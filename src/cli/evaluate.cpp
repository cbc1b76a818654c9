#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/foresight.hpp"
#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/outcomes/evaluation.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

struct EvaluateOptions {
  std::vector<std::string> logs;
  std::vector<std::string> policies;
  std::string route;
  std::string reward;
  std::string mature = "0s";
  std::string confidence = "95%";
  std::string output = "text";
};

struct JudgedPolicy {
  std::string policy;
  stats::OffPolicyAnswer answer;
};

std::string reward_text(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

std::string estimate_text(const stats::OffPolicyEstimate& estimate) {
  return reward_text(estimate.value) + " [" + reward_text(estimate.interval.lower) + ", " +
         reward_text(estimate.interval.upper) + "]";
}

Json estimate_json(const stats::OffPolicyEstimate& estimate) {
  return {{"value", estimate.value}, {"lower", estimate.interval.lower}, {"upper", estimate.interval.upper}};
}

/// Better or worse than what was in force, for certain.
std::string standing_of(const stats::OffPolicyAnswer& answer) {
  const auto& own = answer.doubly_robust.interval;
  const auto& logged = answer.logged.interval;
  if (own.lower > logged.upper) return "earns more than what was in force";
  if (own.upper < logged.lower) return "earns less than what was in force";
  return "no certain difference";
}

std::string summary_text(const outcomes::LogSummary& log, const EvaluateOptions& options,
                         const stats::OffPolicyEstimate& logged) {
  std::string text =
      "Route:   " + painted(log.route, Colour::None, false) + "\nReward:  " +
      (options.reward.empty() ? std::string("an answer below 500") : painted(options.reward, Colour::None, false)) +
      "\nLog:     " + grouped(log.decisions) + " decisions (";
  const char* before = "";
  for (const auto& [version, count] : log.by_version) {
    text += before + painted(version, Colour::None, false) + " " + grouped(count);
    before = ", ";
  }
  text += ")";
  if (!options.reward.empty()) text += ", " + grouped(log.outcomes) + " reports";
  text += "\nEarned:  " + estimate_text(logged) + " per decision\n";
  if (log.immature > 0) text += "Left out: " + grouped(log.immature) + " decisions whose outcome may still come\n";
  if (log.orphans > 0)
    text += "Left out: " + grouped(log.orphans) + " reports about decisions that are not in the log\n";
  if (log.unreadable > 0) text += "Left out: " + grouped(log.unreadable) + " lines that are no entries\n";
  return text;
}

std::string as_text(const std::vector<JudgedPolicy>& asked, bool colour) {
  Table table(
      {{"POLICY"}, {"DOUBLY ROBUST", true}, {"SNIPS", true}, {"IPS", true}, {"EFFECTIVE N", true}, {"VERDICT"}});
  for (const auto& [policy, answer] : asked) {
    const bool refused = answer.refusal != stats::OffPolicyRefusal::None;
    const auto cell = [&](const stats::OffPolicyEstimate& one) { return refused ? "-" : estimate_text(one); };
    table.add({policy, cell(answer.doubly_robust), cell(answer.snips), cell(answer.ips),
               grouped(static_cast<std::uint64_t>(answer.effective)),
               refused
                   ? Table::Cell("cannot be told: " + std::string(outcomes::reason_of(answer.refusal)), Colour::Yellow)
                   : Table::Cell(standing_of(answer))});
  }
  return table.text(colour);
}

Json as_json(const JudgedPolicy& asked) {
  const auto& answer = asked.answer;
  Json out = {{"policy", asked.policy},
              {"decisions", answer.decisions},
              {"effective", answer.effective},
              {"meanWeight", answer.mean_weight},
              {"heaviest", answer.heaviest},
              {"clippedDecisions", answer.clipped_decisions},
              {"clippedWeight", answer.clipped_weight},
              {"unsupported", answer.unsupported}};
  if (answer.refusal != stats::OffPolicyRefusal::None) {
    out["refused"] = outcomes::reason_of(answer.refusal);
    return out;
  }
  out["ips"] = estimate_json(answer.ips);
  out["snips"] = estimate_json(answer.snips);
  out["doublyRobust"] = estimate_json(answer.doubly_robust);
  return out;
}

int makes_no_sense(const std::string& message) {
  std::cerr << "sluice: " << painted(message, Colour::None, false) << '\n';
  return kNonsense;
}

int evaluate(const EvaluateOptions& options) {
  outcomes::EvaluationRules rules;
  rules.route = options.route;
  rules.reward.outcome = options.reward;
  rules.reward.mature = policy::parse_duration(options.mature).value_or(Duration{0});
  rules.estimates.confidence = policy::parse_ratio(options.confidence).value_or(95_pct).fraction;
  if (!(rules.estimates.confidence > 0) || rules.estimates.confidence >= 1) {
    return makes_no_sense("--confidence lies between 0% and 100%");
  }
  std::vector<outcomes::TargetPolicy> targets;
  for (const auto& text : options.policies) {
    auto target = outcomes::TargetPolicy::parse(text);
    if (!target) return makes_no_sense("--policy: " + target.error().message);
    targets.push_back(std::move(target).value());
  }
  outcomes::LoggedExperiment experiment(std::move(rules));
  for (const auto& path : options.logs) {
    std::ifstream file(path);
    if (!file) return makes_no_sense("cannot read " + path);
    experiment.read(file);
  }
  const auto log = experiment.finish();
  if (!log) return makes_no_sense(log.error().message);

  std::vector<JudgedPolicy> asked;
  for (const auto& target : targets) asked.push_back({target.text(), experiment.ask(target)});
  if (options.output == "json") {
    Json policies = Json::array();
    for (const auto& one : asked) policies.push_back(as_json(one));
    std::cout << line_of({{"route", log->route},
                          {"decisions", log->decisions},
                          {"immature", log->immature},
                          {"outcomes", log->outcomes},
                          {"orphans", log->orphans},
                          {"unreadable", log->unreadable},
                          {"versions", log->by_version},
                          {"logged", estimate_json(asked.front().answer.logged)},
                          {"policies", std::move(policies)}});
  } else {
    std::cout << summary_text(*log, options, asked.front().answer.logged) << '\n' << as_text(asked, wants_colour());
  }
  const bool all = std::all_of(asked.begin(), asked.end(), [](const JudgedPolicy& one) {
    return one.answer.refusal == stats::OffPolicyRefusal::None;
  });
  return all ? kDone : kRefused;
}

}  // namespace

void add_evaluate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* verb = app.add_subcommand("evaluate", "See what another policy would have earned, from a decision log");
  verb->add_option("LOG", options->logs, "Files of a decision log (spec.decisionLog of the gateway)")
      ->required()
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verb->add_option("--policy", options->policies,
                   "What would have been chosen: 'v2', 'v1:30%,v2:70%', 'v2 if country=DE; v1'; may be repeated")
      ->required()
      ->type_name("POLICY")
      ->allow_extra_args(false);
  verb->add_option("--route", options->route, "The route; needed when the log has several")->type_name("ROUTE");
  verb->add_option("--reward", options->reward, "The outcome that counts; without it, an answer below 500 is 1")
      ->type_name("OUTCOME");
  verb->add_option("--mature", options->mature,
                   "Leaves out decisions younger than this at the log's end: the outcome's attribution window")
      ->check(is_duration)
      ->capture_default_str()
      ->type_name("DURATION");
  verb->add_option("--confidence", options->confidence, "Of the intervals")
      ->check(is_share)
      ->capture_default_str()
      ->type_name("PERCENT");
  verb->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->footer(
      "Only decisions that a split drew by chance are in a log; each one is weighted by how much more often the other\n"
      "policy would have chosen its version. A policy that the log says too little about is refused.\n"
      "Exits with 0; 2 when the command line or the log makes no sense; 3 when a policy was refused.\n\n"
      "Example: sluice evaluate decisions.ndjson --reward click --policy v2 --policy 'v2 if country=DE; v1'");
  verb->callback([options, &exit_code] { exit_code = evaluate(*options); });
}

}  // namespace sluice::cli
