#include "sluice/stats/exceedance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sluice/stats/combine.hpp"

namespace sluice::stats {
namespace {

using Counts = std::array<std::uint64_t, SlowLimits::kCount>;

/// How many observations lie above each limit. The limits ascend, so one walk from the top serves all.
Counts counts_above(const Histogram& histogram, const std::array<std::uint16_t, SlowLimits::kCount>& limits) noexcept {
  Counts above{};
  std::uint64_t sum = 0;
  std::size_t bucket = kBuckets;
  for (std::size_t i = limits.size(); i-- > 0;) {
    while (bucket > std::size_t{limits[i]} + 1) sum += histogram.bucket_count(--bucket);
    above[i] = sum;
  }
  return above;
}

/// The bucket whose bound leaves nearest to `wanted` of the observations above it. Never all: whoever is slower could
/// not have more there. And some, unless all lie in one bucket: then its own bound.
std::size_t limit_for(const Histogram& reference, double wanted) noexcept {
  const auto n = static_cast<double>(reference.count());
  std::uint64_t above = reference.count();
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t bucket = 0; bucket + 1 < kBuckets; ++bucket) {
    above -= reference.bucket_count(bucket);
    if (above == reference.count()) continue;
    if (above == 0) {
      if (std::isinf(least)) best = bucket;
      break;
    }
    const double off = std::abs(std::log(static_cast<double>(above) / n / wanted));
    // Of empty buckets that leave as many above, the first; a limit inside the data.
    if (off < least) {
      least = off;
      best = bucket;
    }
  }
  return best;
}

double tolerated_between(std::size_t stable, std::size_t candidate) noexcept {
  return static_cast<double>(bucket_bound(candidate)) / static_cast<double>(bucket_bound(stable)) - 1;
}

}  // namespace

std::optional<SlowLimits> freeze_slow_limits(const Histogram& reference, double tolerance) noexcept {
  if (reference.count() == 0) return std::nullopt;
  const double factor = 1 + (tolerance > 0 && std::isfinite(tolerance) ? tolerance : 0);
  SlowLimits limits;
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
    const std::size_t stable = limit_for(reference, 1 - SlowLimits::kQuantiles[i]);
    std::size_t candidate = stable;
    const double wanted = factor * static_cast<double>(bucket_bound(stable));
    while (candidate + 2 < kBuckets && static_cast<double>(bucket_bound(candidate)) < wanted) ++candidate;
    limits.stable[i] = static_cast<std::uint16_t>(stable);
    limits.candidate[i] = static_cast<std::uint16_t>(candidate);
    limits.tolerated = std::max(limits.tolerated, tolerated_between(stable, candidate));
  }
  return limits;
}

Exceedance::Exceedance(const SlowLimits& limits) noexcept : limits_(limits) {}

void Exceedance::add(double share, const Histogram& stable, const Histogram& candidate) noexcept {
  const Counts stable_above = counts_above(stable, limits_.stable);
  const Counts candidate_above = counts_above(candidate, limits_.candidate);
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    processes_[i].add(share, candidate_above[i], candidate_above[i] + stable_above[i]);
  }
}

void Exceedance::merge(const Exceedance& other) noexcept {
  for (std::size_t i = 0; i < processes_.size(); ++i) processes_[i].merge(other.processes_[i]);
}

double Exceedance::log_e() const noexcept {
  std::array<double, SlowLimits::kCount> evidence{};
  for (std::size_t i = 0; i < evidence.size(); ++i) evidence[i] = processes_[i].log_e();
  return log_mean_e(evidence);
}

double Exceedance::log_e_accept(double limit) const noexcept {
  double least = std::numeric_limits<double>::infinity();
  for (const auto& process : processes_) least = std::min(least, process.log_e_accept(limit));
  return least;
}

std::size_t Exceedance::strongest() const noexcept {
  std::size_t best = 0;
  for (std::size_t i = 1; i < processes_.size(); ++i) {
    if (processes_[i].log_e() > processes_[best].log_e()) best = i;
  }
  return best;
}

std::vector<double> Exceedance::pack() const {
  std::vector<double> packed;
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
    const auto process = processes_[i].pack();
    packed.insert(packed.end(), {static_cast<double>(limits_.stable[i]), static_cast<double>(limits_.candidate[i]),
                                 static_cast<double>(process.size())});
    packed.insert(packed.end(), process.begin(), process.end());
  }
  return packed;
}

std::optional<Exceedance> Exceedance::unpack(std::span<const double> packed) {
  constexpr std::size_t head = 3;
  SlowLimits limits;
  std::array<RelativeRisk, SlowLimits::kCount> processes;
  for (std::size_t i = 0; i < SlowLimits::kCount; ++i) {
    if (packed.size() < head) return std::nullopt;
    for (const double value : packed.first(head)) {
      if (!(value >= 0 && value <= 1e4)) return std::nullopt;
    }
    const auto stable = static_cast<std::size_t>(packed[0]);
    const auto candidate = static_cast<std::size_t>(packed[1]);
    const auto size = static_cast<std::size_t>(packed[2]);
    const bool ascend = i == 0 || (stable >= limits.stable[i - 1] && candidate >= limits.candidate[i - 1]);
    if (stable >= kBuckets || candidate >= kBuckets || !ascend || packed.size() < head + size) return std::nullopt;
    const auto process = RelativeRisk::unpack(packed.subspan(head, size));
    if (!process || process->prior() != RiskPrior::Guardrail) return std::nullopt;
    limits.stable[i] = static_cast<std::uint16_t>(stable);
    limits.candidate[i] = static_cast<std::uint16_t>(candidate);
    limits.tolerated = std::max(limits.tolerated, tolerated_between(stable, candidate));
    processes[i] = *process;
    packed = packed.subspan(head + size);
  }
  if (!packed.empty()) return std::nullopt;
  Exceedance exceedance(limits);
  exceedance.processes_ = processes;
  return exceedance;
}

}  // namespace sluice::stats
