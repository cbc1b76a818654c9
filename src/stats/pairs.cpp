#include "sluice/stats/pairs.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sluice/stats/combine.hpp"
#include "sluice/stats/proportion_confidence.hpp"

namespace sluice::stats {
namespace {

constexpr std::array<double, 4> agreeing_rates = {0.02, 0.1, 0.25, 0.5};
constexpr std::array<double, 8> disagreeing_odds = {1.25, 1.6, 2, 2.8, 4, 7, 12, 20};

bool is_rate(double limit) noexcept {
  return limit > 0 && limit < 1;
}

double log_ratio(const PairCounts& seen, double rate, double limit) noexcept {
  const auto apart = static_cast<double>(std::min(seen.disagreements, seen.pairs));
  const double alike = static_cast<double>(seen.pairs) - apart;
  return apart * std::log(rate / limit) + alike * (std::log1p(-rate) - std::log1p(-limit));
}

}  // namespace

double log_e_agreement(const PairCounts& seen, double limit) noexcept {
  if (!is_rate(limit)) return 0;
  std::array<double, agreeing_rates.size()> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) evidence[i] = log_ratio(seen, agreeing_rates[i] * limit, limit);
  return log_mean_e(evidence);
}

double log_e_disagreement(const PairCounts& seen, double limit) noexcept {
  if (!is_rate(limit)) return 0;
  std::array<double, disagreeing_odds.size()> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    const double odds = disagreeing_odds[i];
    evidence[i] = log_ratio(seen, odds * limit / (odds * limit + 1 - limit), limit);
  }
  return log_mean_e(evidence);
}

std::uint64_t pairs_to_certify(double limit, double beta) noexcept {
  const double threshold = std::log(1 / std::clamp(beta, 1e-300, 1.0));
  if (!is_rate(limit)) return 0;
  std::uint64_t high = 1;
  while (log_e_agreement({high, 0}, limit) < threshold && high < (std::uint64_t{1} << 52)) high *= 2;
  std::uint64_t low = 0;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (log_e_agreement({middle, 0}, limit) < threshold ? low : high) = middle;
  }
  return high;
}

double log_e_discordant(std::uint64_t only_candidate_right, std::uint64_t only_stable_right) noexcept {
  constexpr double tightest_at = 100;
  constexpr double tuned_for = 0.05;
  return log_e_not(0.5, only_candidate_right, only_candidate_right + only_stable_right,
                   proportion_precision(tightest_at, tuned_for));
}

}  // namespace sluice::stats
