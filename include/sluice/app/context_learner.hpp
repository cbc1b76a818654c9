#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/outcomes/observation.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"
#include "sluice/strategy/context_table.hpp"

namespace sluice::app {

/// Adds up by context what the requests of routes with a bandit by context earned, for the rollout's evidence: what
/// they showed by themselves, and what applications reported about them. Of the window of evidence under way only, and
/// only since this process began. The controller's thread, unless a function says otherwise.
class ContextLearner final : public outcomes::ObservationSink {
 public:
  /// Reports that may wait for the next look; beyond, they are left out.
  static constexpr std::size_t most_reports = std::size_t{1} << 17;
  /// Of the last second's contexts, about.
  static constexpr std::size_t most_recent = 128;

  /// What is counted differently from now on begins anew, under another number.
  void set_routes(const std::vector<policy::ModelRoute>& routes);

  /// Before the observations that the next look is about: nobody else holds what they are added to.
  void begin_look(std::map<std::string, strategy::Evidence>& gathered, WallTime now);
  void observe(const outcomes::Observation& observation) override;
  /// A value that is new; any thread.
  void note_report(const outcomes::Decision& decision, std::string_view outcome, double value);
  /// Puts what was learnt into the evidence.
  void add_to(std::map<std::string, strategy::Evidence>& gathered);

 private:
  /// How a route's rewards are read.
  struct Plan {
    std::size_t features = 0;
    std::string outcome;                ///< that is reported; empty: none is
    std::optional<std::size_t> answer;  ///< place among the outcomes that stand in answers
    policy::OutcomeType type = policy::OutcomeType::Binary;
    Duration window{0};  ///< of reports
    std::optional<Duration> half_life;
    friend bool operator==(const Plan&, const Plan&) = default;
  };
  struct Route {
    std::string name;
    std::vector<Plan> plans;  ///< of the bandit, or of the stages that are one
    std::map<std::uint64_t, std::string> versions;
    std::uint64_t window = 0;
    std::map<std::string, std::shared_ptr<strategy::ContextTable>> tables;  ///< by version
    std::vector<stats::Context> recent;
    std::size_t next_recent = 0;
    std::uint64_t seen = 0;    ///< since the last look
    std::uint64_t stride = 1;  ///< every so many contexts are remembered
  };
  struct Report {
    outcomes::Decision decision;
    std::string outcome;
    double value = 0;
  };

  static std::vector<Plan> plans_of(const policy::ModelRoute& route);
  static const Plan* plan_of(const Route& route, const stats::Context& context) noexcept;
  Route* route_of(const outcomes::Decision& decision);
  strategy::ContextTable* table_of(Route& route, const outcomes::Decision& decision, const Plan& plan);
  void remember(Route& route, const stats::Context& context);
  void take_reports();

  std::map<std::uint64_t, Route> routes_;  // by the hash of the name
  std::uint64_t tables_made_ = 0;
  WallTime now_{};

  std::mutex mutex_;                                          // over what follows, for a moment at a time
  std::map<std::uint64_t, std::vector<std::string>> wanted_;  // outcomes by route
  std::vector<Report> reports_;
  bool overflowed_ = false;
};

/// Evidence with what was learnt by context.
class KpisWithContexts final : public rollout::KpiSource {
 public:
  KpisWithContexts(rollout::KpiSource& kpis, ContextLearner& learner, const Clock& clock)
      : kpis_(kpis), learner_(learner), clock_(clock) {}
  std::map<std::string, strategy::Evidence> gather() override;
  void gather_into(std::map<std::string, strategy::Evidence>& gathered) override;

 private:
  rollout::KpiSource& kpis_;
  ContextLearner& learner_;
  const Clock& clock_;
};

}  // namespace sluice::app
