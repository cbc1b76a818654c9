#include "sluice/strategy/prometheus_check.hpp"

#include <cmath>

#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

/// A number, or what the lack of one comes to.
struct Reading {
  std::optional<double> value;
  Finding otherwise;
};

Finding without_number(const policy::Check& check, Verdict verdict, const std::string& why, const std::string& detail) {
  Finding finding;
  finding.verdict = verdict;
  finding.message = check.metric + ": " + why + (detail.empty() ? "" : ": " + detail);
  return finding;
}

const QueryAnswer* answer_to(const Subject& subject, const std::string& key) {
  if (subject.evidence == nullptr) return nullptr;
  const auto found = subject.evidence->queries.find(key);
  return found == subject.evidence->queries.end() ? nullptr : &found->second;
}

Reading read(const policy::Check& check, const policy::Analysis& analysis, const QueryAnswer* answer, WallTime now,
             const std::string& whom) {
  using State = QueryAnswer::State;
  const auto of = [&](const std::string& text) { return "Prometheus " + text + whom; };
  if (answer == nullptr || answer->state == State::Pending) {
    return {{}, without_number(check, Verdict::Pending, of("has not answered yet"), "")};
  }
  if (now - answer->at > 2 * analysis.interval) {
    return {{}, without_number(check, Verdict::Pending, of("answered last more than two intervals ago"), "")};
  }
  switch (answer->state) {
    case State::Value:
      if (std::isfinite(answer->value)) return {answer->value, {}};
      [[fallthrough]];
    case State::NotANumber:
      return {{}, without_number(check, Verdict::Error, of("answered with what is no number"), answer->detail)};
    case State::Many:
      return {{}, without_number(check, Verdict::Error, of("answered with several series"), answer->detail)};
    case State::Failed:
      return {{}, without_number(check, Verdict::Error, of("could not be asked"), answer->detail)};
    case State::Empty:
    case State::Pending:
      break;
  }
  return {{}, no_data(check, analysis, of("has no series"))};
}

Finding compared(const policy::Check& check, double value, const Limit& limit) {
  Finding finding;
  const bool beyond = limit.broken_by(value);
  finding.verdict = beyond ? Verdict::Fail : Verdict::Pass;
  finding.value = value;
  finding.threshold = limit.value;
  finding.message = check.metric + " " + limit.comparison(quantity_text(value, unit_of(check)), beyond);
  return finding;
}

}  // namespace

std::string query_key(const std::string& subject_key, std::size_t index, bool of_stable) {
  return subject_key + "/query/" + std::to_string(index) + (of_stable ? "/stable" : "");
}

Finding judge_prometheus(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                         std::size_t index, WallTime now) {
  auto own = read(check, analysis, answer_to(subject, query_key(subject.key, index, false)), now, "");
  if (!own.value) return own.otherwise;
  if (check.threshold_range) return compared(check, *own.value, nearest_limit(*check.threshold_range, *own.value));

  const QueryAnswer* about_stable = answer_to(subject, query_key(subject.key, index, true));
  if (about_stable == nullptr && subject.stable == nullptr) {
    auto finding = no_data(check, analysis, "there is nothing to compare with");
    finding.value = own.value;
    return finding;
  }
  auto stable = read(check, analysis, about_stable, now, " about stable");
  if (!stable.value) {
    stable.otherwise.value = own.value;
    return stable.otherwise;
  }
  const auto versus = check.versus_stable.value_or(policy::VersusStable{});
  auto finding = compared(check, *own.value, limit_against(versus, *stable.value, unit_of(check)));
  finding.reference = stable.value;
  return finding;
}

}  // namespace sluice::strategy
