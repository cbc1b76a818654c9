#include "sluice/app/rollout_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace sluice::app {

namespace {

using strategy::Phase;

constexpr std::array kPhases = {Phase::Idle,       Phase::Pending,     Phase::Progressing, Phase::Paused,
                                Phase::Held,       Phase::RollingBack, Phase::Promoted,    Phase::Concluded,
                                Phase::RolledBack, Phase::Aborted,     Phase::Superseded};

/// The kinds of journal entries with which a rollout ends; a promotion that is undone ends it twice.
constexpr std::array<std::string_view, 6> kEnds = {"Promoted", "Concluded", "RolledBack",
                                                   "Aborted",  "Undone",    "Superseded"};

/// Evidence beyond this is as good as any, and stays a number.
constexpr double most_log_shown = 100;

bool is_end(std::string_view kind) {
  for (const std::string_view end : kEnds) {
    if (end == kind) return true;
  }
  return false;
}

/// The version that a rollout's own checks are about.
std::string candidate_of(const rollout::RolloutView& view) {
  for (const rollout::VersionShare& version : view.versions) {
    if (version.role == "candidate" || version.role == "preview") return version.version;
  }
  return {};
}

}  // namespace

bool RolloutMetrics::wants_reason(const state::JournalEntry& entry) {
  return entry.kind == "RolledBack" || entry.kind == "Aborted" || entry.kind == "Undone";
}

void RolloutMetrics::on_entry(const state::JournalEntry& entry, std::string_view reason) {
  if (entry.route.empty()) return;
  Counted& counted = routes_[entry.route];
  if (entry.kind == "Begun" || entry.kind == "Retried") counted.begun[entry.rollout] = entry.time;
  if (!is_end(entry.kind)) return;
  ++counted.results[entry.kind];
  if (wants_reason(entry)) ++counted.aborts[std::string(reason)];
  const auto begun = counted.begun.find(entry.rollout);
  if (begun == counted.begun.end()) return;
  counted.durations.record(entry.time - begun->second);
  counted.begun.erase(begun);
}

std::vector<metrics::RolloutSnapshot> RolloutMetrics::update(const std::vector<rollout::RolloutView>& views) {
  std::vector<metrics::RolloutSnapshot> snapshots;
  for (const rollout::RolloutView& view : views) {
    Counted& counted = routes_[view.route];
    // A rollout that was under way when the process started has said Begun to another process.
    if (!strategy::is_over(view.phase) && view.phase != Phase::Idle) counted.begun.try_emplace(view.id, view.begun);
    metrics::RolloutSnapshot& snapshot = snapshots.emplace_back();
    snapshot.route = view.route;
    snapshot.phase = strategy::to_string(view.phase);
    for (const Phase phase : kPhases) snapshot.phases.emplace_back(strategy::to_string(phase));
    snapshot.step = view.step;
    snapshot.metric = view.metric;
    count_looks(view, candidate_of(view), view.checks, counted, snapshot);
    for (const strategy::ArmState& arm : view.arms) {
      snapshot.arms.push_back({arm.version, arm.share, arm.probability_best, arm.lift, arm.lift_lower, arm.lift_upper});
      count_looks(view, arm.version, arm.checks, counted, snapshot);
    }
    if (view.split_log_e) snapshot.split_mismatch = std::exp(std::min(*view.split_log_e, most_log_shown));
    snapshot.results = counted.results;
    for (const std::string_view end : kEnds) snapshot.results.try_emplace(std::string(end), 0);
    snapshot.durations = counted.durations;
    snapshot.aborts = counted.aborts;
    snapshot.check_runs = counted.check_runs;
  }
  return snapshots;
}

void RolloutMetrics::count_looks(const rollout::RolloutView& view, const std::string& version,
                                 const std::vector<strategy::CheckMemory>& checks, Counted& counted,
                                 metrics::RolloutSnapshot& snapshot) {
  for (const strategy::CheckMemory& check : checks) {
    snapshot.checks.push_back({version, check.name, check.value, check.threshold, check.samples, check.proof.evidence});
    Looks& before = counted.looks[{version, check.name}];
    // Looks start anew with every window; between two updates there is at most one.
    const Looks now{check.looks, view.id, view.window_since};
    const bool looked =
        check.looks != 0 && (now.count != before.count || now.rollout != before.rollout || now.window != before.window);
    before = now;
    if (looked) ++counted.check_runs[check.name][std::string(strategy::to_string(check.verdict))];
  }
}

}  // namespace sluice::app
