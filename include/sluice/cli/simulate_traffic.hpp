#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/synthetic_traffic.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

/// What `sluice simulate` supposes of the traffic beyond what `plan` does, as it was written.
struct TrafficWords {
  std::vector<std::string> versions;
  std::vector<std::string> outcomes;
  std::vector<std::string> drifts;
  std::vector<std::string> broken_splits;
  std::string latency_p99;
  rollout::PopulationModel population;
};

/// `--version`, `--outcome`, `--drift`, `--broken-split`, `--latency-p99`, `--units`, `--unit-heterogeneity`,
/// `--unit-skew`.
void add_traffic_options(CLI::App& verb, TrafficWords& words);

/// Puts them into the model; a sentence when one makes no sense for this route.
std::string apply(const TrafficWords& words, const policy::ModelRoute& route, rollout::TrafficModel& model);

/// Whether the route has a version of this name; a sentence when not.
std::string missing_version(const policy::ModelRoute& route, const std::string& name);

/// What a version, all outcomes, and so on are supposed to do: lines for the head of the output, without an indent.
std::vector<std::string> describe(const rollout::TrafficModel& model);

}  // namespace sluice::cli
