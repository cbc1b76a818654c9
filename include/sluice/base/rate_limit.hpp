#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "sluice/base/clock.hpp"

namespace sluice {

/// Admits at most `per_second` events in any one second that begins with an admitted event, and counts the rest.
///
/// Thread-safe, lock-free, usable as a static (constant initialisation). Under contention at the turn of a second a
/// few events more or fewer may pass: it protects a log, it does not bill anyone.
class RateLimit {
 public:
  explicit constexpr RateLimit(std::uint32_t per_second) noexcept : per_second_(per_second) {}

  /// Nothing when the event must be dropped; otherwise how many were dropped since the last one that passed.
  std::optional<std::uint64_t> admit(TimePoint now) noexcept {
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t begin = begin_.load(std::memory_order_relaxed);
    const bool over = begin == kNever || at - begin >= kSecond || at < begin;
    if (over && begin_.compare_exchange_strong(begin, at, std::memory_order_relaxed)) {
      used_.store(0, std::memory_order_relaxed);
    }
    if (used_.fetch_add(1, std::memory_order_relaxed) >= per_second_) {
      suppressed_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return suppressed_.exchange(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kNever = INT64_MIN;

  const std::uint32_t per_second_;
  std::atomic<std::int64_t> begin_{kNever};
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> suppressed_{0};
};

}  // namespace sluice
