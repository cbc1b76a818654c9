#pragma once

#include <chrono>
#include <cstdint>

#include "sluice/base/clock.hpp"

namespace sluice::gateway {

/// Bounds of one gate, for one worker.
struct GateLimits {
  std::uint32_t in_flight = 0;  ///< requests inside; 0: no limit
  std::uint32_t waiting = 0;    ///< requests that may wait for a place
  std::chrono::milliseconds wait{1000};
  friend bool operator==(const GateLimits&, const GateLimits&) = default;
};

/// Who gets in, who waits and in which order, who is sent away: counts only, no queue. Pure; see docs/overload.md for
/// the reasons.
///
/// A queue that is empty now and then absorbs bursts, and is served first come, first served. One that has not been
/// empty for a quarter of the longest wait is *standing*: more comes than can be served, so everyone who waits makes
/// everyone behind wait, too. Then the newest is served first, and when the queue is full the oldest is sent away in
/// favour of the newcomer: those who are served are served soon.
class GateRules {
 public:
  enum class Arrival : std::uint8_t {
    Enters,
    Waits,
    WaitsForOldest,  ///< waits; the one who waits longest is sent away for it
    Refused,
  };
  enum class Turn : std::uint8_t { Nobody, Oldest, Newest };

  void set(const GateLimits& limits) noexcept { limits_ = limits; }
  /// What a gate may hold at most; a limit that moves is set here.
  void set_in_flight(std::uint32_t limit) noexcept { limits_.in_flight = limit; }
  const GateLimits& limits() const noexcept { return limits_; }

  /// A request comes.
  Arrival arrive(TimePoint now) noexcept;
  /// Enters only where nobody has to wait for it, and nobody waits already. The usual way.
  bool enter_at_once() noexcept {
    if (!has_room() || waiting_ > 0) return false;
    ++in_flight_;
    return true;
  }
  /// A request that was inside goes.
  void leave() noexcept { --in_flight_; }
  /// One who waits goes without having been inside.
  void give_up() noexcept { --waiting_; }
  /// Whose turn it is; that one is inside from now on.
  Turn next(TimePoint now) noexcept;

  bool has_room() const noexcept { return limits_.in_flight == 0 || in_flight_ < limits_.in_flight; }
  bool is_standing(TimePoint now) const noexcept { return waiting_ > 0 && now - filled_ >= limits_.wait / 4; }
  std::uint32_t in_flight() const noexcept { return in_flight_; }
  std::uint32_t waiting() const noexcept { return waiting_; }

 private:
  GateLimits limits_;
  std::uint32_t in_flight_ = 0;
  std::uint32_t waiting_ = 0;
  TimePoint filled_{};  // when the queue was last empty before it became what it is
};

}  // namespace sluice::gateway
