#include "sluice/stats/combine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sluice/stats/risk_prior.hpp"

namespace sluice::stats {

double log_mean_e(std::span<const double> log_e) noexcept {
  if (log_e.empty()) return -std::numeric_limits<double>::infinity();
  return log_sum_exp(log_e.data(), log_e.size()) - std::log(static_cast<double>(log_e.size()));
}

double log_mean_e(std::span<const double> log_e, std::span<const double> weights) noexcept {
  double most = -std::numeric_limits<double>::infinity();
  const std::size_t count = std::min(log_e.size(), weights.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (weights[i] > 0) most = std::max(most, log_e[i]);
  }
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (weights[i] > 0) sum += weights[i] * std::exp(log_e[i] - most);
  }
  return most + std::log(sum);
}

double holm_log_threshold(std::size_t k, std::size_t of, double alpha) noexcept {
  const std::size_t left = of >= k ? of - k + 1 : 1;
  return std::log(static_cast<double>(left) / alpha);
}

std::vector<std::size_t> holm_rejections(std::span<const double> log_e, double alpha) {
  std::vector<std::size_t> order(log_e.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return log_e[a] > log_e[b]; });
  std::size_t rejected = 0;
  while (rejected < order.size() && log_e[order[rejected]] >= holm_log_threshold(rejected + 1, order.size(), alpha)) {
    ++rejected;
  }
  order.resize(rejected);
  return order;
}

double evidence_share(double log_e, double log_threshold) noexcept {
  if (!(log_e > 0)) return 0;
  if (!(log_threshold > 0)) return 1;
  return std::min(1.0, log_e / log_threshold);
}

}  // namespace sluice::stats
