#include "sluice/stats/bandit_stop.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "panel_sweep.hpp"
#include "sluice/stats/best_arm.hpp"
#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

constexpr double panel_deviations = 2;
constexpr double most_panels = 64;

/// The leader's posterior by quadrature, and the others' distributions at each of its points.
template <class Density, class AllWithin>
double average_over(double begin, double end, double narrowest, Density density, AllWithin all_within) {
  const double panels = std::clamp(std::ceil((end - begin) / (panel_deviations * narrowest)), 1.0, most_panels);
  const double step = (end - begin) / panels;
  double mass = 0;
  double sum = 0;
  for (double panel = 0; panel < panels; ++panel) {
    for (std::size_t i = 0; i < panel_points; ++i) {
      const double at = begin + step * (panel + panel_nodes()[i]);
      const double here = panel_weights()[i] * density(at);
      mass += here;
      if (here > 1e-12) sum += here * all_within(at);
    }
  }
  return mass > 0 ? std::clamp(sum / mass, 0.0, 1.0) : 0;
}

double rates_within(std::span<const RewardMoments> arms, std::size_t leader, double gain) {
  const BetaPosterior best = beta_posterior(arms[leader]);
  // Over the logit: one pass serves rates near 0 and near 1 alike.
  const double center = std::log(best.a / best.b);
  const double deviation = std::sqrt(1 / best.a + 1 / best.b);
  const double begin = center - std::max(6 * deviation, 18 / best.a);
  const double end = center + std::max(6 * deviation, 18 / best.b);
  double narrowest = deviation;
  std::vector<BetaPosterior> others;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i == leader) continue;
    const BetaPosterior other = beta_posterior(arms[i]);
    const double lowest = (1 + gain) / (1 + std::exp(-begin));
    if (lowest < 1 && beta_cdf(other.a, other.b, lowest) < 1 - 1e-9) {
      others.push_back(other);
      narrowest = std::min(narrowest, std::sqrt(1 / other.a + 1 / other.b));
    }
  }
  if (others.empty()) return 1;
  const auto density = [&](double t) {
    const double x = 1 / (1 + std::exp(-t));
    const double mean = best.mean();
    return std::exp(best.a * std::log(x / mean) + best.b * std::log((1 / (1 + std::exp(t))) / (1 - mean)));
  };
  const auto all_within = [&](double t) {
    const double level = (1 + gain) / (1 + std::exp(-t));
    double all = 1;
    for (const auto& other : others) all *= beta_cdf(other.a, other.b, level);
    return all;
  };
  return average_over(begin, end, narrowest, density, all_within);
}

double means_within(std::span<const RewardMoments> arms, std::size_t leader, double gain) {
  const NormalInverseGamma prior = pooled_prior(arms);
  const NormalInverseGamma best = updated(prior, arms[leader]);
  const double more = gain * std::abs(best.mean);
  const double begin = -12;  // in spreads of the leader; beyond, its own tails weigh too little
  double narrowest = 1;
  std::vector<NormalInverseGamma> others;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i == leader) continue;
    const NormalInverseGamma other = updated(prior, arms[i]);
    if (other.below(best.mean + begin * best.spread() + more) > 1 - 1e-9) continue;
    others.push_back(other);
    narrowest = std::min(narrowest, other.spread() / best.spread());
  }
  if (others.empty()) return 1;
  const double degrees = best.degrees();
  const auto density = [&](double t) { return std::exp(-(degrees + 1) / 2 * std::log1p(t * t / degrees)); };
  const auto all_within = [&](double t) {
    double all = 1;
    for (const auto& other : others) all *= other.below(best.mean + t * best.spread() + more);
    return all;
  };
  return average_over(begin, -begin, narrowest, density, all_within);
}

}  // namespace

double chance_value_within(RewardKind kind, std::span<const RewardMoments> arms, std::size_t leader, double gain) {
  if (arms.size() < 2) return 1;
  const double least = std::max(0.0, gain);
  return kind == RewardKind::Binary ? rates_within(arms, leader, least) : means_within(arms, leader, least);
}

double value_remaining_quantile(RewardKind kind, std::span<const RewardMoments> arms, std::size_t leader, double q) {
  constexpr double most = 1000;
  const auto enough = [&](double gain) { return chance_value_within(kind, arms, leader, gain) >= q; };
  if (enough(0)) return 0;
  if (!enough(most)) return std::numeric_limits<double>::infinity();
  double low = 1e-6;
  double high = most;
  if (enough(low)) return low;
  while (high > low * 1.002) {
    const double middle = std::sqrt(low * high);
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

StopView stop_view(const StopRules& rules, RewardKind kind, std::span<const RewardMoments> arms, Duration elapsed) {
  StopView view;
  if (arms.empty()) return view;
  const BestArm best = best_arm(kind, arms);
  view.leader = best.leader;
  view.probability_best = best.probability[best.leader];
  view.chance_enough = chance_value_within(kind, arms, best.leader, rules.value_remaining);
  view.cycle_seen = elapsed >= rules.cycle;
  if (view.cycle_seen && view.chance_enough >= rules.confidence) {
    view.verdict = StopVerdict::Enough;
  } else if (rules.cap > Duration::zero() && elapsed >= rules.cap) {
    view.verdict = StopVerdict::CapReached;
  }
  return view;
}

}  // namespace sluice::stats
