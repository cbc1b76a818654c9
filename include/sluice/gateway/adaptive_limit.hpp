#pragma once

#include <cstdint>

#include "sluice/base/clock.hpp"
#include "sluice/gateway/config.hpp"

namespace sluice::gateway {

/// Finds how many requests a version can work on at once, from nothing but the latency of its answers: while more
/// requests do not make answers slower the limit grows, and it shrinks in the proportion in which they become slower
/// than `tolerance` allows. The gradient of Netflix' concurrency-limits (Gradient2, 2018), with a base latency that is
/// measured at a lower limit now and then, as BBR (Cardwell et al. 2016) does, because under lasting overload an
/// average of the past would rise with the queue. docs/overload.md has the rules and their constants.
///
/// Pure arithmetic: samples and time are parameters. One worker's; no allocation.
class AdaptiveLimit {
 public:
  AdaptiveLimit(const AdaptiveConcurrency& settings, TimePoint now) noexcept;

  /// New bounds; what was learnt stays.
  void configure(const AdaptiveConcurrency& settings) noexcept;

  /// An answer that says how busy the version is came `latency` after its request went in; `in_flight` are inside, this
  /// one included.
  void answered(Duration latency, std::uint32_t in_flight, TimePoint now) noexcept;
  /// A request was not answered in time, or the endpoint said that it is overloaded.
  void dropped(std::uint32_t in_flight, TimePoint now) noexcept;

  /// Gives a measurement up whose requests of before do not end.
  void pass(TimePoint now) noexcept;

  /// Between `min` and `max`.
  std::uint32_t limit() const noexcept;
  /// What an answer takes while nothing queues; 0 until it was measured.
  Duration base() const noexcept { return Duration(static_cast<Duration::rep>(base_)); }
  /// The base is being measured, at a lower limit.
  bool is_measuring() const noexcept { return phase_ != Phase::Following; }
  /// Waits for requests of before to end, no longer than `drained_by`: call `pass` then.
  bool is_draining() const noexcept { return phase_ == Phase::Draining; }
  TimePoint drained_by() const noexcept { return drained_by_; }

 private:
  enum class Phase : std::uint8_t {
    Following,  ///< the limit follows the latency
    Draining,   ///< a lower limit is in force, requests of before are still inside
    Measuring,  ///< what is inside began at the lower limit
  };

  bool window_is_full(TimePoint now) const noexcept;
  void close_window(TimePoint now) noexcept;
  void end_measurement(TimePoint now) noexcept;
  void follow(TimePoint now) noexcept;
  void begin_window(TimePoint now) noexcept;
  void scale(double factor) noexcept;

  AdaptiveConcurrency settings_;
  double limit_;
  double base_ = 0;  // nanoseconds
  Phase phase_ = Phase::Measuring;
  bool rising_ = true;          // the start: by half with each window, until the latency rises
  TimePoint confirmed_{};       // the base was measured, or nothing was in the way
  TimePoint drained_by_{};      // in Draining
  TimePoint not_before_{};      // no measurement: the last one was given up
  TimePoint strained_since_{};  // answers are far too slow at any limit; the epoch: they are not

  // the window
  TimePoint begun_{};
  double sum_ = 0;  // nanoseconds
  std::uint32_t answered_ = 0;
  std::uint32_t dropped_ = 0;
  std::uint32_t peak_ = 0;
};

}  // namespace sluice::gateway
