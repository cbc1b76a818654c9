#include "sluice/outcomes/judge.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sluice::outcomes {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::int64_t ms_of(Duration duration) {
  return duration_cast<milliseconds>(duration).count();
}

Refusal refusal_of(TokenProblem problem) {
  switch (problem) {
    case TokenProblem::UnknownKey:
      return Refusal::UnknownKey;
    case TokenProblem::Forged:
      return Refusal::Forged;
    case TokenProblem::Malformed:
      break;
  }
  return Refusal::Malformed;
}

std::string_view sentence_of(TokenProblem problem) {
  switch (problem) {
    case TokenProblem::UnknownKey:
      return "the decision is signed with a key that is not believed (any more)";
    case TokenProblem::Forged:
      return "the decision is not signed by this gateway";
    case TokenProblem::Malformed:
      break;
  }
  return "the decision is no token as x-sluice-decision has it";
}

std::string in_words(Duration duration) {
  const auto seconds = duration_cast<std::chrono::seconds>(duration).count();
  for (const auto& [unit, name] : {std::pair{86'400, "d"}, {3'600, "h"}, {60, "m"}}) {
    if (seconds >= unit && seconds % unit == 0) return std::to_string(seconds / unit) + name;
  }
  return std::to_string(seconds) + "s";
}

bool is_valid(const ReportedValue& value, policy::OutcomeType type) {
  if (value.kind == ReportedValue::Kind::Other) return false;
  if (type == policy::OutcomeType::Value) {
    return value.kind == ReportedValue::Kind::Number && std::abs(value.number) <= state::most_reported_value;
  }
  return value.number == 0 || value.number == 1;
}

class Bench {
 public:
  Bench(const TokenKeys& keys, const Catalogue& catalogue, WallTime now)
      : keys_(keys), catalogue_(catalogue), now_(now) {}

  void hear(const ReportItem& item) {
    if (!item.problem.empty()) return refuse(item, nullptr, Refusal::Malformed, item.problem);
    const auto decision = read_token(item.decision, keys_);
    if (!decision) {
      return refuse(item, nullptr, refusal_of(decision.error()), std::string(sentence_of(decision.error())));
    }
    const KnownRoute* const route = catalogue_.find(decision->route);
    if (route == nullptr) {
      return refuse(item, nullptr, Refusal::UnknownRoute, "the decision's route is not there, or has no outcomes");
    }
    const int version = route->find_version(decision->version);
    if (version < 0) {
      return refuse(item, route, Refusal::UnknownVersion, "the decision's version is no longer one of " + route->name);
    }
    for (const ReportedValue& value : item.values) {
      weigh(item, value, *decision, *route, static_cast<std::size_t>(version));
    }
  }

  Judged take() && { return std::move(judged_); }

 private:
  void refuse(const ReportItem& item, const KnownRoute* route, Refusal refusal, std::string message,
              const std::string& outcome = {}) {
    judged_.refused.push_back({route, refusal});
    judged_.verdict.reject({item.index, outcome, refusal, std::move(message)});
  }

  void weigh(const ReportItem& item, const ReportedValue& value, const Decision& decision, const KnownRoute& route,
             std::size_t version) {
    const KnownOutcome* const outcome = route.find_outcome(value.outcome);
    if (outcome == nullptr) {
      return refuse(item, &route, Refusal::UnknownOutcome, "no such outcome is reported about " + route.name,
                    value.outcome);
    }
    if (!is_valid(value, outcome->type)) {
      return refuse(
          item, &route, Refusal::InvalidValue,
          outcome->type == policy::OutcomeType::Binary ? "it takes 0 or 1" : "it takes a number from -1e15 to 1e15",
          value.outcome);
    }
    // The clock of another replica may be a little ahead.
    const Duration delay = std::max<Duration>(now_ - decision.time, Duration::zero());
    if (delay > outcome->window) {
      return refuse(item, &route, Refusal::Expired,
                    "it counts for " + in_words(outcome->window) + " after the decision", value.outcome);
    }
    JudgedReport& judged = judged_.reports.emplace_back();
    judged.decision = decision;
    judged.route = &route;
    judged.outcome = outcome;
    judged.version = version;
    judged.index = item.index;
    judged.report.decided_ms = ms_of(decision.time.time_since_epoch());
    judged.report.nonce = decision.nonce;
    judged.report.route = decision.route;
    judged.report.outcome = outcome->hash;
    judged.report.version = decision.version;
    judged.report.unit = item.unit.empty() ? decision.unit : route.unit_hash(item.unit);
    judged.report.window = decision.window;
    judged.report.split = decision.split;
    judged.report.delay_ms = ms_of(delay);
    judged.report.value = value.number;
  }

  const TokenKeys& keys_;
  const Catalogue& catalogue_;
  const WallTime now_;
  Judged judged_;
};

}  // namespace

Judged judge(std::span<const ReportItem> items, const TokenKeys& keys, const Catalogue& catalogue, WallTime now) {
  Bench bench(keys, catalogue, now);
  for (const ReportItem& item : items) bench.hear(item);
  return std::move(bench).take();
}

}  // namespace sluice::outcomes
