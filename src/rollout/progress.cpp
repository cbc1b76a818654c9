#include "sluice/rollout/progress.hpp"

#include <algorithm>

#include "sluice/strategy/moves.hpp"

namespace sluice::rollout {
namespace {

using strategy::Phase;
using strategy::RolloutState;

std::string weight_text(double percent) {
  return "setWeight " + strategy::percent(percent / 100).substr(0, strategy::percent(percent / 100).size() - 1);
}

std::string text_of(const policy::Step& step) {
  if (step.kind == policy::StepKind::SetWeight) return weight_text(step.weight);
  return step.pause.duration ? "pause " + strategy::short_duration(*step.pause.duration) : "pause until promote";
}

std::string left(Duration whole, WallTime since, WallTime now) {
  const Duration rest = whole - (now - since);
  return rest > Duration::zero() ? ", " + strategy::short_duration(rest) + " left" : ", over";
}

/// Whether a strategy that says so ends with it.
bool is_end(const std::string& next) {
  return next == "a conclusion" || next == "a winner" || next.starts_with("promotion");
}

/// One overload per strategy; what has no steps says nothing.
struct Describe {
  const RolloutState& state;
  WallTime now;

  Progress operator()(const policy::Canary& canary) const {
    Progress out;
    if (canary.pace == policy::Pace::Evidence) {
      out.text = strategy::percent(state.weight) + " of at most " + strategy::percent(canary.max_weight / 100);
      out.next = state.weight * 100 < canary.max_weight ? "a larger share" : "promotion";
      return out;
    }
    out.steps = static_cast<std::int32_t>(canary.steps.size());
    for (const policy::Step& each : canary.steps) out.step_texts.push_back(text_of(each));
    if (out.steps == 0 || state.phase == Phase::Pending) {
      out.next = out.steps == 0 ? "promotion" : text_of(canary.steps.front());
      return out;
    }
    const auto at = std::clamp(state.step, 0, out.steps - 1);
    const auto& step = canary.steps[static_cast<std::size_t>(at)];
    out.step = at + 1;
    out.text = text_of(step);
    if (step.kind == policy::StepKind::Pause && step.pause.duration) {
      out.text += left(*step.pause.duration, state.step_since, now);
      out.ends = state.step_since + *step.pause.duration;
    }
    out.next = out.step < out.steps ? text_of(canary.steps[static_cast<std::size_t>(out.step)]) : "promotion";
    return out;
  }

  Progress operator()(const policy::BlueGreen& blue_green) const {
    Progress out;
    out.steps = 2;
    out.step = state.step == 0 ? 1 : 2;
    out.step_texts = {"try " + blue_green.preview, "watch " + blue_green.preview + " with all traffic"};
    out.text = out.step_texts[state.step == 0 ? 0 : 1];
    out.next = state.step == 0 ? "switch" : "promotion";
    if (state.reason == "AwaitingTime") out.ends = state.step_since + blue_green.auto_promote.after;
    return out;
  }

  Progress operator()(const policy::Rolling& /*rolling*/) const {
    Progress out;
    out.steps = static_cast<std::int32_t>(state.slots.size());
    const auto done =
        static_cast<std::int32_t>(std::count_if(state.slots.begin(), state.slots.end(), [](const auto& slot) {
          return slot.phase == strategy::SlotPhase::New;
        }));
    out.step = std::min(done + 1, out.steps);
    out.text = std::to_string(done) + " of " + std::to_string(out.steps) + " instances replaced";
    out.next = done < out.steps ? "the next instance" : "promotion";
    return out;
  }

  Progress operator()(const policy::AbTest& test) const {
    Progress out;
    if (state.phase == Phase::Idle) return out;
    out.text = "compare " + test.primary_metric;
    if (test.max_duration) {
      out.text += left(*test.max_duration, state.step_since, now);
      out.ends = state.step_since + *test.max_duration;
    }
    out.next = test.on_winner == policy::OnWinner::Promote ? "promotion of the winner" : "a winner";
    return out;
  }

  Progress operator()(const policy::Bandit& bandit) const {
    Progress out;
    out.text = "shares follow what " + std::to_string(bandit.arms.size()) + " arms earn";
    if (bandit.stop_when) out.next = "promotion of the best";
    return out;
  }

  Progress operator()(const policy::Shadow& shadow) const {
    Progress out;
    out.text = "copies to " + std::to_string(shadow.candidates.size()) +
               (shadow.candidates.size() == 1 ? " candidate" : " candidates");
    if (shadow.stop_when == policy::ShadowStop::Conclusive) out.next = "a conclusion";
    return out;
  }

  Progress operator()(const policy::Stages& stages) const {
    if (stages.stages.empty()) return {};
    const auto at = std::min<std::size_t>(state.stage, stages.stages.size() - 1);
    Progress out = std::visit(*this, stages.stages[at].strategy);
    out.stage = static_cast<std::uint32_t>(at + 1);
    out.stages = static_cast<std::uint32_t>(stages.stages.size());
    for (const policy::Stage& stage : stages.stages) {
      out.stage_texts.emplace_back(policy::strategy_name(stage.strategy));
    }
    // The end of a stage is not what it would be alone.
    const bool waits = state.reason == "AwaitingApproval" || state.reason == "AwaitingStageTime";
    const bool ends = is_end(out.next) || waits;
    if (out.stage < out.stages && ends) {
      out.next = "stage " + std::to_string(out.stage + 1) + " of " + std::to_string(out.stages);
    }
    return out;
  }

  Progress operator()(const std::monostate& /*none*/) const { return {}; }
};

}  // namespace

Progress progress_of(const policy::Strategy& strategy, const RolloutState& state, WallTime now) {
  Progress out = std::visit(Describe{state, now}, strategy);
  if (strategy::is_over(state.phase)) out.text = out.next = {}, out.ends.reset();
  return out;
}

}  // namespace sluice::rollout
