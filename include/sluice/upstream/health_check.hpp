#pragma once

#include <cstdint>

#include "sluice/base/clock.hpp"
#include "sluice/upstream/supervision.hpp"

/// What the results of active checks say about an endpoint: a pure state machine.
namespace sluice::upstream {

enum class Health : std::uint8_t { Unknown, Healthy, Unhealthy };

struct HealthCheckStatus {
  Health health = Health::Unknown;
  std::uint32_t passes = 0;    ///< in a row, up to the last check
  std::uint32_t failures = 0;  ///< in a row, up to the last check
  friend bool operator==(const HealthCheckStatus&, const HealthCheckStatus&) = default;
};

struct HealthCheckStep {
  HealthCheckStatus status;
  bool changed = false;  ///< of `health`
  Duration next{0};      ///< until the next check
};

/// True when an answer with this status passes.
inline bool passes(const HealthCheckSettings& settings, int status) noexcept {
  return status >= settings.lowest_status && status <= settings.highest_status;
}

/// A check has ended. Of an endpoint that nothing is known of the first one decides at once; later ones count in rows.
/// One that was in use before checks were switched on is Healthy from the start. After a failed check, and until the
/// endpoint is healthy, the next one comes after `unhealthy_interval`. `draw` in [0, 1) picks the jitter.
HealthCheckStep after_check(const HealthCheckSettings& settings, const HealthCheckStatus& status, bool passed,
                            double draw) noexcept;

}  // namespace sluice::upstream
