#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/strategy/transition.hpp"

/// What the controller needs of the world. Real ones are in app, virtual ones in the simulator and in tests. All are
/// called on the controller's thread and none waits for the network.
namespace sluice::rollout {

/// What a route does, for the data plane.
struct RouteSteering {
  std::string route;
  strategy::Steering steering;
};

class TrafficControl {
 public:
  virtual ~TrafficControl() = default;
  /// Puts these in force, all together; other routes stay as they are. Returns when every worker serves by them.
  virtual Result<void> steer(const std::vector<RouteSteering>& routes) = 0;
};

class KpiSource {
 public:
  virtual ~KpiSource() = default;
  /// The evidence of each route, by name, errands and queries aside. `window` is the data plane's.
  virtual std::map<std::string, strategy::Evidence> gather() = 0;
  /// The same into what an earlier call returned: an implementation that overwrites in place spares the pages of some
  /// 15 MB with 64 routes × 16 versions.
  virtual void gather_into(std::map<std::string, strategy::Evidence>& evidence) { evidence = gather(); }
};

/// Runs errands over HTTP beside everything else.
class Errands {
 public:
  virtual ~Errands() = default;
  /// All that are wished now: begins what is new, forgets what is no longer named. Bounded; what does not fit stays
  /// Running until it does.
  virtual void keep(const std::vector<strategy::Errand>& errands, const std::vector<strategy::Query>& queries) = 0;
  /// Runs this once with its retries; nobody asks what came of it.
  virtual void send(const strategy::Errand& errand) = 0;
  virtual std::map<std::string, strategy::ErrandAnswer> answers() = 0;
  virtual std::map<std::string, strategy::QueryAnswer> values() = 0;
};

}  // namespace sluice::rollout
