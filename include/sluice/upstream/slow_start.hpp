#pragma once

#include "sluice/base/clock.hpp"
#include "sluice/upstream/supervision.hpp"

/// How much traffic an endpoint gets that has just become ready: a pure state machine.
namespace sluice::upstream {

struct SlowStartStatus {
  bool ramping = false;
  TimePoint since{};  ///< when the ramp began
  friend bool operator==(const SlowStartStatus&, const SlowStartStatus&) = default;
};

struct SlowStartStep {
  SlowStartStatus status;
  double share = 1;  ///< of the endpoint's usual traffic, 0…1
};

/// The ramp begins; with a duration of 0 it is over at once.
SlowStartStatus begin_ramp(const SlowStartSettings& settings, TimePoint now) noexcept;

/// Where the ramp is: from `floor` in a straight line to 1. Without one the share is 1.
SlowStartStep ramp_at(const SlowStartSettings& settings, const SlowStartStatus& status, TimePoint now) noexcept;

}  // namespace sluice::upstream
