#pragma once

#include <array>
#include <cstddef>
#include <vector>

/// Integrals over several posteriors at once, panel by panel from left to right. Internal to the module.
namespace sluice::stats {

inline constexpr std::size_t panel_points = 8;
using PanelValues = std::array<double, panel_points>;

/// Gauss' rule on 0…1: exact for polynomials up to degree 15.
const PanelValues& panel_nodes() noexcept;
const PanelValues& panel_weights() noexcept;

/// Adds up the chance of each arm that it is the highest.
class PanelSweep {
 public:
  /// `below`: how much of each arm's posterior lies before the first panel.
  explicit PanelSweep(std::vector<double> below);

  /// The next panel, `step` wide, with each arm's density at its nodes. Returns for each node the chance that all arms
  /// are below it.
  PanelValues add(double step, const std::vector<PanelValues>& density);

  /// By arm, not yet brought to a sum of 1.
  const std::vector<double>& probability() const noexcept { return probability_; }

 private:
  void follow(std::size_t arm, double step, const PanelValues& density);
  double add_node(std::size_t node, double weight, const std::vector<PanelValues>& density);

  std::vector<double> below_;
  std::vector<double> probability_;
  std::vector<PanelValues> reached_;
  std::vector<double> behind_;
};

}  // namespace sluice::stats
