#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/app/shared_store.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/compare/candidate_sums.hpp"
#include "sluice/outcomes/drift_tallies.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

namespace sluice::app {

/// A frozen reference as the store has it: one JSON object.
std::string to_record(const outcomes::DriftReference& reference);
/// Nothing for what is none, as after somebody else wrote it.
std::optional<outcomes::DriftReference> read_drift_record(std::string_view record);

/// How scores and classes of live answers are distributed, with references that outlive the process: a record per
/// route in the store. The controller's thread.
class DriftService final : public outcomes::ObservationSink {
 public:
  /// The clock outlives it.
  explicit DriftService(const Clock& clock) : clock_(clock) {}

  /// Behind the store's load; the store outlives it. Without one, references end with the process.
  void open(SharedStore& store) { store_ = &store; }
  /// The policy in force, and the rollouts that its routes are in.
  void set_routes(const std::vector<policy::ModelRoute>& routes,
                  const std::map<std::string, strategy::RolloutState>& states);

  void observe(const outcomes::Observation& observation) override { tallies_.add(observation); }
  /// What versions answered to copies is watched, too.
  void add_copy(std::string_view route, std::string_view version, std::uint64_t window,
                const compare::CopyPrediction& prediction);
  void set_current(std::string_view route, std::uint64_t window) { tallies_.set_current(route, window); }
  /// Of the score, of the class; nothing before the bins are frozen. Then the same of answers to copies, beside the
  /// reference alone: what stable answers to the same requests is no sample of its own.
  std::vector<std::shared_ptr<const strategy::DriftEvidence>> drifts(std::string_view route, std::string_view version,
                                                                     std::uint64_t window) const;
  /// Has the store keep references that became complete; when it fails, again ten seconds later.
  void keep();

  const outcomes::DriftTallies& tallies() const noexcept { return tallies_; }

 private:
  const Clock& clock_;
  SharedStore* store_ = nullptr;
  outcomes::DriftTallies tallies_;
  std::set<std::string> routes_;  // of the policy
  TimePoint not_before_{};
};

}  // namespace sluice::app
