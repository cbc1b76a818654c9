#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::stats {

/// Which relative risks a test is made sensitive to before it sees data. A relative risk r says how many times as often
/// an event happens to a request of the candidate as to one of the others.
enum class RiskPrior : std::uint8_t {
  Guardrail,  ///< worse by 1.1…20 times, evenly in ln r: 24 points
  Larger,     ///< above, |ln r| geometric in 0.02…0.7: 16 points
  Smaller,    ///< the same, below
  Either,     ///< the same, both sides: 32 points
  Odds,       ///< |ln r| geometric in 0.005…3, both sides: 40 points; for shares of traffic
};

/// A prior as points of equal weight. Of a prior relative to the null hypothesis: 0 is never among the points.
struct RiskGrid {
  static constexpr std::size_t kMost = 40;

  std::array<double, kMost> log_risk{};
  std::array<double, kMost> risk_minus_one{};
  std::size_t size = 0;

  void push(double log_of_risk) noexcept;
};

/// Made on first use; a nanosecond afterwards. Thread-safe.
const RiskGrid& risk_grid(RiskPrior prior) noexcept;

/// Share of the events that fall on the candidate when its requests have `risk` times as many: ρr / (ρr + 1 − ρ).
double event_share(double share, double risk) noexcept;

/// The same for a comparison of two arms among several: ρ_i / (ρ_i + ρ_j); 0 when neither has any.
double pairwise_share(double candidate_share, double reference_share) noexcept;

/// ln Σ e^x; −infinity for no terms. Never NaN unless a term is.
double log_sum_exp(const double* terms, std::size_t count) noexcept;

}  // namespace sluice::stats
