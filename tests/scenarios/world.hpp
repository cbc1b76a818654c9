#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"
#include "sluice/rollout/synthetic_outcomes.hpp"

/// A world without sockets and clocks, behind the controller's ports. It outlives a controller that crashes, as the
/// data plane's clients and the webhooks' servers do.
namespace sluice::scenarios {

/// How a version answers, from now on, and what applications report about its decisions.
struct Behaviour {
  double error_rate = 0;                             ///< 0…1
  Duration latency = std::chrono::milliseconds(20);  ///< median; p99 is a little more than twice that
  /// By outcome: `{.rate = 0.05, .delay = 20min}`, `{.mean = 12, .deviation = 3}`. A delay is the same for all reports.
  /// An outcome that is not here is never reported.
  std::map<std::string, rollout::OutcomeLaw> outcomes{};
  // as a shadow
  double common = 1;               ///< of its failures as often as live fails, the share that comes with live's
  double disagreement = 0;         ///< share of the answers that differ from live's
  std::uint64_t copy_bytes = 500;  ///< of a copy and its answer
  /// By bin, as drift counts what it predicts: shares that add up to 1. Empty: nothing is watched.
  std::vector<double> scores{};
};

/// What a webhook's server says, by URL.
struct HookScript {
  enum class Says : std::uint8_t { Nothing, Yes, No, Unreachable };
  Says says = Says::Nothing;
  std::uint32_t calls = 0;          ///< times it was asked under a new key
  std::vector<std::string> bodies;  ///< what it was sent, asked or told
};

/// Traffic that is counted as the data plane counts it: by the published shares, in windows, deterministically. Errors
/// and latencies come at fixed intervals instead of at random, so that a story's numbers can be told in advance. So do
/// reports of outcomes; they outlive a restart, as the ledger does. Where a route names a unit, every request is of
/// another one.
class World final : public rollout::TrafficControl, public rollout::KpiSource, public rollout::Errands {
 public:
  // what a story sets
  std::map<std::string, double> rate;            ///< requests per second, by route; under "": of all others; none: 100
  std::map<std::string, double> audience_share;  ///< of a route's requests, 0…1, in the same way; none: all
  std::map<std::string, Behaviour> behaviours;   ///< by version
  std::map<std::string, HookScript> hooks;       ///< by URL
  std::map<std::string, strategy::QueryAnswer> series;  ///< by PromQL as it is sent, names filled in
  std::map<std::string, double> lost;  ///< by version: share of its requests that vanish uncounted, a broken split
  std::map<std::string, std::string> unready;  ///< endpoints by authority, with why
  bool traffic_refuses = false;                ///< the data plane takes no steering
  bool pairs = false;                          ///< copies are compared with what live answered; otherwise nobody does
  double noise = 0;                            ///< share of the pairs, and of the twins, that differ by themselves
  double twins = 0.01;                         ///< share of the copied requests that live answers twice
  std::vector<double> reference;  ///< shares by bin of the frozen reference of scores; of two thousand values
  std::function<void(const std::string& port)> on_call = [](const std::string&) {};  ///< may throw: a crash

  // what a story looks at
  struct Weights {
    WallTime at{};
    std::string route;
    std::map<std::string, double> share;     ///< by version
    std::map<std::string, double> mirrored;  ///< by version
  };
  std::vector<Weights> published;  ///< everything that was put in force, in order

  WallTime now{};

  /// The data plane's own start or reload: these routes with these steerings; counters of windows that stay go on.
  void serve(const std::vector<policy::ModelRoute>& routes, const std::vector<rollout::RouteSteering>& steerings);
  /// All counters are lost, as after a kill.
  void restart();
  /// One piece of time of traffic.
  void pass(Duration time);

  const strategy::Steering& steering(const std::string& route) const;
  /// Requests that failed for the clients: the parachute had not saved them.
  std::uint64_t failed_for_clients(const std::string& route) const;
  std::uint64_t requests(const std::string& route) const;

  // ports
  Result<void> steer(const std::vector<rollout::RouteSteering>& routes) override;
  std::map<std::string, strategy::Evidence> gather() override;
  void keep(const std::vector<strategy::Errand>& errands, const std::vector<strategy::Query>& queries) override;
  void send(const strategy::Errand& errand) override;
  std::map<std::string, strategy::ErrandAnswer> answers() override;
  std::map<std::string, strategy::QueryAnswer> values() override;

 private:
  /// Whole requests out of a rate: what is left over is carried on.
  struct Stream {
    double owed = 0;
    double failures_owed = 0;
    std::uint64_t drawn = 0;
  };
  /// What is owed of a candidate's pairs.
  struct PairStream {
    double both = 0, only_candidate = 0, only_live = 0, differing = 0, noise = 0, twins = 0;
    std::uint64_t noisy = 0;  ///< pairs that differ by noise alone
  };
  struct Served {
    policy::ModelRoute route;
    strategy::Steering steering;
    std::vector<strategy::VersionEvidence> evidence;
    std::optional<rollout::SyntheticOutcomes> outcomes;
    std::map<std::pair<std::size_t, int>, Stream> streams;
    std::map<std::size_t, PairStream> pair_streams;
    std::map<std::string, WallTime> ready_since;  // by authority
    std::uint64_t requests = 0;
    std::uint64_t failed = 0;
    std::uint64_t counters = 0;
  };

  void put(Served& served, strategy::Steering steering);
  void open(Served& served);
  static void open_outcomes(Served& served);
  void report(Served& served, std::size_t version, std::uint64_t requests, const Behaviour& behaviour, Duration middle);
  void compare(Served& served, std::size_t version, std::uint64_t copies, const Behaviour& candidate);
  void predict(Served& served);
  static std::uint64_t flow(Stream& stream, double requests, const Behaviour& behaviour, strategy::Sample& sample);
  std::vector<strategy::EndpointEvidence> endpoints(Served& served) const;
  Behaviour behaviour(const std::string& version) const;
  strategy::ErrandAnswer answer(const strategy::Errand& errand) const;

  std::map<std::string, Served> served_;
  std::map<std::string, strategy::Errand> errands_;
  std::map<std::string, strategy::Query> queries_;
  std::uint64_t counters_ = 1;  ///< another number in every process
};

}  // namespace sluice::scenarios
