#pragma once

#include "rig.hpp"

namespace sluice::strategy::flips {

inline policy::BlueGreen flip() {
  policy::BlueGreen made;
  made.active = "blue";
  made.preview = "green";
  return made;
}

inline policy::BlueGreen automatic() {
  auto made = flip();
  made.auto_promote.enabled = true;
  return made;
}

inline policy::BlueGreen checked_before() {
  auto made = automatic();
  made.pre_promotion.mirror = 10_pct;
  made.pre_promotion.analysis = analysis_of({error_rate_below(0.01)});
  return made;
}

inline policy::BlueGreen checked_after() {
  auto made = automatic();
  made.post_promotion.analysis = analysis_of({error_rate_below(0.01)});
  return made;
}

inline Rig<policy::BlueGreen> rig(policy::BlueGreen spec) {
  return {std::move(spec), {"blue", "green"}};
}

}  // namespace sluice::strategy::flips
