#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/admin/api.hpp"
#include "sluice/app/drift_service.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/compare/evaluation.hpp"
#include "sluice/metrics/comparisons.hpp"
#include "sluice/outcomes/decision.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"

namespace sluice::app {

/// What comparing answers found, and how predictions drift, as evidence, as metrics and for people. The controller's
/// thread, unless a function says otherwise.
class EvaluationService {
 public:
  /// Drift and clock outlive it. `memory`: bytes of answers that may wait to be compared.
  EvaluationService(std::size_t workers, const Clock& clock, DriftService& drift, std::size_t memory);
  ~EvaluationService();

  /// For the data plane, as long as this lives.
  compare::PairSink* sink() noexcept { return &evaluation_; }
  /// The policy in force.
  void set_routes(const std::vector<policy::ModelRoute>& routes);
  /// Begins to compare; before that pairs wait.
  void start() { evaluation_.start(); }
  /// What waits is dropped. Behind it nobody compares any more. Harmless when repeated.
  void stop() { evaluation_.stop(); }

  /// Puts into the evidence what is known of each version.
  void add_to(std::map<std::string, strategy::Evidence>& gathered);
  /// Of the last look, and of the process.
  metrics::ComparisonsSnapshot metrics() const;

  /// A value that was reported about a decision, or read from its answer. Any thread.
  void note_outcome(const outcomes::Decision& decision, std::string_view outcome, double value);
  /// The pairs of a route that differ most. 404: there is no such route; 403: its policy keeps none. Any thread.
  Result<std::vector<admin::DisagreementView>, admin::Refusal> disagreements(const std::string& route) const;

 private:
  /// A version at the last look.
  struct Seen {
    std::string version;
    double share = 0;  ///< of the split
    std::shared_ptr<const strategy::PairEvidence> pairs;
    std::vector<std::shared_ptr<const strategy::DriftEvidence>> drifts;
  };
  struct Route {
    std::string stable;
    std::vector<std::string> segments;
    std::vector<Seen> seen;
  };
  /// What findings became, so that they are copied once.
  struct Made {
    std::shared_ptr<const compare::Findings> from;
    std::shared_ptr<const strategy::PairEvidence> pairs;
    std::vector<std::shared_ptr<const strategy::DriftEvidence>> drifts;
  };

  void look(const std::string& name, std::uint64_t window, strategy::VersionEvidence& version);
  void add_comparisons(metrics::ComparisonsSnapshot& snapshot) const;
  void add_drifts(const std::string& name, const Route& route, metrics::ComparisonsSnapshot& snapshot) const;

  DriftService& drift_;
  compare::Evaluation evaluation_;
  std::map<std::string, Route> routes_;
  std::map<std::pair<std::string, std::string>, Made> made_;  // by route and version
  mutable std::mutex mutex_;                                  // guards what follows, for a moment at a time
  std::map<std::string, bool> keeps_;                         // routes; true: pairs may be looked at
};

/// Evidence with what was compared, and with how predictions are distributed.
class KpisWithEvaluation final : public rollout::KpiSource {
 public:
  KpisWithEvaluation(rollout::KpiSource& kpis, EvaluationService& evaluation) : kpis_(kpis), evaluation_(evaluation) {}
  std::map<std::string, strategy::Evidence> gather() override;
  void gather_into(std::map<std::string, strategy::Evidence>& gathered) override;

 private:
  rollout::KpiSource& kpis_;
  EvaluationService& evaluation_;
};

}  // namespace sluice::app
