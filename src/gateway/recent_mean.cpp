#include "sluice/gateway/recent_mean.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::gateway {

namespace {

constexpr Duration kFade = std::chrono::seconds(2);  // then a value counts for 1/e
constexpr Duration kForgotten = 5 * kFade;

}  // namespace

void RecentMean::note(Duration value, TimePoint now) noexcept {
  const double aged = static_cast<double>((now - noted_).count()) / static_cast<double>(kFade.count());
  const double fade = weight_ > 0 ? std::exp(-std::max(aged, 0.0)) : 0;
  sum_ = sum_ * fade + static_cast<double>(value.count());
  weight_ = weight_ * fade + 1;
  noted_ = std::max(noted_, now);
}

Duration RecentMean::value(TimePoint now) const noexcept {
  if (weight_ <= 0 || now - noted_ > kForgotten) return Duration(0);
  return Duration(static_cast<Duration::rep>(sum_ / weight_));
}

}  // namespace sluice::gateway
