#pragma once

#include <cstdint>
#include <vector>

#include "sluice/base/random.hpp"

/// Who sends the requests of a simulation: users that come again, some more often than others, each with a rate of its
/// own at which things happen.
namespace sluice::rollout {

struct PopulationModel {
  std::size_t units = 0;  ///< how many there are; 0: every request comes from somebody new
  /// Correlation of two requests of one unit, 0…1: rates are Beta distributed around the version's rate p with
  /// variance p(1-p) times this. 0: all alike; 1: always or never.
  double heterogeneity = 0;
  double skew =
      0;  ///< deviation of the logarithm of how often a unit comes; 0: all alike, 1.5: the busiest 1 % send 20 %
  friend bool operator==(const PopulationModel&, const PopulationModel&) = default;
};

/// Drawn once. One thread.
class Population {
 public:
  Population(const PopulationModel& model, std::uint64_t seed);

  std::size_t size() const noexcept { return positions_.size(); }
  /// Whose request the next one is; some 10 ns (Walker's alias method, as Vose 1991 sets it up).
  std::size_t next(Random& random) const noexcept {
    const std::size_t unit = random.below(chances_.size());
    return random.uniform() < chances_[unit] ? unit : aliases_[unit];
  }
  /// Where a unit stands on the line that the split divides.
  std::uint32_t position(std::size_t unit) const noexcept { return positions_[unit]; }

  /// Every unit's own rate, around this mean. The same unit is as far off with every version and every time; `what`
  /// names the number, so that those who fail much need not be those who buy much.
  std::vector<float> rates(double mean, std::uint64_t what) const;

 private:
  std::uint64_t seed_;
  double heterogeneity_;
  std::vector<std::uint32_t> positions_;
  std::vector<double> chances_;
  std::vector<std::uint32_t> aliases_;
};

}  // namespace sluice::rollout
