#include "sluice/stats/scoring_bank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

using DrawScores = std::array<float, bank_draws>;
using DrawWinners = std::array<std::int32_t, bank_draws>;

/// Every loop here has a constant length and touches neighbours, which is what compilers turn into vector code.
void score_draws(const float* bank, const std::array<float, most_features>& context, std::size_t features,
                 DrawScores& score) noexcept {
  for (std::size_t d = 0; d < bank_draws; ++d) score[d] = bank[d];
  for (std::size_t f = 0; f < features; ++f) {
    const float* weights = bank + (f + 1) * bank_draws;
    const float value = context[f];
    for (std::size_t d = 0; d < bank_draws; ++d) score[d] += weights[d] * value;
  }
}

void take_winners(const DrawScores& score, std::int32_t arm, DrawScores& best, DrawWinners& winner) noexcept {
  for (std::size_t d = 0; d < bank_draws; ++d) {
    winner[d] = score[d] > best[d] ? arm : winner[d];
    best[d] = score[d] > best[d] ? score[d] : best[d];
  }
}

}  // namespace

std::size_t ContextShares::pick(double uniform) const noexcept {
  for (std::size_t k = 0; k + 1 < arms; ++k) {
    if (uniform < share[k]) return k;
    uniform -= share[k];
  }
  // What rounding leaves over must not go to an arm without a share.
  std::size_t last = arms > 0 ? arms - 1 : 0;
  while (last > 0 && share[last] <= 0) --last;
  return last;
}

ScoringBank::ScoringBank(std::span<const LinearPosterior> arms, double floor, std::span<const std::uint8_t> at_floor,
                         Random& random)
    : arms_(std::min(arms.size(), most_bank_arms)) {
  if (arms_ == 0) return;
  weights_ = std::min(arms.front().mean.size(), most_features + 1);
  floor_ = std::clamp(floor, 0.0, 1 / static_cast<double>(arms_));
  for (std::size_t k = 0; k < arms_; ++k) {
    if (k >= at_floor.size() || at_floor[k] == 0) contenders_.push_back(static_cast<std::uint8_t>(k));
  }
  for (std::size_t k = 0; contenders_.empty() && k < arms_; ++k) contenders_.push_back(static_cast<std::uint8_t>(k));
  bank_.resize(contenders_.size() * weights_ * bank_draws);
  for (std::size_t c = 0; c < contenders_.size(); ++c) {
    float* of_arm = bank_.data() + c * weights_ * bank_draws;
    for (std::size_t d = 0; d < bank_draws; d += 2) {
      const WeightPair pair = draw_weights(arms[contenders_[c]], random);
      for (std::size_t i = 0; i < weights_; ++i) {
        of_arm[i * bank_draws + d] = static_cast<float>(pair.first[i]);
        of_arm[i * bank_draws + d + 1] = static_cast<float>(pair.second[i]);
      }
    }
  }
}

ContextShares ScoringBank::shares(std::span<const float> context) const noexcept {
  ContextShares found;
  found.arms = arms_;
  if (arms_ == 0) return found;
  std::array<float, most_features> values{};
  for (std::size_t f = 0; f < std::min(features(), context.size()); ++f) {
    values[f] = std::isfinite(context[f]) ? context[f] : 0;
  }
  DrawScores score;
  DrawScores best;
  DrawWinners winner{};
  best.fill(-std::numeric_limits<float>::infinity());
  for (std::size_t c = 0; c < contenders_.size(); ++c) {
    score_draws(bank_.data() + c * weights_ * bank_draws, values, features(), score);
    take_winners(score, static_cast<std::int32_t>(c), best, winner);
  }
  std::array<std::uint32_t, most_bank_arms> wins{};
  for (std::size_t d = 0; d < bank_draws; ++d) ++wins[static_cast<std::size_t>(winner[d])];
  const double rest = 1 - floor_ * static_cast<double>(arms_);
  for (std::size_t k = 0; k < arms_; ++k) found.share[k] = floor_;
  for (std::size_t c = 0; c < contenders_.size(); ++c) found.share[contenders_[c]] += rest * wins[c] / bank_draws;
  return found;
}

}  // namespace sluice::stats
