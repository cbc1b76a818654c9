#pragma once

#include <chrono>

namespace sluice {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Where I/O code gets the time from; pure code takes `now` as a parameter. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const noexcept = 0;
  virtual WallTime wall_now() const noexcept = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const noexcept override { return std::chrono::system_clock::now(); }
};

/// A clock that a test moves by hand. Not thread-safe.
class ManualClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return TimePoint(elapsed_); }
  WallTime wall_now() const noexcept override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(elapsed_));
  }
  void advance(Duration by) noexcept { elapsed_ += by; }

 private:
  Duration elapsed_{std::chrono::hours(1)};
};

}  // namespace sluice
