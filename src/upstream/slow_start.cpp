#include "sluice/upstream/slow_start.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::upstream {

SlowStartStatus begin_ramp(const SlowStartSettings& settings, TimePoint now) noexcept {
  if (settings.duration <= Duration::zero()) return {};
  return {true, now};
}

SlowStartStep ramp_at(const SlowStartSettings& settings, const SlowStartStatus& status, TimePoint now) noexcept {
  if (!status.ramping || now - status.since >= settings.duration) return {{}, 1};
  const std::chrono::duration<double> passed = std::max(now - status.since, Duration::zero());
  const double progress = passed / settings.duration;
  const double floor = std::clamp(settings.floor, 0.0, 1.0);
  return {status, floor + (1 - floor) * progress};
}

}  // namespace sluice::upstream
