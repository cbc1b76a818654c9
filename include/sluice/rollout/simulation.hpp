#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/injection.hpp"
#include "sluice/rollout/synthetic_traffic.hpp"
#include "sluice/rollout/view.hpp"
#include "sluice/state/store.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// A rollout before it happens: the controller and the strategies that would run it, on a virtual clock, with traffic
/// that is drawn.
namespace sluice::rollout {

struct Scenario {
  policy::ModelRoute route;
  TrafficModel traffic;
  /// A person promotes so long after a pause began that has no end, and not before all checks pass; none: nobody comes.
  std::optional<Duration> approve_after;
  Duration longest = std::chrono::hours(7 * 24);        ///< then the run ends undecided
  WallTime start{std::chrono::seconds(1'767'571'200)};  ///< Monday, 5 January 2026, 00:00 UTC
};

/// How one run went.
struct Run {
  strategy::Phase phase = strategy::Phase::Pending;
  std::string reason;
  std::string message;
  std::string winner;            ///< of an A/B test or a bandit; empty: none
  std::optional<Ending> ending;  ///< none: undecided when its time was over
  bool awaits_person = false;    ///< nobody came within an hour; then `took` is until the wait began
  Duration took{0};              ///< until it was decided, or all of the time
  std::uint64_t ticks = 0;
  Tally tally;
  std::vector<state::JournalEntry> journal;  ///< oldest first
};

/// What is left out because only the world knows it: the checks that ask Prometheus are taken to pass. How many, of the
/// route's checks, these are.
std::size_t drop_unknown_checks(policy::ModelRoute& route);

/// The version that everything else is compared with: `stable`, `live`, `active`, the control, the first arm.
std::string first_version(const policy::ModelRoute& route);

/// Watches a run from inside: after every look that something came of and at the end, with what is in force then. False
/// ends the run.
using Watcher = std::function<bool(WallTime now, const RolloutView& view, const Tally& tally)>;

/// One run; equal seeds give equal runs. Some 30 µs per look, a few thousand looks for a week. Fails when no plan can
/// be made of the route.
Result<Run> simulate(const Scenario& scenario, std::uint64_t seed, const Watcher& watcher = {});

/// Many runs with seeds that follow from this one, on all cores (at most 8), without their journals; the same whatever
/// the number of cores. `progress` is told from this thread now and then how many are done.
Result<std::vector<Run>> simulate_many(const Scenario& scenario, std::uint64_t seed, std::size_t runs,
                                       const std::function<void(std::size_t)>& progress = {});

/// Whether this run is what was expected.
bool meets(const Run& run, const Expectation& expectation) noexcept;

}  // namespace sluice::rollout
