#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/draws.hpp"
#include "sluice/rollout/injection.hpp"
#include "sluice/rollout/ports.hpp"

namespace sluice::rollout {

/// What is supposed of the requests of one route.
struct TrafficModel {
  double rate = 40;                                  ///< requests per second
  double error_rate = 0.01;                          ///< 0…1, of every version that nothing else is said of
  Duration latency = std::chrono::milliseconds(20);  ///< median; p99 is 3.2 times that
  double audience = 1;                               ///< share of the requests that the strategy may split, 0…1
  Injections injections;                             ///< what single versions do otherwise
  bool gates_open = true;                            ///< webhooks that are asked say yes at once; otherwise nothing
  bool expected = false;                             ///< no chance at all: exactly what is expected comes
};

/// What came of it.
struct Tally {
  std::uint64_t requests = 0;       ///< of the route
  std::uint64_t client_errors = 0;  ///< that failed for their clients: nobody rescued them
  std::uint64_t trial = 0;          ///< requests that versions other than the first one got
  double bad_answers = 0;           ///< failures of these, rescued or not, beyond what the first one would have had
  std::uint64_t copies = 0;         ///< that shadows answered
};

/// A data plane that is not there: requests come at random, go where the published shares send them, and are counted
/// in windows as the real one counts them. Endpoints are always ready. One thread.
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
  struct Streams {
    Stream split, outside, control, shadow;
  };
  struct Version {
    double error_rate = 0;
    double error_rate_later = 0;  // once its injection acts
    LatencyShape latency;
    LatencyShape latency_later;
    Duration later{0};
    Streams streams;
  };
  struct Count {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
  };

  void open();
  void put(const strategy::Steering& steering);
  void pass_evenly(double seconds);
  void copy(std::size_t index, double requests, double seconds);
  Count flow(std::size_t index, Stream& stream, double requests, strategy::Sample* sample);
  void account(std::size_t index, const Count& count);
  bool acts(const Version& version) const noexcept { return elapsed_ >= version.later; }
  double error_rate(const Version& version) const noexcept {
    return acts(version) ? version.error_rate_later : version.error_rate;
  }
  void watch_endpoints();

  const policy::ModelRoute route_;
  TrafficModel model_;
  Random random_;
  std::size_t first_ = 0;
  std::vector<Version> versions_;
  strategy::Steering steering_;
  strategy::Evidence evidence_;
  std::vector<std::pair<std::string, bool>> asked_;  // errands, and whether they are questions for a way back
  Tally tally_;
  Duration elapsed_{0};
  std::uint64_t steered_ = 0;
};

}  // namespace sluice::rollout
