#include "sluice/stats/best_arm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

constexpr std::size_t points = 8;

/// Gauss' rule on 0…1 and, for each node, the weights of the integral from 0 to it.
struct Rule {
  std::array<double, points> node{};
  std::array<double, points> weight{};
  std::array<std::array<double, points>, points> until{};
};

using Polynomial = std::array<double, points + 1>;

double integral_to(const Polynomial& polynomial, double x) noexcept {
  double sum = 0;
  for (std::size_t i = polynomial.size(); i-- > 0;) sum = sum * x + polynomial[i] / static_cast<double>(i + 1);
  return sum * x;
}

/// The root of the Legendre polynomial of degree `points`, shifted to 0…1, by Newton's method.
double node_of(std::size_t index) {
  double x = std::cos(3.141592653589793 * (static_cast<double>(index) + 0.75) / (points + 0.5));
  for (int step = 0; step < 20; ++step) {
    double before = 1;
    double value = x;
    for (std::size_t n = 2; n <= points; ++n) {
      const auto degree = static_cast<double>(n);
      const double next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree;
      before = value;
      value = next;
    }
    const double slope = points * (x * value - before) / (x * x - 1);
    x -= value / slope;
  }
  return (1 - x) / 2;
}

Rule make_rule() {
  Rule rule;
  for (std::size_t i = 0; i < points; ++i) rule.node[i] = node_of(i);
  for (std::size_t k = 0; k < points; ++k) {
    Polynomial lagrange{1};
    for (std::size_t j = 0; j < points; ++j) {
      if (j == k) continue;
      Polynomial product{};
      const double scale = 1 / (rule.node[k] - rule.node[j]);
      for (std::size_t i = 0; i < points; ++i) {
        product[i + 1] += lagrange[i] * scale;
        product[i] -= lagrange[i] * rule.node[j] * scale;
      }
      lagrange = product;
    }
    rule.weight[k] = integral_to(lagrange, 1);
    for (std::size_t i = 0; i < points; ++i) rule.until[i][k] = integral_to(lagrange, rule.node[i]);
  }
  return rule;
}

/// One arm's posterior over t = ln(x / (1 − x)), where it is smooth and falls off exponentially on both sides.
struct Arm {
  double a = 1;
  double b = 1;
  double log_norm = 0;
  double mean = 0;
  double deviation = 1;
  double begin = 0;  ///< less than 2e-8 of it lies before
  double end = 0;    ///< or behind
  double below = 0;  ///< of it, before the panel under way

  explicit Arm(const ArmCounts& counts)
      : a(1 + static_cast<double>(counts.successes)), b(1 + static_cast<double>(counts.failures)) {
    log_norm = log_beta(a, b);
    mean = std::log(a / b);
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

double log_one_plus_exp(double t) noexcept {
  return t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t));
}

/// All arms over one panel after the other, from left to right.
class Sweep {
 public:
  explicit Sweep(std::span<const ArmCounts> counts) {
    for (const auto& arm : counts) arms_.emplace_back(arm);
    probability_.resize(arms_.size());
    density_.resize(arms_.size());
    below_.resize(arms_.size());
  }

  void run() {
    // Below where the last arm begins nobody is the best, because that one is above.
    double from = arms_.front().begin;
    for (const auto& arm : arms_) from = std::max(from, arm.begin);
    std::vector<double> cuts{from};
    for (auto& arm : arms_) {
      arm.below = arm.share_below(from);
      if (arm.end > from) cuts.push_back(arm.end);
    }
    std::sort(cuts.begin(), cuts.end());
    expected_best_ = 1 / (1 + std::exp(-from));
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) segment(cuts[i], cuts[i + 1]);
  }

  const std::vector<double>& probability() const noexcept { return probability_; }
  double expected_best() const noexcept { return expected_best_; }

 private:
  /// Between two cuts the same arms count; the narrowest of them says how fine the panels are. Eight points hold one
  /// and a half deviations to seven digits.
  void segment(double from, double to) {
    double width = std::numeric_limits<double>::infinity();
    for (const auto& arm : arms_) {
      if (arm.covers(from, to)) width = std::min(width, arm.deviation);
    }
    width = 1.5 * std::min(width, 0.7);  // dx/dt itself is as wide as that
    const auto panels = std::max(1.0, std::ceil((to - from) / width));
    const double step = (to - from) / panels;
    for (double i = 0; i < panels && step > 0; ++i) panel(from + i * step, step);
  }

  void panel(double from, double step) {
    static const Rule rule = make_rule();
    std::array<double, points> t{};
    std::array<double, points> log_one_plus{};
    for (std::size_t i = 0; i < points; ++i) {
      t[i] = from + step * rule.node[i];
      log_one_plus[i] = log_one_plus_exp(t[i]);
    }
    for (std::size_t k = 0; k < arms_.size(); ++k) follow(k, rule, step, from, t, log_one_plus);
    for (std::size_t i = 0; i < points; ++i) {
      const double rest = add_node(i, step * rule.weight[i]);
      const double slope = std::exp(t[i] - 2 * log_one_plus[i]);  // x (1 − x)
      expected_best_ += step * rule.weight[i] * slope * (1 - rest);
    }
  }

  /// The arm's density and how much of it lies below, at the nodes of this panel.
  void follow(std::size_t k, const Rule& rule, double step, double from, const std::array<double, points>& t,
              const std::array<double, points>& log_one_plus) {
    Arm& arm = arms_[k];
    density_[k].fill(0);
    below_[k].fill(arm.below);
    if (!arm.covers(from, from + step)) return;
    double whole = 0;
    for (std::size_t i = 0; i < points; ++i) {
      density_[k][i] = arm.density(t[i], log_one_plus[i]);
      whole += rule.weight[i] * density_[k][i];
    }
    for (std::size_t i = 0; i < points; ++i) {
      double part = 0;
      for (std::size_t j = 0; j < points; ++j) part += rule.until[i][j] * density_[k][j];
      below_[k][i] = std::clamp(arm.below + step * part, 0.0, 1.0);
    }
    arm.below = std::min(1.0, arm.below + step * whole);
  }

  /// Adds to each arm the chance that it is here and all others are below; returns the chance that all are.
  double add_node(std::size_t node, double weight) {
    behind_.assign(arms_.size() + 1, 1);
    for (std::size_t k = arms_.size(); k-- > 0;) behind_[k] = behind_[k + 1] * below_[k][node];
    double before = 1;
    for (std::size_t k = 0; k < arms_.size(); ++k) {
      probability_[k] += weight * density_[k][node] * before * behind_[k + 1];
      before *= below_[k][node];
    }
    return before;
  }

  std::vector<Arm> arms_;
  std::vector<double> probability_;
  std::vector<std::array<double, points>> density_;
  std::vector<std::array<double, points>> below_;
  std::vector<double> behind_;
  double expected_best_ = 0;
};

}  // namespace

BestArm best_arm(std::span<const ArmCounts> arms) {
  BestArm best;
  if (arms.empty()) return best;
  Sweep sweep(arms);
  sweep.run();
  best.probability = sweep.probability();
  double sum = 0;
  for (const double probability : best.probability) sum += probability;
  for (double& probability : best.probability) probability /= sum;
  for (std::size_t k = 1; k < arms.size(); ++k) {
    // Equal arms differ in the last digits; the first of them leads.
    if (best.probability[k] > best.probability[best.leader] + 1e-9) best.leader = k;
  }
  const Arm leader(arms[best.leader]);
  const double rate = leader.a / (leader.a + leader.b);
  best.value_remaining = std::max(0.0, sweep.expected_best() - rate) / rate;
  return best;
}

}  // namespace sluice::stats
