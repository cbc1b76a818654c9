#include "sluice/rollout/population.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/base/stable_hash.hpp"
#include "sluice/rollout/draws.hpp"

namespace sluice::rollout {

Population::Population(const PopulationModel& model, std::uint64_t seed)
    : seed_(mix_bits(seed ^ 0x756e697473ULL)), heterogeneity_(model.heterogeneity) {
  Random random(seed_);
  const std::size_t n = model.units;
  positions_.reserve(n);
  std::vector<double> activity(n, 1);
  double sum = 0;
  for (std::size_t unit = 0; unit < n; ++unit) {
    positions_.push_back(static_cast<std::uint32_t>(random.next() >> 32));
    if (model.skew > 0) activity[unit] = std::exp(model.skew * draw_normal(random));
    sum += activity[unit];
  }
  // Every unit fills a slot of one, those with more than that lend to one that has less.
  chances_.assign(n, 1);
  aliases_.assign(n, 0);
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::uint32_t unit = 0; unit < n; ++unit) {
    activity[unit] *= static_cast<double>(n) / sum;
    (activity[unit] < 1 ? poor : rich).push_back(unit);
  }
  while (!poor.empty() && !rich.empty()) {
    const std::uint32_t taker = poor.back();
    const std::uint32_t giver = rich.back();
    poor.pop_back();
    chances_[taker] = activity[taker];
    aliases_[taker] = giver;
    activity[giver] -= 1 - activity[taker];
    if (activity[giver] < 1) {
      rich.pop_back();
      poor.push_back(giver);
    }
  }
}

std::vector<float> Population::rates(double mean, std::uint64_t what) const {
  std::vector<float> rates(size(), static_cast<float>(mean));
  if (!(mean > 0 && mean < 1) || !(heterogeneity_ > 0)) return rates;
  const double h = std::clamp(heterogeneity_, 1e-6, 1 - 1e-6);
  const double strength = (1 - h) / h;
  for (std::size_t unit = 0; unit < rates.size(); ++unit) {
    Random random(seed_ ^ mix_bits(what * 0x9e3779b97f4a7c15ULL + unit + 1));
    rates[unit] = static_cast<float>(draw_beta(random, mean * strength, (1 - mean) * strength));
  }
  return rates;
}

}  // namespace sluice::rollout
