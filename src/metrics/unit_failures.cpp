#include "sluice/metrics/unit_failures.hpp"

#include <bit>

namespace sluice::metrics {

namespace {

constexpr std::uint8_t kLastStep = 16;

}  // namespace

UnitFailures::UnitFailures(std::size_t workers, std::size_t versions, std::size_t max_units)
    : workers_(workers), max_units_(max_units), rings_(std::make_unique<FailureRing[]>(workers)), counts_(versions) {}

std::optional<std::vector<UnitFailureCounts>> UnitFailures::counts() {
  const std::lock_guard lock(mutex_);
  for (std::size_t worker = 0; worker < workers_; ++worker) {
    rings_[worker].drain([this](std::uint64_t entry) { count(entry); });
    overflowed_ = overflowed_ || rings_[worker].lost();
  }
  if (overflowed_) return std::nullopt;
  return counts_;
}

void UnitFailures::count(std::uint64_t entry) {
  if (overflowed_) return;
  UnitFailureCounts& counts = counts_[entry % kMaxVersions];
  if (entry < kMaxVersions) {
    ++counts[0];
    return;
  }
  if (failures_.size() >= max_units_ && !failures_.contains(entry)) {
    overflowed_ = true;
    failures_ = {};
    return;
  }
  std::uint8_t& failures = failures_[entry];
  if (failures == kLastStep) return;
  ++failures;
  if (std::has_single_bit(failures)) ++counts[static_cast<std::size_t>(std::countr_zero(failures))];
}

}  // namespace sluice::metrics
