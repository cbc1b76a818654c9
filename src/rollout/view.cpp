#include "sluice/rollout/view.hpp"

#include <variant>

#include "controller_impl.hpp"
#include "sluice/rollout/conditions.hpp"
#include "sluice/rollout/progress.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/split_check.hpp"
#include "sluice/strategy/verbs.hpp"
#include "view_pairs.hpp"

namespace sluice::rollout {
namespace {

std::vector<VersionShare> shares_of(const RouteEntry& entry) {
  std::vector<VersionShare> out;
  const auto& plan = entry.steering.plan;
  // Numbers of another window are about steps that are over.
  const bool counted = entry.evidence.window == entry.state.window;
  for (std::size_t i = 0; i < entry.policy.versions.size(); ++i) {
    const auto index = static_cast<traffic::VersionIndex>(i);
    VersionShare share;
    share.version = entry.policy.versions[i].name;
    if (i < entry.steering.roles.size()) share.role = entry.steering.roles[i];
    share.target = plan.target_share(index);
    share.mirrored = plan.mirror_share(index);
    const auto* const seen = counted ? entry.evidence.find(share.version) : nullptr;
    if (seen != nullptr) {
      share.requests = seen->all.requests;
      share.failures = seen->all.failures;
      for (const auto& one : seen->outcomes) {
        share.outcomes.push_back({one.name, one.decisions, one.reports, one.events, one.sum});
      }
    }
    out.push_back(std::move(share));
  }
  return out;
}

/// Whether a bandit is what the state is about.
bool is_bandit(const policy::Strategy& strategy, const strategy::RolloutState& state) {
  const auto* const stages = std::get_if<policy::Stages>(&strategy);
  if (stages == nullptr) return std::holds_alternative<policy::Bandit>(strategy);
  return state.stage < stages->stages.size() &&
         std::holds_alternative<policy::Bandit>(stages->stages[state.stage].strategy);
}

std::optional<CertificateView> certificate_of(const strategy::Certificate& known) {
  if (!known.winner.empty()) return CertificateView{known.winner, known.log_e, known.log_threshold, true};
  if (known.leader.empty()) return std::nullopt;
  return CertificateView{known.leader, known.log_e, known.log_threshold, false};
}

std::vector<std::string> verbs_of(const strategy::RolloutState& state) {
  using strategy::Verb;
  std::vector<std::string> out;
  for (const Verb verb : {Verb::Promote, Verb::Pause, Verb::Resume, Verb::Abort, Verb::Retry, Verb::Undo}) {
    const auto permission = strategy::judge({verb, false, {}}, state);
    if (permission.kind == strategy::Permission::Kind::Act) out.emplace_back(strategy::to_string(verb));
  }
  return out;
}

/// One sentence behind the other.
std::string joined(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) out += (out.empty() ? "" : "; ") + sentence;
  return out;
}

}  // namespace

RolloutView Controller::Impl::view(const RouteEntry& entry, WallTime now) const {
  const strategy::RolloutState& state = entry.state;
  const std::vector<PairsView> pairs = pairs_of(entry);
  const Facts facts{
      serving_of(entry.steering, entry.evidence), entry.kept, keeper_.problem(), entry.in_force, joined(damage_),
      strategy::learns_noise(entry.policy),       &pairs};
  const Progress progress = progress_of(entry.policy.strategy, state, now);
  RolloutView out;
  out.route = state.route;
  out.id = strategy::id_of(state);
  out.strategy = state.strategy;
  out.generation = generation_;
  out.observed_generation = state.observed_generation;
  out.serving = facts.serving.word;
  out.phase = state.phase;
  out.reason = state.reason;
  out.message = state.message;
  out.paused_by_person = state.paused;
  out.paused_by = state.paused_by;
  out.step = progress.step;
  out.steps = progress.steps;
  out.step_text = progress.text;
  out.next = progress.next;
  out.stage = progress.stage;
  out.stages = progress.stages;
  out.step_texts = progress.step_texts;
  out.stage_texts = progress.stage_texts;
  out.step_ends = progress.ends;
  out.winner = state.winner;
  out.begun = state.begun;
  out.phase_since = state.phase_since;
  out.ended = state.ended;
  out.undo_until = state.warm_until;
  out.window_since = state.window_since;
  out.versions = shares_of(entry);
  out.checks = state.checks;
  out.check_runs = *state.check_runs;
  out.arms = state.arms;
  std::copy_if(state.segments.begin(), state.segments.end(), std::back_inserter(out.segments),
               [](const strategy::SegmentState& segment) { return !segment.name.empty(); });
  out.arms_earn = is_bandit(entry.policy.strategy, state);
  out.metric = state.experiment.metric.substr(0, state.experiment.metric.find(' '));
  out.certificate = certificate_of(*state.experiment.certificate);
  out.pairs = pairs;
  out.budgets = budgets_of(entry, now);
  out.slots = state.slots;
  if (!state.split.empty()) {
    out.split_log_e = state.split->log_e;
    if (strategy::is_split_doubtful(state)) out.split = strategy::split_text(*state.split);
  }
  out.conditions = conditions_of(state, facts);
  out.verbs = verbs_of(state);
  out.events = keeper_.journal().tail(state.route);
  return out;
}

std::vector<RolloutView> Controller::Impl::views(WallTime now) const {
  std::vector<RolloutView> out;
  out.reserve(routes_.size());
  for (const RouteEntry& entry : routes_) out.push_back(view(entry, now));
  return out;
}

}  // namespace sluice::rollout
