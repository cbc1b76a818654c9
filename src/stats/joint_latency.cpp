#include "sluice/stats/joint_latency.hpp"

#include <algorithm>
#include <utility>

namespace sluice::stats {
namespace {

constexpr unsigned bucket_bits = 16;
constexpr std::uint32_t bucket_mask = (1U << bucket_bits) - 1;

/// The last bucket has no end.
Duration duration_bound(std::size_t bucket) noexcept {
  return bucket + 1 < kBuckets ? Duration(static_cast<Duration::rep>(bucket_bound(bucket))) : Duration::max();
}

std::size_t stable_bucket(std::uint32_t key) noexcept {
  return key >> bucket_bits;
}

std::size_t candidate_bucket(std::uint32_t key) noexcept {
  return key & bucket_mask;
}

}  // namespace

Duration bucket_quantile(const std::array<double, kBuckets>& weights, double quantile) noexcept {
  double whole = 0;
  for (const double weight : weights) whole += weight;
  if (!(whole > 0)) return Duration(0);
  // A share of sums that were rounded otherwise must not end one bucket too late.
  constexpr double rounding = 1e-12;
  const double wanted = std::clamp(quantile, 0.0, 1.0) * whole * (1 - rounding);
  double sum = 0;
  std::size_t found = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (!(weights[bucket] > 0)) continue;
    sum += weights[bucket];
    found = bucket;
    if (sum >= wanted) break;
  }
  return duration_bound(found);
}

void JointLatency::add(Duration stable, Duration candidate) {
  count(static_cast<std::uint32_t>(bucket_of(stable) << bucket_bits | bucket_of(candidate)), 1);
}

void JointLatency::count(std::uint32_t key, std::uint64_t pairs) {
  const auto place = std::lower_bound(cells_.begin(), cells_.end(), key,
                                      [](const Cell& cell, std::uint32_t wanted) { return cell.key < wanted; });
  if (place != cells_.end() && place->key == key) {
    place->pairs += pairs;
  } else if (cells_.size() < kCells) {
    cells_.insert(place, Cell{key, pairs});
  } else {
    lost_ += pairs;
    return;
  }
  pairs_ += pairs;
}

void JointLatency::merge(const JointLatency& other) {
  std::vector<Cell> both;
  both.reserve(std::min(cells_.size() + other.cells_.size(), kCells));
  std::uint64_t left_out = 0;
  std::size_t room = kCells - cells_.size();
  auto theirs = other.cells_.begin();
  const auto take_until = [&](std::uint32_t key) {
    for (; theirs != other.cells_.end() && theirs->key < key; ++theirs) {
      if (room == 0) {
        left_out += theirs->pairs;
        continue;
      }
      both.push_back(*theirs);
      --room;
    }
  };
  for (const Cell& own : cells_) {
    take_until(own.key);
    both.push_back(own);
    if (theirs != other.cells_.end() && theirs->key == own.key) both.back().pairs += (theirs++)->pairs;
  }
  take_until(~std::uint32_t{0});
  cells_ = std::move(both);
  pairs_ += other.pairs_ - left_out;
  lost_ += other.lost_ + left_out;
}

JointLatency::Discordant JointLatency::beyond(Duration stable_limit, Duration candidate_limit) const noexcept {
  const std::size_t stable = bucket_of(stable_limit);
  const std::size_t candidate = bucket_of(candidate_limit);
  Discordant found;
  for (const Cell& cell : cells_) {
    const bool stable_slow = stable_bucket(cell.key) > stable;
    const bool candidate_slow = candidate_bucket(cell.key) > candidate;
    if (candidate_slow && !stable_slow) found.only_candidate += cell.pairs;
    if (stable_slow && !candidate_slow) found.only_stable += cell.pairs;
  }
  return found;
}

std::array<std::uint64_t, kBuckets> JointLatency::stable_counts() const noexcept {
  std::array<std::uint64_t, kBuckets> counts{};
  for (const Cell& cell : cells_) counts[stable_bucket(cell.key)] += cell.pairs;
  return counts;
}

std::array<std::uint64_t, kBuckets> JointLatency::candidate_counts() const noexcept {
  std::array<std::uint64_t, kBuckets> counts{};
  for (const Cell& cell : cells_) counts[candidate_bucket(cell.key)] += cell.pairs;
  return counts;
}

Duration JointLatency::stable_quantile(double quantile) const noexcept {
  const auto counts = stable_counts();
  std::array<double, kBuckets> weights{};
  std::copy(counts.begin(), counts.end(), weights.begin());
  return bucket_quantile(weights, quantile);
}

}  // namespace sluice::stats
