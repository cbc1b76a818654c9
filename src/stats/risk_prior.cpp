#include "sluice/stats/risk_prior.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

double geometric(double first, double last, std::size_t index, std::size_t points) {
  return first * std::pow(last / first, static_cast<double>(index) / static_cast<double>(points - 1));
}

void push_side(RiskGrid& grid, double first, double last, std::size_t points, double sign) {
  for (std::size_t i = 0; i < points; ++i) grid.push(sign * geometric(first, last, i, points));
}

RiskGrid make_grid(RiskPrior prior) {
  constexpr std::size_t guardrail_points = 24;
  constexpr std::size_t superiority_points = 16;
  constexpr std::size_t odds_points = 20;
  RiskGrid grid;
  if (prior == RiskPrior::Guardrail) {
    for (std::size_t i = 0; i < guardrail_points; ++i) grid.push(std::log(geometric(1.1, 20, i, guardrail_points)));
  }
  if (prior == RiskPrior::Smaller || prior == RiskPrior::Either) push_side(grid, 0.02, 0.7, superiority_points, -1);
  if (prior == RiskPrior::Larger || prior == RiskPrior::Either) push_side(grid, 0.02, 0.7, superiority_points, 1);
  if (prior == RiskPrior::Odds) {
    push_side(grid, 0.005, 3, odds_points, -1);
    push_side(grid, 0.005, 3, odds_points, 1);
  }
  return grid;
}

}  // namespace

void RiskGrid::push(double log_of_risk) noexcept {
  log_risk[size] = log_of_risk;
  risk_minus_one[size++] = std::expm1(log_of_risk);
}

const RiskGrid& risk_grid(RiskPrior prior) noexcept {
  static const std::array<RiskGrid, 5> grids = {make_grid(RiskPrior::Guardrail), make_grid(RiskPrior::Larger),
                                                make_grid(RiskPrior::Smaller), make_grid(RiskPrior::Either),
                                                make_grid(RiskPrior::Odds)};
  return grids[std::min<std::size_t>(static_cast<std::size_t>(prior), grids.size() - 1)];
}

double event_share(double share, double risk) noexcept {
  return share * risk / (share * risk + 1 - share);
}

double pairwise_share(double candidate_share, double reference_share) noexcept {
  const double both = candidate_share + reference_share;
  return both > 0 ? candidate_share / both : 0;
}

double log_sum_exp(const double* terms, std::size_t count) noexcept {
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < count; ++i) most = std::max(most, terms[i]);
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::exp(terms[i] - most);
  return most + std::log(sum);
}

}  // namespace sluice::stats
