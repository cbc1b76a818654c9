#include "panel_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace sluice::stats {
namespace {

/// The nodes, the weights of the whole integral and, for each node, the weights of the integral from 0 to it.
struct GaussRule {
  PanelValues node{};
  PanelValues weight{};
  std::array<PanelValues, panel_points> until{};
};

using PanelPolynomial = std::array<double, panel_points + 1>;

double integral_to(const PanelPolynomial& polynomial, double x) noexcept {
  double sum = 0;
  for (std::size_t i = polynomial.size(); i-- > 0;) sum = sum * x + polynomial[i] / static_cast<double>(i + 1);
  return sum * x;
}

/// The root of the Legendre polynomial of degree `panel_points`, shifted to 0…1, by Newton's method.
double node_of(std::size_t index) {
  double x = std::cos(std::numbers::pi * (static_cast<double>(index) + 0.75) / (panel_points + 0.5));
  for (int step = 0; step < 20; ++step) {
    double before = 1;
    double value = x;
    for (std::size_t n = 2; n <= panel_points; ++n) {
      const auto degree = static_cast<double>(n);
      const double next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree;
      before = value;
      value = next;
    }
    const double slope = panel_points * (x * value - before) / (x * x - 1);
    x -= value / slope;
  }
  return (1 - x) / 2;
}

GaussRule make_gauss_rule() {
  GaussRule rule;
  for (std::size_t i = 0; i < panel_points; ++i) rule.node[i] = node_of(i);
  for (std::size_t k = 0; k < panel_points; ++k) {
    PanelPolynomial lagrange{1};
    for (std::size_t j = 0; j < panel_points; ++j) {
      if (j == k) continue;
      PanelPolynomial product{};
      const double scale = 1 / (rule.node[k] - rule.node[j]);
      for (std::size_t i = 0; i < panel_points; ++i) {
        product[i + 1] += lagrange[i] * scale;
        product[i] -= lagrange[i] * rule.node[j] * scale;
      }
      lagrange = product;
    }
    rule.weight[k] = integral_to(lagrange, 1);
    for (std::size_t i = 0; i < panel_points; ++i) rule.until[i][k] = integral_to(lagrange, rule.node[i]);
  }
  return rule;
}

const GaussRule& gauss_rule() {
  static const GaussRule rule = make_gauss_rule();
  return rule;
}

}  // namespace

const PanelValues& panel_nodes() noexcept {
  return gauss_rule().node;
}

const PanelValues& panel_weights() noexcept {
  return gauss_rule().weight;
}

PanelSweep::PanelSweep(std::vector<double> below)
    : below_(std::move(below)), probability_(below_.size()), reached_(below_.size()), behind_(below_.size() + 1) {}

PanelValues PanelSweep::add(double step, const std::vector<PanelValues>& density) {
  for (std::size_t k = 0; k < below_.size(); ++k) follow(k, step, density[k]);
  PanelValues all_below{};
  for (std::size_t i = 0; i < panel_points; ++i) all_below[i] = add_node(i, step * panel_weights()[i], density);
  return all_below;
}

/// How much of the arm lies below each node of this panel, and then below the next one.
void PanelSweep::follow(std::size_t arm, double step, const PanelValues& density) {
  const GaussRule& rule = gauss_rule();
  const double before = below_[arm];
  reached_[arm].fill(before);
  if (std::all_of(density.begin(), density.end(), [](double value) { return value == 0; })) return;
  double whole = 0;
  for (std::size_t j = 0; j < panel_points; ++j) whole += rule.weight[j] * density[j];
  for (std::size_t i = 0; i < panel_points; ++i) {
    double part = 0;
    for (std::size_t j = 0; j < panel_points; ++j) part += rule.until[i][j] * density[j];
    reached_[arm][i] = std::clamp(before + step * part, 0.0, 1.0);
  }
  below_[arm] = std::min(1.0, before + step * whole);
}

/// Adds to each arm the chance that it is here and all others are below; returns the chance that all are.
double PanelSweep::add_node(std::size_t node, double weight, const std::vector<PanelValues>& density) {
  behind_.back() = 1;
  for (std::size_t k = below_.size(); k-- > 0;) behind_[k] = behind_[k + 1] * reached_[k][node];
  double before = 1;
  for (std::size_t k = 0; k < below_.size(); ++k) {
    probability_[k] += weight * density[k][node] * before * behind_[k + 1];
    before *= reached_[k][node];
  }
  return before;
}

}  // namespace sluice::stats
