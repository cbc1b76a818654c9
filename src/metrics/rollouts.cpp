#include "sluice/metrics/rollouts.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::metrics {

void RolloutDurations::record(Duration duration) noexcept {
  const double seconds = std::max(0.0, std::chrono::duration<double>(duration).count());
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++counts[bucket];
  sum += seconds;
}

}  // namespace sluice::metrics
