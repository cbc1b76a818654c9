#include "sluice/stats/scoring_bank.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace sluice::stats {
namespace {

using DrawScores = std::array<float, bank_draws>;
using DrawWinners = std::array<std::int32_t, bank_draws>;

/// What compilers put into one register wherever this runs.
using Lanes __attribute__((vector_size(4 * sizeof(float)))) = float;
constexpr std::size_t lane_count = sizeof(Lanes) / sizeof(float);
constexpr std::size_t scored_at_once = 4 * lane_count;
static_assert(bank_draws % scored_at_once == 0);

Lanes load_lanes(const float* from) noexcept {
  Lanes read;
  std::memcpy(&read, from, sizeof read);
  return read;
}

/// The features that are not 0: of a category all but one are, and they change no score.
struct UsedFeatures {
  std::array<float, most_features> value{};
  std::array<std::uint8_t, most_features> place{};
  std::size_t size = 0;
};

UsedFeatures used_features(std::span<const float> context) noexcept {
  UsedFeatures used;
  for (std::size_t f = 0; f < context.size(); ++f) {
    if (!std::isfinite(context[f]) || context[f] == 0) continue;
    used.value[used.size] = context[f];
    used.place[used.size++] = static_cast<std::uint8_t>(f);
  }
  return used;
}

/// Some draws at a time go through all features, so that their sums stay in registers.
void score_draws(const float* bank, const UsedFeatures& context, DrawScores& score) noexcept {
  for (std::size_t d = 0; d < bank_draws; d += scored_at_once) {
    Lanes first = load_lanes(bank + d);
    Lanes second = load_lanes(bank + d + lane_count);
    Lanes third = load_lanes(bank + d + 2 * lane_count);
    Lanes fourth = load_lanes(bank + d + 3 * lane_count);
    for (std::size_t f = 0; f < context.size; ++f) {
      const float* weights = bank + (std::size_t{context.place[f]} + 1) * bank_draws + d;
      first += load_lanes(weights) * context.value[f];
      second += load_lanes(weights + lane_count) * context.value[f];
      third += load_lanes(weights + 2 * lane_count) * context.value[f];
      fourth += load_lanes(weights + 3 * lane_count) * context.value[f];
    }
    std::memcpy(&score[d], &first, sizeof first);
    std::memcpy(&score[d + lane_count], &second, sizeof second);
    std::memcpy(&score[d + 2 * lane_count], &third, sizeof third);
    std::memcpy(&score[d + 3 * lane_count], &fourth, sizeof fourth);
  }
}

/// The loop has a constant length and touches neighbours, which is what compilers turn into vector code.
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
  const UsedFeatures used = used_features(context.first(std::min(features(), context.size())));
  DrawScores score;
  DrawScores best;
  DrawWinners winner{};
  best.fill(-std::numeric_limits<float>::infinity());
  for (std::size_t c = 0; c < contenders_.size(); ++c) {
    score_draws(bank_.data() + c * weights_ * bank_draws, used, score);
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
