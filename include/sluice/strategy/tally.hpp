#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// What an experiment counts of its versions, and how it goes on counting over looks, restarts and new weights.
namespace sluice::strategy {

/// A metric or an outcome that an experiment is decided by.
struct PrimaryMetric {
  enum class Kind : std::uint8_t {
    Events,    ///< a request or decision has the event or not: failures, conversions
    Exceeds,   ///< the same, the event being that it took longer than a limit
    RealMean,  ///< the mean of a number
  };
  Kind kind = Kind::Events;
  std::string name;
  bool higher_is_better = false;
  bool by_units = false;                     ///< users stick, and are what is counted where they are known
  const policy::Outcome* outcome = nullptr;  ///< of the route; null: a built-in metric
  policy::QuantityUnit unit = policy::QuantityUnit::Ratio;
  double quantile = 0;                                  ///< of Exceeds
  const stats::Histogram Sample::*histogram = nullptr;  ///< of latencies
};

/// Nothing for a name that is neither; the policy's own checks let none of those through.
std::optional<PrimaryMetric> primary_metric(std::string_view name, const policy::ModelRoute& route);

/// "click Binary": what may not change while it is counted.
std::string key_of(const PrimaryMetric& metric);

/// The outcome as it is seen of a version; null where nothing was.
const OutcomeEvidence* find_outcome(const VersionEvidence& evidence, std::string_view name) noexcept;

/// Whose events are counted, for all versions alike.
enum class Counting : std::uint8_t {
  Requests,  ///< or decisions, each on its own
  Units,     ///< users who stick
  Stopped,   ///< units, but there came more than can be told apart: no events are counted
};

/// Whether the units of a version's events are known; false where there are none.
bool units_known(const PrimaryMetric& metric, const VersionEvidence& evidence) noexcept;

/// What the counters of one window show of one version; `before` is what they showed at the last look. `limit`, in
/// seconds, is what a latency must exceed; without one nothing does. A microsecond.
Tally count(const PrimaryMetric& metric, const VersionEvidence& evidence, std::optional<double> limit,
            Counting counting, const Tally& before);

/// Adds what is new since `seen` to the total. Repeated or missed calls change nothing in the end; after a restart,
/// when the data plane's counters began at zero again, only what came after the last call is lost.
void absorb(ArmState& arm, const PrimaryMetric& metric, const Tally& now, std::uint64_t counters);

/// The metric as a number: of events per request, seconds, or value per decision; `limit`s do not matter. Nothing while
/// nothing is counted.
std::optional<double> value_of(const PrimaryMetric& metric, const ArmState& arm, const VersionEvidence& evidence);

/// Requests or decisions that were counted in all.
double counted(const ArmState& arm) noexcept;

}  // namespace sluice::strategy
