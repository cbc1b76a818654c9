#pragma once

#include <optional>
#include <string>

#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/synthetic_traffic.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

/// What `simulate` and `plan` have in common: whose rollout, and what is supposed of its traffic.
struct ForesightOptions {
  std::string path;
  std::string route;
  double rate = 40;
  std::string errors = "0.1%";
  std::string latency = "20ms";
  std::string audience = "100%";
  std::string output = "text";
};

/// FILE, ROUTE, `--rate`, `--errors`, `--latency`, `--audience`, `-o`; all values are checked while they are read.
void add_foresight_options(CLI::App& verb, ForesightOptions& options);

struct Subject {
  policy::ModelRoute route;
  rollout::TrafficModel traffic;
  std::size_t unknown_checks = 0;  ///< that ask Prometheus: left out
};

/// Reads the policy and finds the route: the one that is named, or the only one with a strategy. Otherwise says why not
/// on standard error.
std::optional<Subject> read_subject(const ForesightOptions& options);

/// A mean of counts for people: rounded, digits in groups; 0 where it is below.
std::string count_text(double value);
/// `250ms`, `10m10s`, `7d`: whole seconds from one second on.
std::string span_text(Duration span);

/// For CLI11: empty when the text is such a value, otherwise one sentence.
std::string is_duration(const std::string& text);
std::string is_share(const std::string& text);

}  // namespace sluice::cli
