#include "sluice/cli/simulate_output.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/cli/foresight.hpp"
#include "sluice/cli/simulate_traffic.hpp"
#include "sluice/cli/terminal.hpp"
#include "sluice/policy/scalars.hpp"

namespace sluice::cli {
namespace {

using rollout::Run;

/// Runs that ended alike.
struct Outcome {
  std::string name;
  std::string phase;
  std::string reason;
  std::vector<const Run*> runs;
};

std::string name_of(const Run& run) {
  if (run.awaits_person) return "waits for a person (" + run.reason + ")";
  if (!run.ending && run.phase != strategy::Phase::Idle) return "undecided (" + run.reason + ")";
  std::string phase(strategy::to_string(run.phase));
  if (!run.winner.empty()) phase = run.winner + " wins: " + phase;
  return run.reason.empty() || run.reason == phase ? phase : phase + " (" + run.reason + ")";
}

std::vector<Outcome> outcomes_of(const std::vector<Run>& runs) {
  std::vector<Outcome> outcomes;
  for (const Run& run : runs) {
    const std::string name = name_of(run);
    auto found = std::find_if(outcomes.begin(), outcomes.end(), [&](const auto& one) { return one.name == name; });
    if (found == outcomes.end()) {
      outcomes.push_back({name, std::string(strategy::to_string(run.phase)), run.reason, {}});
      found = outcomes.end() - 1;
    }
    found->runs.push_back(&run);
  }
  std::stable_sort(outcomes.begin(), outcomes.end(),
                   [](const auto& a, const auto& b) { return a.runs.size() > b.runs.size(); });
  return outcomes;
}

struct Spread {
  double median = 0;
  double p90 = 0;
  double max = 0;
};

template <typename Value>
Spread spread_of(const std::vector<const Run*>& runs, const Value& value) {
  std::vector<double> values;
  for (const Run* run : runs) values.push_back(value(*run));
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
  };
  return {at(0.5), at(0.9), values.back()};
}

double seconds_taken(const Run& run) {
  return std::chrono::duration<double>(run.took).count();
}
double bad_answers(const Run& run) {
  return std::max(0.0, run.tally.bad_answers);
}
double client_errors(const Run& run) {
  return static_cast<double>(run.tally.client_errors);
}
double trial(const Run& run) {
  return static_cast<double>(run.tally.trial);
}

std::string time_text(double value) {
  return span_text(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value)));
}

Json to_json(const Spread& spread) {
  return {{"median", spread.median}, {"p90", spread.p90}, {"max", spread.max}};
}

Colour colour_of(const Outcome& outcome) {
  const auto& ending = outcome.runs.front()->ending;
  if (ending == rollout::Ending::Promotes || ending == rollout::Ending::Concludes) return Colour::Green;
  return ending == rollout::Ending::Aborts ? Colour::Red : Colour::Yellow;
}

double share(std::size_t part, std::size_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

Json laws_as_json(const rollout::OutcomeLaws& laws) {
  Json out = Json::object();
  for (const auto& [name, law] : laws) {
    Json one = Json::object();
    if (law.rate) one["rate"] = *law.rate;
    if (law.mean) one["mean"] = *law.mean;
    if (law.deviation) one["deviation"] = *law.deviation;
    if (law.delay) one["delaySeconds"] = std::chrono::duration<double>(*law.delay).count();
    if (law.sigma) one["sigma"] = *law.sigma;
    out[name] = std::move(one);
  }
  return out;
}

}  // namespace

bool Verdict::is_met() const noexcept {
  return share(met, runs.size()) >= expectation.share.fraction - 1e-12;
}

std::string asked_as_text(const Asked& asked) {
  std::string out = "Route:   " + asked.route + "   Strategy: " + asked.strategy;
  if (asked.seed) out += "   Seed: " + std::to_string(*asked.seed);
  out += "\nTraffic: " + policy::format_number(asked.traffic.rate) + " requests/s, " +
         percent(asked.traffic.error_rate) + " errors, median latency " +
         policy::format_duration(asked.traffic.latency) + "\n";
  for (const auto& line : describe(asked.traffic)) out += "         " + line + "\n";
  if (asked.unknown_checks > 0) {
    out += "Note:    " + std::to_string(asked.unknown_checks) +
           (asked.unknown_checks == 1 ? " check asks Prometheus and is left out\n"
                                      : " checks ask Prometheus and are left out\n");
  }
  return out;
}

std::string outcomes_as_text(const std::vector<Run>& runs, bool colour) {
  Table table({{"OUTCOME"},
               {"RUNS", true},
               {"TIME P50", true},
               {"P90", true},
               {"MAX", true},
               {"BAD ANSWERS P50", true},
               {"P90", true},
               {"MAX", true},
               {"FAILED FOR CLIENTS", true},
               {"REQUESTS ON TRIAL", true}});
  for (const Outcome& outcome : outcomes_of(runs)) {
    const Spread time = spread_of(outcome.runs, seconds_taken);
    const Spread bad = spread_of(outcome.runs, bad_answers);
    table.add({Table::Cell(outcome.name, colour_of(outcome)), percent(share(outcome.runs.size(), runs.size())),
               time_text(time.median), time_text(time.p90), time_text(time.max), count_text(bad.median),
               count_text(bad.p90), count_text(bad.max), count_text(spread_of(outcome.runs, client_errors).median),
               count_text(spread_of(outcome.runs, trial).median)});
  }
  return table.text(colour);
}

Json outcomes_as_json(const std::vector<Run>& runs) {
  Json out = Json::array();
  for (const Outcome& outcome : outcomes_of(runs)) {
    const auto& first = *outcome.runs.front();
    out.push_back({{"outcome", outcome.name},
                   {"phase", outcome.phase},
                   {"reason", outcome.reason},
                   {"ending", first.ending ? Json(rollout::to_string(*first.ending)) : Json(nullptr)},
                   {"runs", outcome.runs.size()},
                   {"share", share(outcome.runs.size(), runs.size())},
                   {"seconds", to_json(spread_of(outcome.runs, seconds_taken))},
                   {"badAnswers", to_json(spread_of(outcome.runs, bad_answers))},
                   {"failedForClients", to_json(spread_of(outcome.runs, client_errors))},
                   {"requestsOnTrial", to_json(spread_of(outcome.runs, trial))}});
  }
  return out;
}

std::string run_as_text(const Run& run, bool colour) {
  Table table({{"TIME", true}, {"EVENT"}, {"WHO"}, {"WHAT"}});
  const WallTime begun = run.journal.empty() ? WallTime{} : run.journal.front().time;
  for (const auto& entry : run.journal) {
    table.add({span_text(entry.time - begun), entry.kind, entry.actor, entry.text});
  }
  return table.text(colour) + "\n" + painted(name_of(run), Colour::Bold, colour) + " after " + span_text(run.took) +
         ": " + painted(run.message, Colour::None, false) + "\n" + grouped(run.tally.requests) + " requests, " +
         grouped(run.tally.trial) + " on trial with " + count_text(bad_answers(run)) +
         " bad answers more than stable's; " + grouped(run.tally.client_errors) + " failed for clients\n";
}

Json run_as_json(const Run& run) {
  Json journal = Json::array();
  const WallTime begun = run.journal.empty() ? WallTime{} : run.journal.front().time;
  for (const auto& entry : run.journal) {
    journal.push_back({{"seconds", std::chrono::duration<double>(entry.time - begun).count()},
                       {"kind", entry.kind},
                       {"actor", entry.actor},
                       {"text", entry.text}});
  }
  return {{"outcome", name_of(run)},
          {"phase", strategy::to_string(run.phase)},
          {"reason", run.reason},
          {"winner", run.winner},
          {"message", run.message},
          {"ending", run.ending ? Json(rollout::to_string(*run.ending)) : Json(nullptr)},
          {"seconds", seconds_taken(run)},
          {"requests", run.tally.requests},
          {"requestsOnTrial", run.tally.trial},
          {"badAnswers", bad_answers(run)},
          {"failedForClients", run.tally.client_errors},
          {"copies", run.tally.copies},
          {"journal", std::move(journal)}};
}

std::string verdicts_as_text(const std::vector<Verdict>& verdicts, bool colour) {
  std::string out;
  for (const Verdict& verdict : verdicts) {
    const bool met = verdict.is_met();
    const auto& wish = verdict.expectation;
    out += painted(met ? "met" : "NOT MET", met ? Colour::Green : Colour::Red, colour) + "  " +
           painted(wish.text, Colour::None, false) + ": " + percent(share(verdict.met, verdict.runs.size())) + " of " +
           grouped(verdict.runs.size()) + " runs, at least " + percent(wish.share.fraction) + " wanted\n";
    std::vector<const Run*> ended;
    for (const Run& run : verdict.runs) {
      if (run.ending == wish.ending) ended.push_back(&run);
    }
    const Spread time = spread_of(ended, seconds_taken);
    if (!ended.empty()) {
      out += "     " + percent(share(ended.size(), verdict.runs.size())) + " " +
             std::string(rollout::to_string(wish.ending)) + ", half of these within " + time_text(time.median) +
             ", 90% within " + time_text(time.p90) + ", the last after " + time_text(time.max) + "\n";
    }
    if (!met) out += outcomes_as_text(verdict.runs, colour);
  }
  return out;
}

Json verdicts_as_json(const std::vector<Verdict>& verdicts) {
  Json out = Json::array();
  for (const Verdict& verdict : verdicts) {
    out.push_back({{"expect", verdict.expectation.text},
                   {"met", verdict.is_met()},
                   {"share", share(verdict.met, verdict.runs.size())},
                   {"wanted", verdict.expectation.share.fraction},
                   {"runs", verdict.runs.size()},
                   {"outcomes", outcomes_as_json(verdict.runs)}});
  }
  return out;
}

Json asked_as_json(const Asked& asked) {
  Json versions = Json::object();
  for (const auto& [version, injection] : asked.traffic.injections) {
    Json one = Json::object();
    if (injection.error_rate) one["errorRate"] = *injection.error_rate;
    if (injection.latency) one["latencySeconds"] = std::chrono::duration<double>(*injection.latency).count();
    if (injection.disagreement) one["disagreement"] = *injection.disagreement;
    if (injection.score_drift) one["scoreDrift"] = *injection.score_drift;
    if (injection.latency_p99) one["latencyP99Seconds"] = std::chrono::duration<double>(*injection.latency_p99).count();
    if (!injection.outcomes.empty()) one["outcomes"] = laws_as_json(injection.outcomes);
    one["afterSeconds"] = std::chrono::duration<double>(injection.after).count();
    versions[version] = std::move(one);
  }
  return {{"route", asked.route},
          {"strategy", asked.strategy},
          {"seed", asked.seed.value_or(0)},
          {"rate", asked.traffic.rate},
          {"errorRate", asked.traffic.error_rate},
          {"latencySeconds", std::chrono::duration<double>(asked.traffic.latency).count()},
          {"audience", asked.traffic.audience},
          {"outcomes", laws_as_json(asked.traffic.outcomes)},
          {"units", asked.traffic.population.units},
          {"unitHeterogeneity", asked.traffic.population.heterogeneity},
          {"unitSkew", asked.traffic.population.skew},
          {"versions", std::move(versions)},
          {"checksLeftOut", asked.unknown_checks}};
}

}  // namespace sluice::cli
