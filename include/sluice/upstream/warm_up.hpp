#pragma once

#include <cstdint>

#include "sluice/base/clock.hpp"
#include "sluice/upstream/supervision.hpp"

/// When an endpoint that is ready gets warm-up requests, and when it has had enough: a pure state machine.
namespace sluice::upstream {

enum class WarmUpPhase : std::uint8_t {
  Waiting,  ///< for readiness
  Warming,  ///< requests are on their way, one after the other
  Done,     ///< clients' requests may come
};

struct WarmUpStatus {
  WarmUpPhase phase = WarmUpPhase::Waiting;
  TimePoint until{};  ///< while Warming: when traffic begins nevertheless
  std::uint32_t planned = 0;
  std::uint32_t answered = 0;
  std::uint32_t failed = 0;
  bool timed_out = false;
  friend bool operator==(const WarmUpStatus&, const WarmUpStatus&) = default;
};

struct WarmUpEvent {
  enum class Kind : std::uint8_t {
    Ready,     ///< the endpoint is ready; with `planned` requests
    Unready,   ///< it is not, or no longer
    Answered,  ///< a warm-up request was answered
    Failed,    ///< one was not, or with an error
    Time,      ///< nothing but time has passed
  };
  Kind kind = Kind::Time;
  TimePoint now{};
  std::uint32_t planned = 0;
};

enum class WarmUpAction : std::uint8_t {
  None,
  Begin,  ///< send the first request
  End,    ///< send no further one; the one under way may be given up
};

struct WarmUpStep {
  WarmUpStatus status;
  WarmUpAction action = WarmUpAction::None;
};

/// An event that does not fit the phase changes nothing. Failures are counted and never keep traffic away.
WarmUpStep after_event(const WarmUpSettings& settings, const WarmUpStatus& status, const WarmUpEvent& event) noexcept;

}  // namespace sluice::upstream
