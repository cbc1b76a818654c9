#include "sluice/app/rollout_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "sluice/strategy/segments.hpp"

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

/// What a look can come to, and who counts it.
constexpr std::array<std::pair<strategy::Verdict, std::uint64_t strategy::CheckRuns::*>, 4> kLooks = {{
    {strategy::Verdict::Pass, &strategy::CheckRuns::passed},
    {strategy::Verdict::Fail, &strategy::CheckRuns::failed},
    {strategy::Verdict::Inconclusive, &strategy::CheckRuns::inconclusive},
    {strategy::Verdict::Error, &strategy::CheckRuns::errors},
}};

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
    snapshot.arms_earn = view.arms_earn;
    count_looks(view, counted);
    // Where there are arms, each has its own; of a single one they are also the rollout's.
    if (view.arms.empty()) show_checks(candidate_of(view), view.checks, snapshot);
    for (const strategy::ArmState& arm : view.arms) {
      snapshot.arms.push_back({arm.version, arm.share, arm.probability_best, arm.lift, arm.lift_lower, arm.lift_upper});
      show_checks(arm.version, arm.checks, snapshot);
    }
    for (const strategy::SegmentState& segment : view.segments) {
      snapshot.segments.push_back({segment.name, segment.version, strategy::evidence_of(segment), segment.excluded});
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

void RolloutMetrics::count_looks(const rollout::RolloutView& view, Counted& counted) {
  const bool goes_on = counted.looked_rollout == view.id;
  // What another process saw of this rollout was counted there.
  const bool is_inherited = counted.looked_rollout.empty();
  for (const strategy::CheckRuns& now : view.check_runs) {
    auto& runs = counted.check_runs[now.name];
    strategy::CheckRuns before;
    const auto known = std::find_if(counted.looks.begin(), counted.looks.end(),
                                    [&](const strategy::CheckRuns& one) { return one.name == now.name; });
    if (goes_on && known != counted.looks.end()) before = *known;
    if (is_inherited) before = now;
    for (const auto& [verdict, member] : kLooks) {
      const std::uint64_t more = now.*member - std::min(before.*member, now.*member);
      runs[std::string(strategy::to_string(verdict))] += more;
    }
  }
  counted.looked_rollout = view.id;
  counted.looks = view.check_runs;
}

void RolloutMetrics::show_checks(const std::string& version, const std::vector<strategy::CheckMemory>& checks,
                                 metrics::RolloutSnapshot& snapshot) {
  for (const strategy::CheckMemory& check : checks) {
    snapshot.checks.push_back({version, check.name, check.value, check.threshold, check.samples, check.proof.evidence});
  }
}

}  // namespace sluice::app
