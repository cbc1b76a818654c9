#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sluice/admin/api.hpp"
#include "sluice/app/context_learner.hpp"
#include "sluice/app/control_thread.hpp"
#include "sluice/app/decision_log.hpp"
#include "sluice/app/drift_service.hpp"
#include "sluice/app/errand_runner.hpp"
#include "sluice/app/evaluation_service.hpp"
#include "sluice/app/gateway_ports.hpp"
#include "sluice/app/outcome_service.hpp"
#include "sluice/app/rollout_metrics.hpp"
#include "sluice/app/shared_store.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/gateway/gateway.hpp"
#include "sluice/http/fetch.hpp"
#include "sluice/metrics/registry.hpp"
#include "sluice/outcomes/observation_ring.hpp"
#include "sluice/policy/policy_set.hpp"
#include "sluice/rollout/controller.hpp"
#include "sluice/state/store.hpp"

namespace sluice::app {

/// The controller of this process with all that it needs, on a thread of its own. Functions may be called from any
/// thread but that one, unless they say otherwise; they wait for their turn, which is a few milliseconds as long as the
/// store answers.
class RolloutService {
 public:
  /// Puts a configuration in force, on whatever thread it is called.
  using Publish = std::function<Result<void>(gateway::Config)>;
  /// Told every journal entry once it is kept; on the service's thread, quick.
  using OnEvent = std::function<void(const state::JournalEntry&)>;

  /// The first three outlive it. `compare_bytes`: of answers that may wait to be compared.
  RolloutService(gateway::Gateway& gateway, metrics::Registry& registry, const Clock& clock, OnEvent on_event,
                 std::size_t compare_bytes = compare::Evaluation::kMemory);
  ~RolloutService();

  /// Opens the store and the ledger of outcomes and reads what was kept. First, once, and before the gateway starts,
  /// which is given the door for outcomes, and the log of decisions where there is one. Fails with one sentence when
  /// one of them cannot be used.
  Result<void> open(const policy::State& where, const std::optional<policy::DecisionLog>& log = std::nullopt);
  /// From now on rollouts go on. Once, after the first policy is in force.
  void start();
  /// Nothing moves any more; outcomes are still taken. Harmless when repeated.
  void stop();
  /// Outcomes are no longer taken; those that were are kept and answered. Behind `stop`, while the gateway runs.
  /// Harmless when repeated.
  void close_door();

  /// Puts a policy in force, together with what becomes of the rollouts: when `publish` fails, nothing has changed.
  /// Also before `start`, then on the caller's thread. May take a minute when the store hangs.
  Result<void> put_in_force(const policy::PolicySet& set, std::uint64_t generation, const Publish& publish);

  // --- what operators see and order ---
  /// Once nothing moves any more, and while the store hangs: as it was last.
  std::vector<rollout::RolloutView> views();
  /// The same without waiting: at most a second old, a quarter of one after something has happened. Never null.
  std::shared_ptr<const std::vector<rollout::RolloutView>> recent_views() const;
  Result<rollout::RolloutView, admin::Refusal> command(const std::string& route, const strategy::Command& command);
  Result<std::vector<state::JournalEntry>> journal(const state::JournalQuery& query) const;
  /// What the gateway hands answers to; it may still hold some when it has stopped, so this goes last.
  std::shared_ptr<const void> pair_sink() const { return evaluation_; }
  /// See EvaluationService.
  Result<std::vector<admin::DisagreementView>, admin::Refusal> disagreements(const std::string& route) const {
    return evaluation_->disagreements(route);
  }
  /// What was damaged in the store when it was opened: one sentence each.
  std::vector<std::string> damage() const { return controller_->damage(); }

 private:
  Result<void> put_in_force_here(const policy::PolicySet& set, std::uint64_t generation, const Publish& publish,
                                 const ControlThread::StillWanted& still_wanted);
  void tick();
  void show_metrics();
  void remember(std::vector<rollout::RolloutView> views);
  std::string reason_of(const std::string& route) const;
  void on_entry(const state::JournalEntry& entry);

  metrics::Registry& registry_;
  const Clock& clock_;
  const OnEvent on_event_;
  gateway::Gateway& gateway_;
  std::unique_ptr<SharedStore> store_;
  DecisionLog decision_log_;  // outcomes_ tells it until it is closed
  GatewayTraffic traffic_;
  GatewayKpis kpis_;
  outcomes::ObservationRing observations_;
  ContextLearner learner_;  // outcomes_ tells it, until it is closed
  DriftService drift_;      // the same
  std::shared_ptr<EvaluationService> evaluation_;
  OutcomeService outcomes_;  // its ledger is in the store's file
  KpisWithOutcomes reported_;
  KpisWithContexts learned_;
  KpisWithEvaluation evidence_;
  http::Fetcher fetcher_;
  ErrandRunner errands_;
  std::unique_ptr<rollout::Controller> controller_;
  RolloutMetrics counted_;
  TimePoint shown_{};  // the metrics, the last time
  bool running_ = false;
  bool opened_ = false;
  bool told_ = false;  // something has happened since
  mutable std::mutex last_mutex_;
  std::shared_ptr<const std::vector<rollout::RolloutView>> last_ =
      std::make_shared<const std::vector<rollout::RolloutView>>();  // with last_mutex_
  ControlThread thread_;
};

}  // namespace sluice::app
