#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "sluice/metrics/counters.hpp"

/// How failures are spread over the units (users, sessions) that met them: where users stick to a version, one user's
/// failures are not independent of each other, so it is users that may be counted.
namespace sluice::metrics {

/// Units with at least 1, 2, 4, 8 and 16 failures.
using UnitFailureCounts = std::array<std::uint64_t, 5>;

/// Failed requests on their way from one worker to whoever counts them: bounded, one writer, one reader at a time.
class FailureRing {
 public:
  static constexpr std::size_t kRoom = 8192;

  FailureRing() : entries_(std::make_unique_for_overwrite<std::uint64_t[]>(kRoom)) {}

  /// Writer. What does not fit is lost, and it is known that something was. No allocation, no lock.
  void add(std::uint64_t entry) noexcept {
    const std::uint64_t written = written_.load(std::memory_order_relaxed);
    if (written - read_.load(std::memory_order_acquire) >= kRoom) {
      lost_.store(true, std::memory_order_relaxed);
      return;
    }
    entries_[written % kRoom] = entry;  // the reader stays away from it until it is told of it
    written_.store(written + 1, std::memory_order_release);
  }

  /// Reader: every entry since the last call, in order.
  template <typename Take>
  void drain(Take&& take) {
    std::uint64_t read = read_.load(std::memory_order_relaxed);
    const std::uint64_t written = written_.load(std::memory_order_acquire);
    for (; read != written; ++read) take(entries_[read % kRoom]);
    read_.store(read, std::memory_order_release);
  }

  bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<std::uint64_t[]> entries_;  // never cleared, so pages that nothing fails into stay untouched
  alignas(kCacheLine) std::atomic<std::uint64_t> written_{0};
  std::atomic<bool> lost_{false};
  alignas(kCacheLine) std::atomic<std::uint64_t> read_{0};
};

/// The failures of one window by unit. Workers note them; whoever looks counts them. A success costs nothing.
///
/// Bounded twice: 8 192 failures per worker between two looks, and `max_units` pairs of unit and version in all (about
/// 4 MB). Beyond either it is no longer known, for the rest of the window, rather than known wrongly.
class UnitFailures {
 public:
  static constexpr std::size_t kMaxUnits = 100'000;
  /// What `version` may be at most: an entry is one word.
  static constexpr std::size_t kMaxVersions = 64;

  UnitFailures(std::size_t workers, std::size_t versions, std::size_t max_units = kMaxUnits);

  /// A request of that unit, assigned to that version, failed. `unit` 0: it carried none and was drawn for itself, so
  /// it is a unit of its own. That worker's thread; no allocation, no lock.
  void note(std::size_t worker, std::size_t version, std::uint64_t unit) noexcept {
    rings_[worker].add(unit == 0 ? version : (unit | kHasUnit) - unit % kMaxVersions + version);
  }

  /// By version; nothing when more failed than could be told apart. Any thread but a worker's: it locks.
  std::optional<std::vector<UnitFailureCounts>> counts();

 private:
  /// The lowest bit that is the unit's in any case: with it no unit looks like none.
  static constexpr std::uint64_t kHasUnit = kMaxVersions;

  void count(std::uint64_t entry);

  const std::size_t workers_;
  const std::size_t max_units_;
  std::unique_ptr<FailureRing[]> rings_;                      // by worker
  std::mutex mutex_;                                          // over what follows
  std::unordered_map<std::uint64_t, std::uint8_t> failures_;  // by unit and version; stays at the last step
  std::vector<UnitFailureCounts> counts_;
  bool overflowed_ = false;
};

}  // namespace sluice::metrics
