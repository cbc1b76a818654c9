#include "sluice/outcomes/evaluation.hpp"

#include <algorithm>
#include <type_traits>
#include <unordered_set>

namespace sluice::outcomes {

void LoggedExperiment::read(std::istream& log) {
  for (std::string line; std::getline(log, line);) {
    if (line.empty()) continue;
    auto entry = reader_.read(line);
    if (!entry) {
      ++summary_.unreadable;
      continue;
    }
    std::visit([this](auto&& one) { take(std::forward<decltype(one)>(one)); }, std::move(entry).value());
  }
}

void LoggedExperiment::take(LoggedDecision&& decision) {
  if (!last_ || decision.time > *last_) last_ = decision.time;
  ++routes_[decision.route];
  if (!rules_.route.empty() && decision.route != rules_.route) return;
  Row row;
  row.time = decision.time;
  row.decision = decision.decision;
  row.version = version_index(decision.version);
  row.propensity = decision.propensity;
  row.reward = decision.status > 0 && decision.status < 500 ? 1 : 0;
  row.context = std::move(decision.context);
  rows_.push_back(std::move(row));
}

/// The first report about a decision counts, as it does for the rollouts.
void LoggedExperiment::take(const LoggedOutcome& outcome) {
  if (!last_ || outcome.time > *last_) last_ = outcome.time;
  if (!rules_.route.empty() && outcome.route != rules_.route) return;
  if (outcome.outcome != rules_.reward.outcome) return;
  ++summary_.outcomes;
  rewards_.emplace(outcome.decision, outcome.value);
}

std::uint32_t LoggedExperiment::version_index(const std::string& name) {
  const auto found = std::find(versions_.begin(), versions_.end(), name);
  if (found != versions_.end()) return static_cast<std::uint32_t>(found - versions_.begin());
  versions_.push_back(name);
  return static_cast<std::uint32_t>(versions_.size() - 1);
}

Result<LogSummary> LoggedExperiment::finish() {
  if (routes_.empty()) return fail(Error::client("the log has no decision"));
  if (!rules_.route.empty() && !routes_.contains(rules_.route)) {
    return fail(Error::client("the log has no decision of the route '" + rules_.route + "'; it has '" +
                              routes_.begin()->first + "'"));
  }
  if (rules_.route.empty() && routes_.size() > 1) {
    std::string names;
    for (const auto& [name, count] : routes_) names += (names.empty() ? "'" : ", '") + name + "'";
    return fail(Error::client("the log has decisions of several routes, " + names + ": say which one"));
  }
  summary_.route = rules_.route.empty() ? routes_.begin()->first : rules_.route;
  summary_.decisions = rows_.size();

  std::unordered_set<std::uint64_t> known;
  for (auto& row : rows_) {
    known.insert(row.decision);
    if (rules_.reward.outcome.empty()) continue;
    const auto found = rewards_.find(row.decision);
    row.reward = found == rewards_.end() ? 0 : found->second;
  }
  for (const auto& [decision, value] : rewards_) summary_.orphans += known.contains(decision) ? 0 : 1;

  const WallTime old_enough = *last_ - rules_.reward.mature;
  const auto immature =
      std::remove_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.time > old_enough; });
  summary_.immature = static_cast<std::uint64_t>(rows_.end() - immature);
  rows_.erase(immature, rows_.end());
  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.time < b.time; });
  for (const auto& row : rows_) ++summary_.by_version[versions_[row.version]];
  if (!rows_.empty()) {
    summary_.from = rows_.front().time;
    summary_.until = rows_.back().time;
  }
  return summary_;
}

stats::OffPolicyAnswer LoggedExperiment::ask(const TargetPolicy& target) const {
  // Versions that only the target knows stand behind the logged ones: nothing supports them.
  std::vector<std::string> versions = versions_;
  for (const auto& name : target.versions()) {
    if (std::find(versions.begin(), versions.end(), name) == versions.end()) versions.push_back(name);
  }
  stats::OffPolicyEstimator estimator(versions.size(), rules_.estimates);
  std::vector<double> wanted(versions.size());
  for (const auto& row : rows_) {
    for (std::size_t v = 0; v < versions.size(); ++v) wanted[v] = target.probability(versions[v], row.context);
    estimator.add(row.version, row.propensity, wanted, row.reward);
  }
  return estimator.answer();
}

std::string_view reason_of(stats::OffPolicyRefusal refusal) noexcept {
  switch (refusal) {
    case stats::OffPolicyRefusal::NoDecisions:
      return "no decision can be used";
    case stats::OffPolicyRefusal::NoSupport:
      return "it chooses versions that the log did not choose there";
    case stats::OffPolicyRefusal::TooFewMatching:
      return "too few decisions of the log agree with it";
    case stats::OffPolicyRefusal::TooMuchClipped:
      return "too much hangs on a few decisions";
    case stats::OffPolicyRefusal::None:
      break;
  }
  return "";
}

}  // namespace sluice::outcomes
