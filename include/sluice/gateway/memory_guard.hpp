#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "sluice/base/clock.hpp"
#include "sluice/http/deadline_wheel.hpp"

namespace sluice::gateway {

/// How much of the memory that the gateway may use is in use.
enum class MemoryState : std::uint8_t {
  Normal,
  Tight,  ///< from 90 %: no copies for shadows, no warm-ups
  Full,   ///< from the limit: no new requests either
};

/// Resident bytes to a state, with hysteresis: back to Tight below 95 %, to Normal below 85 %. Pure.
class MemoryGuard {
 public:
  /// 0: nothing is ever tight.
  void set_limit(std::uint64_t bytes) noexcept { limit_ = bytes; }
  MemoryState update(std::uint64_t resident) noexcept;
  MemoryState state() const noexcept { return state_; }
  std::uint64_t limit() const noexcept { return limit_; }

 private:
  std::uint64_t limit_ = 0;
  MemoryState state_ = MemoryState::Normal;
};

/// What this process has in RAM. One small read from the kernel; 0 where that is not possible. One thread.
class ResidentMemory {
 public:
  ResidentMemory() noexcept;
  ~ResidentMemory();
  ResidentMemory(const ResidentMemory&) = delete;
  ResidentMemory& operator=(const ResidentMemory&) = delete;
  std::uint64_t bytes() const noexcept;

 private:
  int file_;
  std::uint64_t page_bytes_;
};

/// The guard at work: one thread samples, all threads read.
class MemoryWatch : private http::DeadlineWheel::Hook {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(50);

  /// Looks at the memory every kInterval from now on, on the wheel's thread. `changed` is called there.
  void start(http::DeadlineWheel& wheel, TimePoint now, std::function<void(MemoryState)> changed);

  /// Any thread; in force with the next sample.
  void set_limit(std::uint64_t bytes) noexcept { limit_.store(bytes, std::memory_order_relaxed); }
  /// One look. Says a change in the log. While memory is short, what was freed is given back to the kernel every ten
  /// seconds, or it would count as used for ever. One thread.
  void look(TimePoint now);
  /// The same with a figure from elsewhere.
  void note(std::uint64_t resident, TimePoint now);

  /// Any thread; one relaxed load.
  MemoryState state() const noexcept { return state_.load(std::memory_order_relaxed); }

 private:
  void on_deadline(TimePoint now) override;

  http::DeadlineWheel* wheel_ = nullptr;
  std::function<void(MemoryState)> changed_;
  std::atomic<std::uint64_t> limit_{0};
  std::atomic<MemoryState> state_{MemoryState::Normal};
  ResidentMemory memory_;
  MemoryGuard guard_;
  TimePoint trimmed_{};
};

}  // namespace sluice::gateway
