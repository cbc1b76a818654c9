#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/draws.hpp"
#include "sluice/rollout/drift.hpp"
#include "sluice/rollout/injection.hpp"
#include "sluice/rollout/population.hpp"
#include "sluice/rollout/ports.hpp"
#include "sluice/rollout/synthetic_outcomes.hpp"

namespace sluice::rollout {

/// What is supposed of the requests of one route.
struct TrafficModel {
  double rate = 40;                                  ///< requests per second
  double error_rate = 0.01;                          ///< 0…1, of every version that nothing else is said of
  Duration latency = std::chrono::milliseconds(20);  ///< median
  std::optional<Duration> latency_p99;               ///< none: 3.2 times the median
  double audience = 1;                               ///< share of the requests that the strategy may split, 0…1
  OutcomeLaws outcomes;                              ///< of every version that nothing else is said of
  Injections injections;                             ///< what single versions do otherwise
  std::vector<Drift> drifts;                         ///< how all that changes by itself
  PopulationModel population;       ///< who asks; sticky where the policy names a unit, otherwise drawn anew each time
  double shared_difficulty = 0.8;   ///< of the failures (and latencies) that two answers may share, those that they do
  std::uint64_t copy_bytes = 2048;  ///< of a copy and its answer
  std::map<std::string, double> lost;  ///< a broken split: share of a version's requests that vanish uncounted, 0…1
  bool gates_open = true;              ///< webhooks that are asked say yes at once; otherwise nothing
  bool expected = false;               ///< no chance at all: exactly what is expected comes, from nobody in particular
};

/// What came of it.
struct Tally {
  std::uint64_t requests = 0;           ///< of the route
  std::uint64_t client_errors = 0;      ///< that failed for their clients: nobody rescued them
  std::uint64_t trial = 0;              ///< requests that versions other than the first one got
  double bad_answers = 0;               ///< failures of these, rescued or not, beyond what the first one would have had
  std::uint64_t copies = 0;             ///< that shadows answered
  std::vector<std::uint64_t> versions;  ///< requests that the split gave to each
  std::vector<double> worth;            ///< by outcome: what all decisions were worth on average, by their laws
  std::vector<double> best_worth;       ///< by outcome: the same, had the best version made all of them
};

/// A data plane that is not there: requests come at random, go where the published shares send them, and are counted
/// in windows as the real one counts them; so are the reports of outcomes. Endpoints are always ready. One thread.
class SyntheticTraffic final : public TrafficControl, public KpiSource, public Errands {
 public:
  /// `first` is the version that bad answers are reckoned against.
  SyntheticTraffic(const policy::ModelRoute& route, std::string first, TrafficModel model, std::uint64_t seed);

  /// The beginning: `now` is when injections count their time from.
  void serve(const strategy::Steering& steering, WallTime now);
  /// So much time of traffic.
  void pass(Duration time);

  const Tally& tally() const noexcept { return tally_; }
  const strategy::Steering& steering() const noexcept { return steering_; }
  /// How often other orders were put in force.
  std::uint64_t steered() const noexcept { return steered_; }

  // ports
  Result<void> steer(const std::vector<RouteSteering>& routes) override;
  std::map<std::string, strategy::Evidence> gather() override;
  void gather_into(std::map<std::string, strategy::Evidence>& evidence) override;
  void keep(const std::vector<strategy::Errand>& errands, const std::vector<strategy::Query>& queries) override;
  void send(const strategy::Errand& /*errand*/) override {}
  std::map<std::string, strategy::ErrandAnswer> answers() override;
  std::map<std::string, strategy::QueryAnswer> values() override { return {}; }

 private:
  /// What is left over where no chance is wanted.
  struct Stream {
    double requests = 0;
    double failures = 0;
    std::vector<double> latency;
  };
  /// The same of pairs, and what was found about them.
  struct PairStream {
    double both = 0;
    double only_live = 0;
    double differing = 0;
    double twins = 0;
    std::uint64_t timed = 0;
    std::vector<double> predicted_owed;
    std::vector<std::uint64_t> moves;  // of predictions, by live's bin and its own
    std::shared_ptr<strategy::PairEvidence> found;
  };
  struct Streams {
    Stream split, outside, control, shadow;
    PairStream pairs;
    std::vector<double> predicted_owed;
    std::vector<std::uint64_t> predicted;  // answers by bin
    std::uint64_t predictions = 0;
  };
  /// What a version does, before its injection acts or after.
  struct Manner {
    double error_rate = 0;
    Duration median{0};
    std::optional<Duration> p99;
    double disagreement = 0;
    double score_drift = 0;
    std::vector<ReportLaw> outcomes;
    // of each unit, where units come again
    std::vector<float> unit_errors;
    std::vector<std::vector<float>> unit_events;  // by outcome
  };
  struct Version {
    std::string name;
    Manner before;
    Manner later;  // once its injection acts
    Duration later_from{0};
    double lost = 0;
    Streams streams;
    // as of the piece of time under way
    const Manner* manner = nullptr;
    double error_rate = 0;
    double error_factor = 1;
    std::vector<ReportLaw> outcomes;
    std::vector<double> outcome_factors;
    std::optional<LatencyShape> shape;
    Duration shape_median{0};
    std::optional<Duration> shape_p99;
  };
  struct Count {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
  };

  Version version_of(const policy::Version& version) const;
  Manner manner_of(const Injection& injection) const;
  void open();
  void put(const strategy::Steering& steering);
  Duration next_piece(Duration time) const;
  void begin_piece(Duration middle);
  void shape(Version& version);
  void pass_evenly(double seconds);
  void pass_split(double requests);
  void pass_units(double requests);
  void serve_unit(std::size_t unit, std::vector<Count>& controls);
  void copy(std::size_t index, double requests, double seconds);
  void pair(std::size_t index, const Count& copies);
  std::uint64_t twins_of(PairStream& stream, std::uint64_t copies);
  void time_pairs(std::size_t index, std::uint64_t pairs, stats::PairStratum& stratum);
  void predict();
  void predict_pairs(std::size_t index, std::uint64_t pairs);
  void deal(std::vector<double>& owed, std::vector<std::uint64_t>& counts, std::uint64_t n,
            const std::vector<double>& shares);
  std::uint64_t some(double& owed, std::uint64_t of, double share);
  Count flow(std::size_t index, Stream& stream, double requests, strategy::Sample* sample);
  void record(const Version& version, std::vector<double>& owed, std::uint64_t requests, strategy::Sample& sample);
  void account(std::size_t index, const Count& count);
  void decide(std::size_t index, std::uint64_t decisions);
  void rate_worth(std::size_t index, double decisions);
  void watch_endpoints();

  const policy::ModelRoute route_;
  TrafficModel model_;
  Random random_;
  std::unique_ptr<const Population> population_;  // none: nobody comes again
  bool reports_are_late_ = false;
  bool has_units_ = false;                    // the policy names one
  const policy::Compare* compare_ = nullptr;  // of the route
  bool times_pairs_ = false;                  // some check looks at latencies in pairs
  std::size_t first_ = 0;
  std::vector<Version> versions_;
  strategy::Steering steering_;
  strategy::Evidence evidence_;
  SyntheticOutcomes outcomes_;
  std::vector<std::uint32_t> unit_failures_;         // by version and unit, in the window
  std::vector<std::pair<std::string, bool>> asked_;  // errands, and whether they are questions for a way back
  Tally tally_;
  Duration elapsed_{0};
  Duration middle_{0};  // of the piece of time under way
  std::uint64_t steered_ = 0;
};

}  // namespace sluice::rollout
