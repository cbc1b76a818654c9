#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/metrics/reasons.hpp"
#include "sluice/upstream/ejection.hpp"
#include "sluice/upstream/endpoint_status.hpp"
#include "sluice/upstream/health_check.hpp"
#include "sluice/upstream/slow_start.hpp"
#include "sluice/upstream/supervision.hpp"
#include "sluice/upstream/warm_up.hpp"

/// What an endpoint may do, all things considered: puts the other state machines and the operator's word together.
/// Pure.
///
/// Order of precedence: draining, withheld, not ready, ejected, being warmed up, in probation, ramping, admitted.
namespace sluice::upstream {

/// Everything that is known of one endpoint.
struct EndpointLife {
  bool draining = false;    ///< an operator took it out
  bool withheld = false;    ///< the rollout did; it is checked meanwhile, not warmed up
  bool ready = false;       ///< as of the last look
  bool ever_ready = false;  ///< it was, once; or nobody doubted it
  HealthCheckStatus health;
  WarmUpStatus warm_up;
  SlowStartStatus slow_start;
  EjectionStatus ejection;

  /// One that is believed to be well until a check says otherwise.
  static EndpointLife believed() {
    EndpointLife life;
    life.ready = life.ever_ready = true;
    life.warm_up.phase = WarmUpPhase::Done;
    return life;
  }
};

/// The rollout lets it in: it must become ready, warm up and start slowly like a new one. What it did before counts
/// neither for it nor against it.
EndpointLife let_in(EndpointLife life) noexcept;

/// Ready when it may get traffic by itself, or might if the rollout did not withhold it. Of settled lives.
Standing standing_of(const EndpointLife& life) noexcept;

struct LifeStep {
  EndpointLife life;
  bool became_ready = false;                  ///< whatever it did before does not count any more
  WarmUpAction warm_up = WarmUpAction::None;  ///< what to do about warm-up requests
};

/// Brings readiness, warm-up and ramp up to date; harmless to repeat. Without checks an endpoint counts as Healthy, so
/// that when they are switched on one failure does not take it out. `planned` warm-up requests are at hand.
LifeStep settle(const Supervision& rules, EndpointLife life, std::uint32_t planned, TimePoint now) noexcept;

/// What follows for its traffic.
struct EndpointVerdict {
  metrics::EndpointState state = metrics::EndpointState::Admitted;
  double share = 1;    ///< of its usual traffic, 0…1
  bool panic = false;  ///< it gets traffic although its state says otherwise, since too few others can
  friend bool operator==(const EndpointVerdict&, const EndpointVerdict&) = default;
};

/// One endpoint by itself.
EndpointVerdict judge(const Supervision& rules, const EndpointLife& life, TimePoint now) noexcept;

/// How many endpoints of a version may get traffic.
struct Usability {
  std::size_t usable = 0;
  std::size_t counted = 0;  ///< of how many: not draining, not starting
  bool panic = false;
};

/// All endpoints of a version together. When fewer than `panic_threshold` of them are usable and no other version could
/// answer instead, most reports must be wrong or there is nothing to lose: all get traffic that are not draining, and
/// those that are only starting when there is no other. While the rollout withholds some (`withholding`), the starting
/// ones wait nevertheless: it knows what it does.
Usability apply_panic(const Supervision& rules, bool has_fallback, std::span<EndpointVerdict> endpoints,
                      bool withholding = false) noexcept;

/// Why, in one sentence with its numbers. `last_check` as in EndpointReport.
std::string explain(const Supervision& rules, const EndpointLife& life, const EndpointVerdict& verdict,
                    const Usability& version, std::string_view last_check, TimePoint now);

}  // namespace sluice::upstream
