#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sluice/admin/views.hpp"
#include "sluice/rollout/view.hpp"

namespace sluice::admin {

/// Everything that a dashboard watches, at one moment.
struct LiveView {
  std::vector<RouteView> routes;
  std::vector<RouteRates> rates;
  std::shared_ptr<const std::vector<rollout::RolloutView>> rollouts;  ///< null: none
  ConfigView config;
  DrainView drain;
  std::string name;  ///< of the Gateway document
  WallTime started{};
};

/// `{"routes": {R: …}, "config": …, "gateway": …}`: the usual pages with rates beside them, and without what grows by
/// itself: `stateSince` in place of `secondsInState`, `stepEnds` in place of the time left in `stepText`.
nlohmann::ordered_json to_json(const LiveView& live);

}  // namespace sluice::admin
