#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/outcomes/catalogue.hpp"
#include "sluice/outcomes/observation.hpp"
#include "sluice/outcomes/tallies.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::outcomes {

/// What was read from answers since the process started; shown, never judged by.
struct AnswerCounts {
  struct Outcome {
    std::string name;
    std::vector<std::uint64_t> read;  ///< by version, in the order of the policy
    std::vector<double> value;        ///< sums, likewise
    std::array<std::uint64_t, unread_reasons> unread{};
  };
  struct Route {
    std::string name;
    std::vector<std::string> versions;
    std::vector<Outcome> outcomes;  ///< in the order of the policy, those of answers alone
  };
  std::vector<Route> routes;
};

/// Adds up what observations read from answers, as Tallies does with reports: by window, version and unit. Nothing of
/// it outlives the process. Not thread-safe.
class AnswerTallies {
 public:
  AnswerTallies();

  /// The policy in force; routes that count as before keep what they have.
  void set_routes(const std::vector<policy::ModelRoute>& routes);
  /// What it read: a microsecond.
  void add(const Observation& observation);
  /// The window that is in force; those before are forgotten.
  void set_current(std::string_view route, std::uint64_t window);

  /// By each outcome of answers in the order of the policy. `decisions` and `reports` are both the answers that had a
  /// value; when is not told, for every value came with its decision.
  std::vector<OutcomeTally> of(std::string_view route, std::string_view version, std::uint64_t window);
  const AnswerCounts& counts() const noexcept { return counts_; }
  /// Nothing for a route of which nothing is read.
  const KnownRoute* find(std::uint64_t route) const noexcept { return catalogue_->find(route); }

 private:
  std::shared_ptr<const Catalogue> catalogue_;
  Tallies tallies_;
  AnswerCounts counts_;
};

}  // namespace sluice::outcomes
