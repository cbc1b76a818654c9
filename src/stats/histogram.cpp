#include "sluice/stats/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::stats {

namespace {

double lower_end_ns(std::size_t bucket) noexcept {
  return bucket == 0 ? 0.0 : static_cast<double>(bucket_bound(bucket - 1));
}

/// The one value whose relative distance to both ends of the bucket is the same, hence the smallest at worst.
Duration middle(std::size_t bucket) noexcept {
  const double low = lower_end_ns(bucket);
  if (bucket == kBuckets - 1) return Duration(static_cast<Duration::rep>(low));
  const double high = static_cast<double>(bucket_bound(bucket));
  const double value = bucket == 0 ? high / 2 : 2 * low * high / (low + high);
  return Duration(std::llround(value));
}

}  // namespace

void Histogram::record(Duration value, std::uint64_t times) noexcept {
  add_bucket(bucket_of(value), times);
  add_sum(std::max(value, Duration::zero()) * static_cast<Duration::rep>(times));
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
}

Histogram Histogram::since(const Histogram& earlier) const noexcept {
  Histogram difference;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    difference.add_bucket(i, counts_[i] - std::min(counts_[i], earlier.counts_[i]));
  }
  difference.sum_ = std::max(sum_ - earlier.sum_, Duration::zero());
  return difference;
}

Duration Histogram::mean() const noexcept {
  return count_ == 0 ? Duration::zero() : Duration(sum_.count() / static_cast<Duration::rep>(count_));
}

Duration Histogram::quantile(double q) const noexcept {
  if (count_ == 0) return Duration::zero();
  const double share = std::isnan(q) ? 1.0 : std::clamp(q, 0.0, 1.0);
  const double wanted = std::ceil(share * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += counts_[i];
    if (below >= rank) return middle(i);
  }
  return middle(kBuckets - 1);
}

std::uint64_t Histogram::count_at_most(Duration bound) const noexcept {
  if (bound < Duration::zero()) return 0;
  const std::size_t bucket = bucket_of(bound);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bucket; ++i) below += counts_[i];
  if (bucket == kBuckets - 1) return below;  // its end is unknown: count none of it
  const double low = lower_end_ns(bucket);
  const double width = static_cast<double>(bucket_bound(bucket)) - low;
  const double part = (static_cast<double>(bound.count()) - low) / width;
  return below + static_cast<std::uint64_t>(std::llround(part * static_cast<double>(counts_[bucket])));
}

}  // namespace sluice::stats
