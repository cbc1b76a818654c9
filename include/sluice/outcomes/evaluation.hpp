#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/outcomes/decision_log.hpp"
#include "sluice/outcomes/target_policy.hpp"
#include "sluice/stats/off_policy.hpp"

/// What other policies would have earned, told from a decision log. For the command line; one thread.
namespace sluice::outcomes {

/// What a decision is worth.
struct RewardRule {
  /// An outcome's name; empty: 1 for an answer below 500, 0 for any other or none.
  std::string outcome;
  /// Decisions that were younger than this when the log ends are left out: their outcome may still come.
  Duration mature{0};
};

struct EvaluationRules {
  std::string route;  ///< empty: the only one that the log has
  RewardRule reward;
  stats::OffPolicyRules estimates;
};

/// What the log had.
struct LogSummary {
  std::string route;
  std::uint64_t decisions = 0;   ///< of the route
  std::uint64_t immature = 0;    ///< of these, left out because of their age
  std::uint64_t outcomes = 0;    ///< that name the reward
  std::uint64_t orphans = 0;     ///< of these, about a decision that is not in the log
  std::uint64_t unreadable = 0;  ///< lines
  std::map<std::string, std::uint64_t> by_version;
  std::optional<WallTime> from;
  std::optional<WallTime> until;
};

/// A log, read once and then asked about any number of policies. Keeps about 100 bytes of a decision, its context
/// aside.
class LoggedExperiment {
 public:
  explicit LoggedExperiment(EvaluationRules rules) : rules_(std::move(rules)) {}

  /// Lines that are no entries are counted, and passed over. Files may be read in any order.
  void read(std::istream& log);
  /// After the last file. Fails with one sentence when the log cannot be asked: no decision, several routes.
  Result<LogSummary> finish();

  /// After finish().
  stats::OffPolicyAnswer ask(const TargetPolicy& target) const;

 private:
  struct Row {
    WallTime time{};
    std::uint64_t decision = 0;
    std::uint32_t version = 0;
    double propensity = 1;
    double reward = 0;
    std::vector<Feature> context;
  };
  void take(LoggedDecision&& decision);
  void take(const LoggedOutcome& outcome);
  std::uint32_t version_index(const std::string& name);

  EvaluationRules rules_;
  LogLineReader reader_;
  LogSummary summary_;
  std::map<std::string, std::uint64_t> routes_;
  std::vector<std::string> versions_;
  std::vector<Row> rows_;
  std::unordered_map<std::uint64_t, double> rewards_;  ///< by decision
  std::optional<WallTime> last_;
};

/// One sentence for a person.
std::string_view reason_of(stats::OffPolicyRefusal refusal) noexcept;

}  // namespace sluice::outcomes
