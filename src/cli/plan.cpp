#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "sluice/cli/exit_codes.hpp"
#include "sluice/cli/foresight.hpp"
#include "sluice/cli/simulate_output.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/rollout/timeline.hpp"

namespace sluice::cli {
namespace {

using rollout::Detection;
using rollout::Timeline;
using rollout::TimelineStep;

struct PlanOptions {
  ForesightOptions common;
  std::vector<std::string> regressions = {"x2", "x5", "50%"};
  std::string longest = "30d";
};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

const Detection* find(const TimelineStep& step, const std::string& regression) {
  for (const auto& detection : step.detections) {
    if (detection.regression == regression) return &detection;
  }
  return nullptr;
}

/// "back in 40s, 12 bad".
std::string detection_text(const Detection* found) {
  if (found == nullptr) return "-";
  const std::string bad = count_text(found->bad_answers) + " bad";
  switch (found->end) {
    case Detection::End::Back:
    case Detection::End::Held:
      return std::string(to_string(found->end)) + " in " + span_text(found->after) + ", " + bad;
    case Detection::End::Unnoticed:
    case Detection::End::Undecided:
      break;
  }
  return std::string(to_string(found->end)) + ", " + bad;
}

std::string end_text(const Timeline& timeline, const std::string& first) {
  const auto& run = timeline.run;
  const std::string when = span_text(run.took);
  if (run.ending == rollout::Ending::Promotes) {
    bool person = false;
    for (const auto& step : timeline.steps) person = person || step.awaits_person;
    return "Promoted after " + when + " at the earliest" + (person ? ", and when a person says so" : "");
  }
  if (run.ending == rollout::Ending::Aborts) {
    return "A candidate as good as " + first + " is rolled back after " + when + ": " + run.message;
  }
  if (run.ending) {
    return std::string(strategy::to_string(run.phase)) + " after " + when + ": " + run.message;
  }
  if (run.phase == strategy::Phase::Idle) return run.message;
  return "Undecided after " + when + ": " + run.message;
}

std::string as_text(const Timeline& timeline, const std::vector<rollout::Regression>& regressions,
                    const std::string& first, bool colour) {
  bool has_stages = false;
  bool has_copies = false;
  for (const auto& step : timeline.steps) {
    has_stages = has_stages || step.stage > 0;
    has_copies = has_copies || step.copies > 0;
  }
  std::vector<Table::Column> columns{{"STARTS", true}};
  if (has_stages) columns.push_back({"STAGE", true});
  for (const char* title : {"STEP"}) columns.push_back({title});
  for (const char* title : {"SHARE", "LASTS", "REQUESTS"}) columns.push_back({title, true});
  if (has_copies) columns.push_back({"COPIES", true});
  columns.push_back({"NOTICES", true});
  for (const auto& regression : regressions) columns.push_back({"ERRORS " + regression.text});
  Table table(std::move(columns));
  for (const auto& step : timeline.steps) {
    std::vector<Table::Cell> row{span_text(step.starts)};
    if (has_stages) row.emplace_back(std::to_string(step.stage));
    row.emplace_back(step.what);
    row.emplace_back(percent(step.share));
    row.emplace_back(step.awaits_person ? "a person" : span_text(step.lasts),
                     step.awaits_person ? Colour::Yellow : Colour::None);
    row.emplace_back(grouped(step.requests));
    if (has_copies) row.emplace_back(grouped(step.copies));
    row.emplace_back(step.smallest ? percent(*step.smallest) : std::string("-"));
    for (const auto& regression : regressions) row.emplace_back(detection_text(find(step, regression.text)));
    table.add(std::move(row));
  }
  std::string out = table.text(colour) + "\n" + painted(end_text(timeline, first), Colour::None, false) +
                    "\nAt worst " + count_text(timeline.worst_bad_answers) + " bad answers more than " + first +
                    "'s with these regressions\n";
  for (const auto& note : timeline.blind_spots) out += "Note: " + painted(note, Colour::None, false) + "\n";
  for (const auto& note : timeline.notes) out += "Note: " + painted(note, Colour::None, false) + "\n";
  return out;
}

Json as_json(const TimelineStep& step) {
  Json detections = Json::array();
  for (const auto& found : step.detections) {
    detections.push_back({{"regression", found.regression},
                          {"end", rollout::to_string(found.end)},
                          {"seconds", seconds(found.after)},
                          {"badAnswers", found.bad_answers}});
  }
  return {{"step", step.what},
          {"stage", step.stage},
          {"share", step.share},
          {"mirrored", step.mirrored},
          {"startsSeconds", seconds(step.starts)},
          {"lastsSeconds", seconds(step.lasts)},
          {"awaitsPerson", step.awaits_person},
          {"requests", step.requests},
          {"copies", step.copies},
          {"noticesErrorRate", step.smallest ? Json(*step.smallest) : Json(nullptr)},
          {"regressions", std::move(detections)}};
}

Json as_json(const Timeline& timeline, Json out) {
  Json steps = Json::array();
  for (const auto& step : timeline.steps) steps.push_back(as_json(step));
  out["steps"] = std::move(steps);
  out["phase"] = strategy::to_string(timeline.run.phase);
  out["reason"] = timeline.run.reason;
  out["seconds"] = seconds(timeline.run.took);
  out["worstBadAnswers"] = timeline.worst_bad_answers;
  out["blindSpots"] = timeline.blind_spots;
  out["notes"] = timeline.notes;
  return out;
}

int plan(const PlanOptions& options) {
  std::vector<rollout::Regression> regressions;
  for (const auto& text : options.regressions) {
    auto parsed = rollout::parse_regression(text);
    if (!parsed) return failed(kNonsense, "--regression " + parsed.error().message);
    regressions.push_back(std::move(parsed).value());
  }
  auto subject = read_subject(options.common);
  if (!subject) return kNonsense;
  Asked asked;
  asked.route = subject->route.name;
  asked.strategy = policy::strategy_name(subject->route.strategy);
  asked.traffic = subject->traffic;
  asked.unknown_checks = subject->unknown_checks;
  rollout::Scenario scenario;
  scenario.route = std::move(subject->route);
  scenario.traffic = asked.traffic;
  scenario.longest = policy::parse_duration(options.longest).value_or(scenario.longest);
  const auto timeline = rollout::make_timeline(scenario, regressions);
  if (!timeline) return failed(kNonsense, timeline.error().message);
  if (options.common.output == "json") {
    Json head = asked_as_json(asked);
    head.erase("seed");
    head.erase("versions");
    std::cout << line_of(as_json(*timeline, std::move(head)));
  } else {
    std::cout << asked_as_text(asked) << "\n"
              << as_text(*timeline, regressions, rollout::first_version(scenario.route), wants_colour());
  }
  return kDone;
}

}  // namespace

void add_plan(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* verb = app.add_subcommand("plan", "See what a policy's rollout does when, and what a bad candidate costs");
  add_foresight_options(*verb, options->common);
  verb->add_option("--regression", options->regressions, "What bad candidates are tried: x2, x5, 50%")
      ->delimiter(',')
      ->capture_default_str()
      ->type_name("LIST");
  verb->add_option("--max", options->longest, "Virtual time after which a rollout counts as undecided")
      ->check(is_duration)
      ->capture_default_str()
      ->type_name("DURATION");
  verb->footer(
      "Nothing is left to chance: exactly the expected requests come, and a person promotes as soon as the checks\n"
      "pass. NOTICES is the smallest error rate that ends a step before its time; the last columns say what becomes\n"
      "of a candidate whose errors rise when the step begins.\n"
      "Exits with 0, or with 2 when the command line or the policy makes no sense.\n\n"
      "Example: sluice plan config/canary.yaml --rate 40 --errors 0.2%");
  verb->callback([options, &exit_code] { exit_code = plan(*options); });
}

}  // namespace sluice::cli
