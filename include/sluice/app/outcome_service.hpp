#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/metrics/outcomes.hpp"
#include "sluice/outcomes/answer_tallies.hpp"
#include "sluice/outcomes/intake.hpp"
#include "sluice/outcomes/observation_ring.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"
#include "sluice/state/ledger.hpp"

namespace sluice::app {

/// What applications report in this process, and what stands in answers: the ledger beside the store, the intake in
/// front of it, the values that workers read, and how all of it becomes evidence. One thread at a time, unless a
/// function says otherwise.
class OutcomeService {
 public:
  /// The clock outlives it.
  explicit OutcomeService(const Clock& clock) : clock_(clock) {}

  /// Behind the store's own opening, once. Finds the keys, or makes the first.
  Result<void> open(const policy::State& where);
  /// The policy that is in force. The first one is added up before this returns; see outcomes::Intake::set_routes.
  Result<void> set_routes(const std::vector<policy::ModelRoute>& routes);
  /// What the workers observe; null: nothing. It outlives this. The controller's thread.
  void set_observations(outcomes::ObservationRing* observations) noexcept { observations_ = observations; }
  /// Who else hears of every observation; outlives this. The controller's thread.
  void add_observation_sink(outcomes::ObservationSink* sink) { sinks_.push_back(sink); }
  /// Posts are taken from now on. Once, after the first policy. `on_report` hears of values that were read, too, on the
  /// controller's thread.
  void start(outcomes::Intake::OnReport on_report, outcomes::Intake::OnKeys on_keys);
  /// Takes nothing more; what was taken is durable and answered when it returns. Harmless when repeated.
  void close();

  /// Of an open service; for the data plane, as long as this lives.
  outcomes::Door* door() noexcept { return intake_.get(); }
  std::shared_ptr<const outcomes::TokenKeys> keys() const { return intake_->keys(); }

  /// Hears what was observed, tells the intake how many decisions were made since the last call, and puts what was
  /// reported and read into the evidence. The controller's thread.
  void add_to(std::map<std::string, strategy::Evidence>& gathered);

  /// How many versions' decisions are followed: of the policy, no others.
  std::size_t versions_followed() const noexcept { return counted_.size(); }

  metrics::OutcomesSnapshot metrics() const;
  outcomes::IntakeHealth health() const { return intake_->health(); }

 private:
  struct Counted {
    std::uint64_t window = 0;
    std::uint64_t counters = 0;
    std::uint64_t assigned = 0;
  };
  /// A route's outcomes in the order of the policy; true: reported by an application.
  using Order = std::vector<std::pair<std::string, bool>>;

  void note_decisions(const std::string& route, const strategy::Evidence& evidence);
  void fill(const std::string& route, std::uint64_t window, const Order& order, strategy::VersionEvidence& version);

  void hear_observations();
  void tell(const outcomes::Observation& seen, WallTime now) const;

  const Clock& clock_;
  outcomes::ObservationRing* observations_ = nullptr;
  std::vector<outcomes::ObservationSink*> sinks_;
  std::unique_ptr<state::Ledger> ledger_;
  std::unique_ptr<outcomes::Intake> intake_;
  std::map<std::string, Order> routes_;
  outcomes::AnswerTallies answers_;
  outcomes::Intake::OnReport on_read_;
  std::map<std::pair<std::string, std::string>, Counted> counted_;  // by route and version
};

/// What a data plane tells, and what applications report about it.
class KpisWithOutcomes final : public rollout::KpiSource {
 public:
  KpisWithOutcomes(rollout::KpiSource& kpis, OutcomeService& outcomes) : kpis_(kpis), outcomes_(outcomes) {}
  std::map<std::string, strategy::Evidence> gather() override;
  void gather_into(std::map<std::string, strategy::Evidence>& gathered) override;

 private:
  rollout::KpiSource& kpis_;
  OutcomeService& outcomes_;
};

}  // namespace sluice::app
