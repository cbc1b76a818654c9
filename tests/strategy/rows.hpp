#pragma once

#include <utility>
#include <vector>

#include "rig.hpp"

namespace sluice::strategy::rows {

inline policy::Shadow shadow() {
  policy::Shadow made;
  made.live = "v1";
  made.candidates = {{"v2", 50, {}}};
  made.analysis = analysis_of({error_rate_below(0.01)});
  made.stop_when = policy::ShadowStop::Conclusive;
  return made;
}

/// One share of 20 %, then everything.
inline policy::Canary canary() {
  policy::Canary made;
  made.stable = "v1";
  made.candidate = "v2";
  made.steps.emplace_back().weight = 20;
  made.analysis = analysis_of({error_rate_below(0.01)});
  return made;
}

inline policy::BlueGreen flip() {
  policy::BlueGreen made;
  made.active = "v1";
  made.preview = "v2";
  made.auto_promote.enabled = true;
  made.post_promotion.analysis = analysis_of({error_rate_below(0.01)});
  return made;
}

inline policy::AbTest even_split() {
  policy::AbTest made;
  made.variants = {{"v1", 1, {}}, {"v2", 1, {}}};
  return made;
}

inline policy::AbTest test_of_errors() {
  auto made = even_split();
  made.primary_metric = "error-rate";
  made.on_winner = policy::OnWinner::Promote;
  return made;
}

inline policy::Stage stage(policy::StageStrategy strategy, policy::StageEnd until = policy::StageEnd::Passed,
                           Duration at_least = {}) {
  policy::Stage made;
  made.strategy = std::move(strategy);
  made.until = until;
  made.at_least = at_least;
  return made;
}

inline Rig<policy::Stages> rig(std::vector<policy::Stage> stages) {
  return {policy::Stages{std::move(stages)}, {"v1", "v2"}};
}

inline void pass_shadow(Rig<policy::Stages>& r) {
  r.copy("v2", 500);
  r.tick(std::chrono::seconds(10));
}

/// A canary's first tick begins its first share.
inline void pass_canary(Rig<policy::Stages>& r) {
  for (int i = 0; i < 3 && r.state.weight == 0; ++i) r.tick();
  r.serve("v1", 2000);
  r.serve("v2", 500);
  r.tick(std::chrono::seconds(10));
}

}  // namespace sluice::strategy::rows
