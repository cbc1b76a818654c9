#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace sluice {

/// A bounded queue from one thread to one other, without locks: what a worker tells a slower thread. Memory is taken
/// once; what does not fit is refused.
template <typename T>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Room for at least `capacity` values, rounded up to a power of two.
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity) - 1), slots_(new T[mask_ + 1]) {}

  /// The writing thread. False when it is full; a few nanoseconds.
  bool push(const T& value) noexcept {
    const std::size_t at = written_.load(std::memory_order_relaxed);
    if (at - seen_read_ > mask_) {
      seen_read_ = read_.load(std::memory_order_acquire);
      if (at - seen_read_ > mask_) return false;
    }
    slots_[at & mask_] = value;
    written_.store(at + 1, std::memory_order_release);
    return true;
  }

  /// The reading thread: calls `take(value)` for all that is there, or for so many at most, and says how many that
  /// were.
  template <typename F>
  std::size_t drain(F&& take, std::size_t most = ~std::size_t{0}) {
    std::size_t at = read_.load(std::memory_order_relaxed);
    const std::size_t there = written_.load(std::memory_order_acquire) - at;
    const std::size_t count = there < most ? there : most;
    const std::size_t end = at + count;
    for (; at != end; ++at) take(static_cast<const T&>(slots_[at & mask_]));
    read_.store(end, std::memory_order_release);
    return count;
  }

  /// How many wait. Exact for the reading thread but for what is written meanwhile; either thread.
  std::size_t size() const noexcept {
    const std::size_t read = read_.load(std::memory_order_acquire);
    return written_.load(std::memory_order_acquire) - read;
  }
  std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  static constexpr std::size_t kLine = 64;
  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(kLine) std::atomic<std::size_t> written_{0};
  std::size_t seen_read_ = 0;  // the writer's last look, so that it seldom asks for the reader's cache line
  alignas(kLine) std::atomic<std::size_t> read_{0};
};

}  // namespace sluice
