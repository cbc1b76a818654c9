#include "sluice/strategy/harm.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/stats/excess_risk.hpp"

namespace sluice::strategy {
namespace {

struct Interval {
  double low = 0;
  double high = 1;
};

/// Wilson's interval for a proportion.
Interval wilson(const Counts& counts) noexcept {
  if (counts.requests == 0) return {};
  constexpr double z = 1.959964;
  const double n = static_cast<double>(counts.requests);
  const double p = failure_rate(counts);
  const double middle = p + z * z / (2 * n);
  const double reach = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (middle - reach) / scale), std::min(1.0, (middle + reach) / scale)};
}

}  // namespace

double failure_rate(const Counts& counts) noexcept {
  return counts.requests == 0 ? 0 : static_cast<double>(counts.failures) / static_cast<double>(counts.requests);
}

double extra_failures(const Counts& candidate, const Counts& control) noexcept {
  const double expected = static_cast<double>(candidate.requests) * failure_rate(control);
  return static_cast<double>(candidate.failures) - expected;
}

double excess_bound(const Counts& candidate, const Counts& control) noexcept {
  return std::clamp(wilson(candidate).high - wilson(control).low, 0.0, 1.0);
}

bool exceeds_for_certain(const Counts& candidate, const Counts& control) noexcept {
  if (candidate.requests == 0) return false;
  if (control.requests == 0) return candidate.failures > 0;
  const double share =
      static_cast<double>(candidate.requests) / static_cast<double>(candidate.requests + control.requests);
  stats::RiskSums sums{};
  stats::add_risk(sums, {}, share, {candidate.failures, control.failures, 0});
  constexpr double level = 0.05;
  return stats::log_e_against(sums) >= std::log(1 / level);
}

double largest_share(const Exposure& exposure) noexcept {
  if (exposure.left <= 0) return 0;
  const double requests = exposure.rate * std::chrono::duration<double>(exposure.interval).count();
  const double worst = requests * exposure.excess;
  return worst <= exposure.left ? 1 : exposure.left / worst;
}

}  // namespace sluice::strategy
