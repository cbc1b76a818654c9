#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/base/clock.hpp"

/// How the process comes to its end, as a pure state machine: (status, event, now) → (status, action). See
/// docs/drain.md.
namespace sluice::app {

enum class DrainPhase : std::uint8_t {
  Serving,
  Announced,  ///< not ready any more; everything is still accepted and answered, so that load balancers notice
  Closing,    ///< the listeners are closed; connections end as they become idle
  Drained,    ///< nothing is left; the process stays for probes and operators until a signal
  Stopped,
};
std::string_view to_string(DrainPhase phase) noexcept;

enum class DrainEvent : std::uint8_t {
  Tick,    ///< time has passed
  Order,   ///< an operator or a preStop hook asks for a drain
  Undo,    ///< and calls it off
  Signal,  ///< SIGTERM or SIGINT
};

/// What is to be done, by the caller, once.
enum class DrainAction : std::uint8_t {
  None,
  Announce,   ///< say that this process is not ready
  Resume,     ///< say that it is ready again
  Close,      ///< close the listeners, let connections end
  CutOff,     ///< close what is left, and stay
  Stop,       ///< close what is left, and leave with 0
  EndAtOnce,  ///< leave now, and not with 0
};

struct DrainStatus {
  DrainPhase phase = DrainPhase::Serving;
  bool signalled = false;  ///< so the process leaves when it is drained
  TimePoint until{};       ///< end of the phase: of the delay in Announced, of the patience in Closing
  friend bool operator==(const DrainStatus&, const DrainStatus&) = default;
};

/// The world as the plan sees it.
struct DrainFacts {
  TimePoint now{};
  Duration delay{0};                   ///< of Announced
  Duration timeout{0};                 ///< of Closing
  std::uint64_t open_connections = 0;  ///< of clients
};

struct DrainStep {
  DrainStatus status;
  DrainAction action = DrainAction::None;
};

/// At most one transition. Repeat ticks until nothing is to be done.
DrainStep advance(const DrainStatus& status, DrainEvent event, const DrainFacts& facts) noexcept;

/// True while an Undo would still help: nothing is closed and no signal has come.
bool can_be_undone(const DrainStatus& status) noexcept;

}  // namespace sluice::app
