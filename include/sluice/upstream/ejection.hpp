#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/metrics/reasons.hpp"
#include "sluice/upstream/supervision.hpp"

/// Which endpoints of a version are taken out because of how real requests went: a pure state machine over all of them,
/// since they are compared with each other and only so many may be out.
namespace sluice::upstream {

/// What all workers reported of one endpoint; only grows.
struct EndpointTotals {
  std::uint64_t answered = 0;
  std::uint64_t server_errors = 0;
  std::uint64_t gateway_errors = 0;
  std::uint64_t latency = 0;  ///< nanoseconds, of `answered`

  std::uint64_t errors() const noexcept { return server_errors + gateway_errors; }
  std::uint64_t requests() const noexcept { return answered + errors(); }
  friend EndpointTotals operator-(const EndpointTotals& now, const EndpointTotals& before) noexcept {
    return {now.answered - before.answered, now.server_errors - before.server_errors,
            now.gateway_errors - before.gateway_errors, now.latency - before.latency};
  }
  friend bool operator==(const EndpointTotals&, const EndpointTotals&) = default;
};

enum class EjectionPhase : std::uint8_t { Admitted, Ejected, Probation };

/// Why, with the numbers.
struct EjectionCause {
  metrics::EjectionReason reason = metrics::EjectionReason::Errors;
  bool in_probation = false;   ///< it failed its probation rather than a limit
  double observed = 0;         ///< errors in a row, or of its probation; a rate 0…1; seconds
  double bound = 0;            ///< what it was held against
  std::uint64_t requests = 0;  ///< from which a rate or latency comes
};

struct EjectionStatus {
  EjectionPhase phase = EjectionPhase::Admitted;
  std::uint32_t count = 0;  ///< ejections in a row, forgotten one by one while admitted
  TimePoint until{};        ///< end of the ejection or the probation; admitted: when one of `count` is forgotten
  Duration time{0};         ///< how long the last ejection is
  EjectionCause cause;
  EndpointTotals interval_begin;   ///< totals when the interval began
  EndpointTotals probation_begin;  ///< totals when the probation began
};

/// All endpoints of one version, in their order.
struct VersionEjection {
  std::vector<EjectionStatus> endpoints;
  TimePoint interval_end{};  ///< zero: none began yet
};

struct EndpointEvidence {
  EndpointTotals totals;
  std::uint32_t errors_in_row = 0;
  std::uint32_t gateway_errors_in_row = 0;
  bool eligible = true;  ///< it may get traffic as far as everything else is concerned
  bool counted = true;   ///< it is one of the endpoints of which a share may be out: not taken out by an operator
};

/// What became of an endpoint. After Eject and Try its streaks are to be forgotten.
struct EjectionChange {
  enum class What : std::uint8_t { Eject, Try, Admit };
  std::size_t endpoint = 0;
  What what = What::Eject;
};

struct EjectionStep {
  VersionEjection status;
  std::vector<EjectionChange> changes;
};

/// How many of `endpoints` may be out at the same time: a share, but at least one of two or more, and never all.
std::size_t most_ejected(const EjectionSettings& settings, std::size_t endpoints) noexcept;

/// Looks at everything, at any moment: streaks count at once, rates and latencies when the interval is over.
/// `evidence[i]` is of `status.endpoints[i]`.
EjectionStep look(const EjectionSettings& settings, VersionEjection status, std::span<const EndpointEvidence> evidence,
                  TimePoint now);

/// "5 errors in a row", "success rate 81.2% below 94.0% (n=1204)".
std::string describe(const EjectionCause& cause);

}  // namespace sluice::upstream
