#include "sluice/stats/best_arm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "panel_sweep.hpp"
#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

double log_one_plus_exp(double t) noexcept {
  return t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t));
}

// ---- rates, over t = ln(x / (1 − x)), where a posterior is smooth and falls off exponentially on both sides

struct LogitArm {
  double a = 1;
  double b = 1;
  double log_norm = 0;
  double deviation = 1;
  double begin = 0;  ///< less than 2e-8 of it lies before
  double end = 0;    ///< or behind

  explicit LogitArm(const ArmCounts& counts)
      : a(1 + std::max(0.0, counts.successes)), b(1 + std::max(0.0, counts.failures)) {
    log_norm = log_beta(a, b);
    const double mean = std::log(a / b);
    deviation = std::sqrt(1 / a + 1 / b);
    begin = mean - std::max(6 * deviation, 18 / a);
    end = mean + std::max(6 * deviation, 18 / b);
  }
  double share_below(double t) const noexcept {
    if (t <= begin) return 0;
    if (t >= end) return 1;
    // The smaller of x and 1 − x is the one that keeps its digits.
    return t < 0 ? beta_cdf(a, b, 1 / (1 + std::exp(-t))) : 1 - beta_cdf(b, a, 1 / (1 + std::exp(t)));
  }
  bool covers(double from, double to) const noexcept { return begin < to && end > from; }
  double density(double t, double log_one_plus) const noexcept {
    return std::exp(a * t - (a + b) * log_one_plus - log_norm);
  }
};

class LogitSweep {
 public:
  explicit LogitSweep(std::span<const ArmCounts> counts)
      : arms_(counts.begin(), counts.end()), density_(arms_.size()) {}

  std::vector<double> run() {
    // Below where the last arm begins nobody is the best, because that one is above.
    double from = arms_.front().begin;
    for (const auto& arm : arms_) from = std::max(from, arm.begin);
    std::vector<double> cuts{from};
    std::vector<double> below;
    for (const auto& arm : arms_) {
      below.push_back(arm.share_below(from));
      if (arm.end > from) cuts.push_back(arm.end);
    }
    std::sort(cuts.begin(), cuts.end());
    expected_best_ = 1 / (1 + std::exp(-from));
    PanelSweep sweep(std::move(below));
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) segment(sweep, cuts[i], cuts[i + 1]);
    return sweep.probability();
  }

  double expected_best() const noexcept { return expected_best_; }

 private:
  /// Between two cuts the same arms count; the narrowest of them says how fine the panels are. Eight points hold one
  /// and a half deviations to seven digits.
  void segment(PanelSweep& sweep, double from, double to) {
    double width = std::numeric_limits<double>::infinity();
    for (const auto& arm : arms_) {
      if (arm.covers(from, to)) width = std::min(width, arm.deviation);
    }
    width = 1.5 * std::min(width, 0.7);  // dx/dt itself is as wide as that
    const auto panels = std::max(1.0, std::ceil((to - from) / width));
    const double step = (to - from) / panels;
    for (double i = 0; i < panels && step > 0; ++i) panel(sweep, from + i * step, step);
  }

  void panel(PanelSweep& sweep, double from, double step) {
    PanelValues t{};
    PanelValues log_one_plus{};
    for (std::size_t i = 0; i < panel_points; ++i) {
      t[i] = from + step * panel_nodes()[i];
      log_one_plus[i] = log_one_plus_exp(t[i]);
    }
    for (std::size_t k = 0; k < arms_.size(); ++k) {
      density_[k].fill(0);
      if (!arms_[k].covers(from, from + step)) continue;
      for (std::size_t i = 0; i < panel_points; ++i) density_[k][i] = arms_[k].density(t[i], log_one_plus[i]);
    }
    const PanelValues all_below = sweep.add(step, density_);
    for (std::size_t i = 0; i < panel_points; ++i) {
      const double slope = std::exp(t[i] - 2 * log_one_plus[i]);  // x (1 − x)
      expected_best_ += step * panel_weights()[i] * slope * (1 - all_below[i]);
    }
  }

  std::vector<LogitArm> arms_;
  std::vector<PanelValues> density_;
  double expected_best_ = 0;
};

// ---- means of real values, over the mean itself

struct StudentArm {
  double center = 0;
  double spread = 1;
  double degrees = 2;
  double log_norm = 0;
  double reach = 0;  ///< in spreads; less than 2e-8 of it lies beyond on either side
  const NormalInverseGamma* posterior;

  explicit StudentArm(const NormalInverseGamma& from)
      : center(from.mean), spread(from.spread()), degrees(from.degrees()), posterior(&from) {
    // Both go to √2π for many degrees, and lgamma loses digits on the way.
    const double norm =
        degrees > 1e7 ? 0.5 * std::log(2 * std::numbers::pi) : log_beta(0.5, degrees / 2) + 0.5 * std::log(degrees);
    log_norm = norm + std::log(spread);
    reach = 6;
    while (reach < 1e5 && student_cdf(-reach, degrees) > 2e-8) reach *= 1.2;
  }
  double begin() const noexcept { return center - reach * spread; }
  double end() const noexcept { return center + reach * spread; }
  bool covers(double from, double to) const noexcept { return begin() < to && end() > from; }
  double density(double x) const noexcept {
    const double t = (x - center) / spread;
    return std::exp(-(degrees + 1) / 2 * std::log1p(t * t / degrees) - log_norm);
  }
  /// Where its shape asks for a new panel: evenly in the middle, ever wider in the tails.
  void add_cuts(double from, std::vector<double>& cuts) const {
    const auto add = [&](double at) {
      for (const double sign : {-1.0, 1.0}) {
        if (center + sign * at * spread > from) cuts.push_back(center + sign * at * spread);
      }
    };
    for (double at = 0; at < 6; at += 1.5) add(at);
    for (double at = 6; at < reach; at *= 1.5) add(at);
    add(reach);
  }
};

class MeanSweep {
 public:
  explicit MeanSweep(std::span<const NormalInverseGamma> posteriors)
      : arms_(posteriors.begin(), posteriors.end()), density_(arms_.size()) {}

  std::vector<double> run() {
    double from = arms_.front().begin();
    for (const auto& arm : arms_) from = std::max(from, arm.begin());
    std::vector<double> cuts{from};
    std::vector<double> below;
    for (const auto& arm : arms_) {
      below.push_back(arm.begin() < from ? arm.posterior->below(from) : 0);
      arm.add_cuts(from, cuts);
    }
    std::sort(cuts.begin(), cuts.end());
    expected_best_ = from;
    PanelSweep sweep(std::move(below));
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      if (cuts[i + 1] > cuts[i]) panel(sweep, cuts[i], cuts[i + 1] - cuts[i]);
    }
    return sweep.probability();
  }

  double expected_best() const noexcept { return expected_best_; }

 private:
  void panel(PanelSweep& sweep, double from, double step) {
    for (std::size_t k = 0; k < arms_.size(); ++k) {
      density_[k].fill(0);
      if (!arms_[k].covers(from, from + step)) continue;
      for (std::size_t i = 0; i < panel_points; ++i) density_[k][i] = arms_[k].density(from + step * panel_nodes()[i]);
    }
    const PanelValues all_below = sweep.add(step, density_);
    for (std::size_t i = 0; i < panel_points; ++i) expected_best_ += step * panel_weights()[i] * (1 - all_below[i]);
  }

  std::vector<StudentArm> arms_;
  std::vector<PanelValues> density_;
  double expected_best_ = 0;
};

BestArm best_of(std::vector<double> probability) {
  BestArm best;
  double sum = 0;
  for (const double one : probability) sum += one;
  for (double& one : probability) one = sum > 0 ? one / sum : 1 / static_cast<double>(probability.size());
  for (std::size_t k = 1; k < probability.size(); ++k) {
    // Equal arms differ in the last digits; the first of them leads.
    if (probability[k] > probability[best.leader] + 1e-9) best.leader = k;
  }
  best.probability = std::move(probability);
  return best;
}

}  // namespace

BestArm best_arm(std::span<const ArmCounts> arms) {
  if (arms.empty()) return {};
  LogitSweep sweep(arms);
  BestArm best = best_of(sweep.run());
  const LogitArm leader(arms[best.leader]);
  const double rate = leader.a / (leader.a + leader.b);
  best.value_remaining = std::max(0.0, sweep.expected_best() - rate) / rate;
  return best;
}

BestArm best_arm(std::span<const NormalInverseGamma> arms) {
  if (arms.empty()) return {};
  MeanSweep sweep(arms);
  BestArm best = best_of(sweep.run());
  const double mean = arms[best.leader].mean;
  const double gain = std::max(0.0, sweep.expected_best() - mean);
  best.value_remaining = gain > 0 ? gain / std::abs(mean) : 0;
  return best;
}

BestArm best_arm(RewardKind kind, std::span<const RewardMoments> arms) {
  if (kind == RewardKind::Binary) {
    std::vector<ArmCounts> counts;
    for (const auto& arm : arms) {
      const BetaPosterior posterior = beta_posterior(arm);
      counts.push_back({posterior.a - 1, posterior.b - 1});
    }
    return best_arm(counts);
  }
  const NormalInverseGamma prior = pooled_prior(arms);
  std::vector<NormalInverseGamma> posteriors;
  for (const auto& arm : arms) posteriors.push_back(updated(prior, arm));
  return best_arm(posteriors);
}

}  // namespace sluice::stats
