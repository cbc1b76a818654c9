#pragma once

#include "sluice/base/clock.hpp"

namespace sluice::gateway {

/// The mean of durations within the last few seconds: each counts for less the older it is, and for nothing that
/// matters after ten seconds. One thread; one exponential per value.
class RecentMean {
 public:
  void note(Duration value, TimePoint now) noexcept;
  /// Zero when nothing was noted for ten seconds.
  Duration value(TimePoint now) const noexcept;

 private:
  double sum_ = 0;  // nanoseconds, faded
  double weight_ = 0;
  TimePoint noted_{};
};

}  // namespace sluice::gateway
