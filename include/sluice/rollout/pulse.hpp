#pragma once

#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/policy/strategy.hpp"

namespace sluice::rollout {

/// When a simulated controller is to look next, so that days pass in a few thousand looks: right behind whatever
/// happened, then at the checks' own interval, and at every moment that the policy names. After a thousand looks at the
/// same step the next one comes a thousandth of the step's time later. Looks are level-triggered, so one more or less
/// changes nothing but how soon something is seen.
class Pulse {
 public:
  Pulse(const policy::Strategy& strategy, WallTime begun);

  /// Something happened: a step began, shares moved.
  void happened(WallTime now);
  void enter_stage(std::uint32_t stage) noexcept { stage_ = stage; }
  /// The next look after `now`.
  WallTime next(WallTime now) const;

 private:
  std::vector<Duration> intervals_;  // by stage
  std::vector<Duration> moments_;    // after anything that happened
  std::vector<WallTime> past_;       // when something did, newest last
  std::uint32_t stage_ = 0;
};

}  // namespace sluice::rollout
