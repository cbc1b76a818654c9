#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"
#include "sluice/rollout/view.hpp"
#include "sluice/state/store.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::rollout {

/// What the controller is made of; all outlive it.
struct Parts {
  state::Store& store;
  TrafficControl& traffic;
  KpiSource& kpis;
  Errands& errands;
  /// Told every journal entry once it is kept; quick.
  std::function<void(const state::JournalEntry&)> on_event = [](const state::JournalEntry&) {};
};

/// All rollouts of one process. One thread.
///
/// A tick gathers the evidence once, advances every route by at most one transition, keeps what changed, then publishes
/// it: a process that dies in between goes on from what was kept. A tick may be missed or repeated.
class Controller {
 public:
  explicit Controller(Parts parts);
  ~Controller();

  /// Reads what was kept. Fails when the store does; damaged records are dropped with an alarm, and their routes start
  /// with all traffic on stable, held for a person.
  Result<void> restore(WallTime now);

  /// A policy that is about to be put in force: which rollouts go on, begin, or end as superseded. Changes nothing.
  struct Prepared {
    std::vector<policy::ModelRoute> routes;
    std::uint64_t generation = 0;
    std::map<std::string, strategy::RolloutState> states;         ///< by route
    std::map<std::string, strategy::RolloutState> before;         ///< what these came from, where there was something
    std::vector<RouteSteering> steerings;                         ///< in the order of the routes
    std::vector<std::pair<std::string, strategy::Event>> events;  ///< by route
  };
  Result<Prepared> prepare(std::vector<policy::ModelRoute> routes, std::uint64_t generation, WallTime now) const;
  /// The data plane serves by it: keeps it. An error says that the store could not, yet: the policy is in force
  /// nevertheless, and every tick tries again.
  Result<void> adopt(Prepared prepared, WallTime now);

  /// Also the first one after a restart. Errors of the store or the data plane are logged, shown, and tried again.
  void tick(WallTime now);

  struct Refusal {
    bool unknown_route = false;
    std::string reason;
  };
  /// A person's word, done at once: kept and published when this returns. What the route looks like afterwards; a verb
  /// whose work is done already changes nothing.
  Result<RolloutView, Refusal> command(const std::string& route, const strategy::Command& command, WallTime now);

  /// Everything that is shown, as of the last tick.
  std::vector<RolloutView> views(WallTime now) const;

  /// Whether the last commit went well, and why not.
  bool store_is_up() const noexcept;
  std::string store_problem() const;
  /// What `restore` found damaged: one sentence each, for as long as this lives.
  const std::vector<std::string>& damage() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::rollout
