#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sluice/base/clock.hpp"
#include "sluice/stats/buckets.hpp"
#include "sluice/stats/histogram.hpp"

/// What a worker writes: cells with ONE writing thread each and any number of readers. A write is a relaxed load and a
/// relaxed store (no locked instruction); readers see every value a little late and never torn.
namespace sluice::metrics {

/// Only grows. Writer: its worker.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down. Writer: its worker; the sum over workers is what counts.
class Gauge {
 public:
  void add(std::int64_t by = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void subtract(std::int64_t by = 1) noexcept { add(-by); }
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Durations. Two relaxed read-modify-writes per observation; no clock is read.
class AtomicHistogram {
 public:
  void record(Duration value) noexcept {
    bump(counts_[stats::bucket_of(value)], 1);
    if (value.count() > 0) bump(sum_, static_cast<std::uint64_t>(value.count()));
  }

  /// Adds what was recorded so far; the count is the sum of the buckets, so it never contradicts them.
  void add_to(stats::Histogram& total) const noexcept {
    for (std::size_t i = 0; i < stats::kBuckets; ++i) {
      if (const std::uint64_t n = counts_[i].load(std::memory_order_relaxed); n != 0) total.add_bucket(i, n);
    }
    total.add_sum(Duration(static_cast<Duration::rep>(sum_.load(std::memory_order_relaxed))));
  }

 private:
  static void bump(std::atomic<std::uint64_t>& cell, std::uint64_t by) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, stats::kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

/// One counter per enumerator.
template <typename Reason, std::size_t N>
class CounterArray {
 public:
  Counter& operator[](Reason reason) noexcept { return cells_[static_cast<std::size_t>(reason)]; }
  const Counter& operator[](Reason reason) const noexcept { return cells_[static_cast<std::size_t>(reason)]; }
  const Counter& at(std::size_t index) const noexcept { return cells_[index]; }

 private:
  std::array<Counter, N> cells_;
};

/// HTTP status codes 100 … 599 have a slot each; slot 0 takes everything else.
inline constexpr std::size_t kStatusSlots = 501;

constexpr std::size_t status_slot(int status) noexcept {
  return status >= 100 && status <= 599 ? static_cast<std::size_t>(status) - 99 : 0;
}
constexpr int status_of_slot(std::size_t slot) noexcept {
  return slot == 0 ? 0 : static_cast<int>(slot) + 99;
}

/// One counter per HTTP status code.
class StatusCounters {
 public:
  void add(int status) noexcept { cells_[status_slot(status)].add(); }
  const Counter& at(std::size_t slot) const noexcept { return cells_[slot]; }

 private:
  std::array<Counter, kStatusSlots> cells_;
};

}  // namespace sluice::metrics
