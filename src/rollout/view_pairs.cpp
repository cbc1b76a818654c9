#include "view_pairs.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "sluice/policy/metrics.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/stats/replay.hpp"
#include "sluice/strategy/shadow.hpp"
#include "sluice/strategy/shadow_spending.hpp"

namespace sluice::rollout {
namespace {

/// Of what is only shown.
constexpr double usual_doubt = 0.05;
constexpr double usual_reports = 5000;
constexpr double usual_pairs = 1000;

/// What copies are judged by now.
struct Judged {
  const std::vector<policy::Check>* checks = nullptr;  // null: nothing is
  double doubt = usual_doubt;
};

/// By the strategy under way, which is no row of stages.
struct JudgedBy {
  static Judged by(const std::optional<policy::Analysis>& analysis) {
    if (!analysis) return {};
    return {&analysis->checks, 1 - analysis->confidence.fraction};
  }
  static Judged by(const std::vector<policy::Check>& guardrails) {
    return {&guardrails, 1 - policy::Analysis{}.confidence.fraction};
  }
  Judged operator()(const policy::BlueGreen& flip) const { return by(flip.pre_promotion.analysis); }
  Judged operator()(const policy::Canary& canary) const { return by(canary.analysis); }
  Judged operator()(const policy::Rolling& rolling) const { return by(rolling.analysis); }
  Judged operator()(const policy::AbTest& test) const { return by(test.guardrails); }
  Judged operator()(const policy::Bandit& bandit) const { return by(bandit.guardrails); }
  template <typename Other>
  Judged operator()(const Other& /*shadows are asked before*/) const {
    return {};
  }
};

Judged judged_by(const RouteEntry& entry) {
  if (const auto* shadow = strategy::shadow_under_way(entry.policy.strategy, entry.state)) {
    const policy::Analysis* analysis = strategy::shadow_analysis(*shadow);
    if (analysis == nullptr) return {};
    return {&analysis->checks, 1 - analysis->confidence.fraction};
  }
  const auto* stages = std::get_if<policy::Stages>(&entry.policy.strategy);
  if (stages == nullptr) return std::visit(JudgedBy(), entry.policy.strategy);
  if (entry.state.stage >= stages->stages.size()) return {};
  return std::visit(JudgedBy(), stages->stages[entry.state.stage].strategy);
}

void take_limit(const Judged& judged, PairsView& view) {
  if (judged.checks == nullptr) return;
  for (const auto& check : *judged.checks) {
    if (check.metric != policy::disagreement_metric || !check.threshold_range || !check.threshold_range->max) continue;
    view.limit = check.threshold_range->max->value;
    view.pairs_certify = stats::pairs_to_certify(*view.limit, judged.doubt);
    return;
  }
}

ReplayView replay_of(const strategy::PairEvidence::Replay& replay, const std::vector<policy::Outcome>& outcomes) {
  const auto outcome = std::find_if(outcomes.begin(), outcomes.end(),
                                    [&](const policy::Outcome& one) { return one.name == replay.outcome; });
  const bool binary = outcome != outcomes.end() && outcome->type == policy::OutcomeType::Binary;
  const auto found = stats::replay_estimate(replay.tally, binary, usual_doubt, usual_reports);
  ReplayView view;
  view.outcome = replay.outcome;
  view.value = found.value;
  if (found.interval) {
    view.lower = found.interval->lower;
    view.upper = found.interval->upper;
  }
  view.covered = found.covered;
  view.served = found.served;
  view.agreeing = found.agreeing;
  view.differing = found.differing;
  if (found.bounds) {
    view.least = found.bounds->lower;
    view.most = found.bounds->upper;
  }
  return view;
}

std::optional<PairsView::Difference> difference_of(const stats::PairedMean& seen, double doubt) {
  if (seen.pairs == 0) return std::nullopt;
  PairsView::Difference made{seen.mean, {}, {}};
  if (const auto lies = stats::paired_mean_confidence(seen, doubt, usual_pairs)) {
    made.lower = lies->lower;
    made.upper = lies->upper;
  }
  return made;
}

PairsView view_of(const strategy::PairEvidence& seen, const policy::ModelRoute& route, double doubt) {
  PairsView view;
  view.pairs = seen.tally.pairs();
  view.compared = seen.tally.compared();
  view.disagreements = seen.tally.disagreements();
  view.disagreement = seen.tally.disagreement();
  if (view.compared > 0) {
    auto counts = seen.tally.comparisons();
    view.lower = stats::disagreement_confidence(counts, doubt).lower;
    // Pairs that agree by noise that is doubtful may be such that do not.
    for (std::size_t i = 0; i < counts.size() && i < seen.unsettled.size(); ++i) {
      counts[i].disagreements += seen.unsettled[i];
    }
    view.upper = stats::disagreement_confidence(counts, doubt).upper;
  }
  view.twins = seen.twins;
  view.refused_twins = seen.refused_twins;
  view.noise_known = seen.noise_known;
  view.noisy_fields = seen.noisy_fields;
  view.worst_field = seen.worst_field;
  view.worst_field_pairs = seen.worst_field_pairs;
  view.score = difference_of(seen.tally.score_difference(), doubt);
  view.latency = difference_of(seen.tally.latency_difference(), doubt);
  view.rows = seen.rows;
  view.flips = seen.flips;
  for (std::size_t i = 0; i < seen.segments.size() && i < route.segments.size(); ++i) {
    view.segments.push_back({route.segments[i].name, seen.segments[i].pairs, seen.segments[i].disagreements});
  }
  for (const auto& replay : seen.replays) view.replays.push_back(replay_of(replay, route.outcomes));
  return view;
}

}  // namespace

std::vector<PairsView> pairs_of(const RouteEntry& entry) {
  std::vector<PairsView> views;
  // Numbers of another window are about something else.
  if (entry.evidence.window != entry.state.window) return views;
  const Judged judged = judged_by(entry);
  for (const auto& version : entry.evidence.versions) {
    if (version.pairs == nullptr) continue;
    PairsView view = view_of(*version.pairs, entry.policy, judged.doubt);
    view.version = version.version;
    take_limit(judged, view);
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<BudgetView> budgets_of(const RouteEntry& entry, WallTime now) {
  std::vector<BudgetView> views;
  const auto* shadow = strategy::shadow_under_way(entry.policy.strategy, entry.state);
  if (shadow == nullptr) return views;
  const auto spending = strategy::spending_of(entry.state, entry.evidence, now);
  for (auto& line : strategy::budget_lines(shadow->budget, spending)) {
    views.push_back({std::move(line.name), line.spent, line.limit});
  }
  return views;
}

}  // namespace sluice::rollout
