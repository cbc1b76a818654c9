#include "sample_model/faults.hpp"

#include <algorithm>

#include "sample_model/digits.hpp"

namespace sluice::sample_model {

bool FaultInjector::next_fails() noexcept {
  if (faults_.error_rate.fraction <= 0) return false;
  // Not std::uniform_real_distribution: its result differs between standard libraries.
  const auto draw = static_cast<double>(random_() >> 11) * 0x1p-53;
  return draw < faults_.error_rate.fraction;
}

void FaultInjector::fade(std::span<float> pixels) const noexcept {
  const auto lost = static_cast<float>(faults_.drift.fraction) * full_ink;
  for (auto& pixel : pixels) pixel = std::max(0.0f, pixel - lost);
}

}  // namespace sluice::sample_model
