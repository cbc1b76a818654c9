#include "sluice/strategy/analysis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sluice/stats/risk_prior.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/prometheus_check.hpp"

namespace sluice::strategy {
namespace {

/// The metric; "#2" behind the second check on the same one.
std::string name_of(const std::vector<policy::Check>& checks, std::size_t index) {
  const auto before = std::count_if(checks.begin(), checks.begin() + static_cast<std::ptrdiff_t>(index),
                                    [&](const policy::Check& check) { return check.metric == checks[index].metric; });
  return before == 0 ? checks[index].metric : checks[index].metric + "#" + std::to_string(before + 1);
}

/// What is remembered of each check; nothing of one that the policy did not have like this the last time.
std::vector<CheckMemory> remembered(const policy::Analysis& analysis, const std::vector<CheckMemory>& memory) {
  std::vector<CheckMemory> made;
  for (std::size_t i = 0; i < analysis.checks.size(); ++i) {
    CheckMemory fresh;
    fresh.name = name_of(analysis.checks, i);
    fresh.rule = rule_of(analysis.checks[i]);
    const auto same = [&](const CheckMemory& old) { return old.name == fresh.name && old.rule == fresh.rule; };
    const auto found = std::find_if(memory.begin(), memory.end(), same);
    made.push_back(found == memory.end() ? fresh : *found);
    made.back().dry_run = analysis.checks[i].dry_run;
  }
  return made;
}

void note(CheckMemory& memory, Finding finding) {
  memory.verdict = finding.verdict;
  memory.value = finding.value;
  memory.reference = finding.reference;
  memory.threshold = finding.threshold;
  memory.samples = finding.samples;
  memory.message = std::move(finding.message);
  memory.proof = std::move(finding.proof);
  if (finding.verdict == Verdict::Pending) return;  // not a look: what is asked for is still on its way
  ++memory.looks;
  if (finding.verdict == Verdict::Fail) ++memory.failures;
  const bool undecided = finding.verdict == Verdict::Inconclusive || finding.verdict == Verdict::Error;
  memory.inconclusive_in_a_row = undecided ? memory.inconclusive_in_a_row + 1 : 0;
}

/// What one remembered check contributes.
Verdict standing(const policy::Check& check, const CheckMemory& memory) {
  if (memory.failures > check.failure_limit) return Verdict::Fail;
  return memory.verdict == Verdict::Fail ? Verdict::Inconclusive : memory.verdict;
}

std::string forgiven(const policy::Check& check, const CheckMemory& memory) {
  const bool is_forgiven = memory.verdict == Verdict::Fail && memory.failures <= check.failure_limit;
  if (!is_forgiven) return memory.message;
  return memory.message + ", failed look " + std::to_string(memory.failures) + " of " +
         std::to_string(check.failure_limit) + " that are forgiven";
}

/// The worst comes first: one failure decides, a pass needs everybody.
int rank_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Fail:
      return 0;
    case Verdict::Error:
      return 1;
    case Verdict::Inconclusive:
      return 2;
    case Verdict::Pending:
      return 3;
    case Verdict::Pass:
      break;
  }
  return 4;
}

std::string all_pass(std::size_t checks, const std::vector<CheckMemory>& memory, const Subject& subject) {
  if (checks == 0) return "no check decides";
  if (checks > 1) {
    return std::to_string(checks) + " checks pass (n=" + grouped(subject.candidate->requests) + ")";
  }
  const auto only = std::find_if(memory.begin(), memory.end(), [](const CheckMemory& check) { return !check.dry_run; });
  return only->message;
}

void conclude(const policy::Analysis& analysis, const Subject& subject, Assessment& assessment) {
  std::size_t deciding = 0;
  assessment.verdict = Verdict::Pass;
  for (std::size_t i = 0; i < analysis.checks.size(); ++i) {
    const auto& check = analysis.checks[i];
    const auto& memory = assessment.memory[i];
    if (memory.dry_run) continue;
    ++deciding;
    const Verdict verdict = standing(check, memory);
    if (rank_of(verdict) < rank_of(assessment.verdict)) assessment.verdict = verdict;
    if (check.inconclusive_limit && memory.inconclusive_in_a_row > *check.inconclusive_limit) {
      assessment.exhausted = true;
    }
  }
  if (assessment.verdict == Verdict::Fail) assessment.exhausted = false;
  if (assessment.verdict == Verdict::Pass) {
    assessment.message = all_pass(deciding, assessment.memory, subject);
    return;
  }
  for (std::size_t i = 0; i < analysis.checks.size(); ++i) {
    const auto& memory = assessment.memory[i];
    const bool worst = standing(analysis.checks[i], memory) == assessment.verdict;
    if (memory.dry_run || !worst || memory.message.empty()) continue;
    assessment.message += (assessment.message.empty() ? "" : "; ") + forgiven(analysis.checks[i], memory);
  }
}

/// What is known of each check's evidence; nothing of one that the policy did not have like this the last time.
std::vector<CheckEvidence> gathered(const std::vector<CheckMemory>& memory, const std::vector<CheckEvidence>& before) {
  std::vector<CheckEvidence> made;
  for (const CheckMemory& check : memory) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const CheckEvidence& old) {
      return old.name == check.name && old.rule == check.rule;
    });
    made.push_back(found == before.end() ? CheckEvidence{} : *found);
    made.back().name = check.name;
    made.back().rule = check.rule;
  }
  return made;
}

/// Whether a check has a part in the doubt that is allowed.
bool is_guardrail(const policy::Check& check) {
  return !check.dry_run && !check.prometheus;
}

/// Roll back on the mean of the e-values: an e-value itself, however the checks hang together. Each alone would have
/// needed as many times as much. Checks with exact thresholds have used up their parts of the doubt by themselves.
void judge_together(const policy::Analysis& analysis, std::size_t guardrails, double part_of_doubt,
                    Assessment& assessment) {
  if (guardrails < 2) return;
  double log_sum = -std::numeric_limits<double>::infinity();
  CheckMemory* strongest = nullptr;
  for (std::size_t i = 0; i < analysis.checks.size(); ++i) {
    CheckMemory& memory = assessment.memory[i];
    if (!is_guardrail(analysis.checks[i]) || memory.proof.method.empty()) continue;
    if (memory.verdict == Verdict::Fail) return;
    // Forgiven looks and too few requests are no evidence to act on.
    if (analysis.checks[i].failure_limit > 0 || memory.samples < analysis.min_requests || memory.proof.exact) continue;
    const std::array<double, 2> both{log_sum, memory.proof.log_e};
    log_sum = stats::log_sum_exp(both.data(), both.size());
    if (strongest == nullptr || memory.proof.log_e > strongest->proof.log_e) strongest = &memory;
  }
  const double log_mean = log_sum - std::log(static_cast<double>(guardrails));
  const double log_threshold = -std::log((1 - analysis.confidence.fraction) * part_of_doubt);
  if (strongest == nullptr || log_mean < log_threshold) return;
  strongest->verdict = Verdict::Fail;
  strongest->inconclusive_in_a_row = 0;
  ++strongest->failures;
  strongest->message += ", certain together with the other checks";
}

void look_at_all(const policy::Analysis& analysis, const Subject& subject, WallTime now, Assessment& assessment) {
  const auto guardrails =
      static_cast<std::size_t>(std::count_if(analysis.checks.begin(), analysis.checks.end(), is_guardrail));
  std::vector<CheckEvidence> evidence = gathered(assessment.memory, *assessment.evidence);
  for (std::size_t i = 0; i < analysis.checks.size(); ++i) {
    const std::size_t sharing = is_guardrail(analysis.checks[i]) ? guardrails : 1;
    note(assessment.memory[i], judge_check(analysis.checks[i], analysis, evidence[i], subject, i, now, sharing));
  }
  assessment.evidence.set(std::move(evidence));
  judge_together(analysis, guardrails, subject.part_of_doubt, assessment);
}

Query query_of(const policy::Analysis& analysis, const policy::PrometheusQuery& source, const std::string& route,
               const std::string& version) {
  Query query;
  query.address = source.address;
  query.timeout = source.timeout;
  query.interval = analysis.interval;
  query.promql = source.query;
  for (const auto& [name, value] : {std::pair<std::string, const std::string&>{"{{route}}", route},
                                    std::pair<std::string, const std::string&>{"{{version}}", version}}) {
    for (auto at = query.promql.find(name); at != std::string::npos; at = query.promql.find(name, at + value.size())) {
      query.promql.replace(at, name.size(), value);
    }
  }
  return query;
}

}  // namespace

Assessment assess(const policy::Analysis& analysis, const std::vector<CheckMemory>& memory,
                  const EvidenceOfChecks& evidence, const std::optional<WallTime>& last_look, WallTime window_since,
                  const Subject& subject, WallTime now) {
  Assessment assessment;
  assessment.memory = remembered(analysis, memory);
  assessment.evidence = evidence;
  const WallTime before = last_look.value_or(window_since);
  // A wall clock that was set back must not put the next look off.
  assessment.looked = now < before || now - before >= analysis.interval;
  if (assessment.looked) {
    look_at_all(analysis, subject, now, assessment);
  }
  if (!assessment.looked && !last_look) {
    assessment.message = "the first look comes in " + short_duration(analysis.interval - (now - before));
    return assessment;
  }
  conclude(analysis, subject, assessment);
  return assessment;
}

Assessment assess(const policy::Analysis& analysis, const RolloutState& state, const Subject& subject, WallTime now) {
  return assess(analysis, state.checks, state.check_evidence, state.last_look, state.window_since, subject, now);
}

std::vector<Query> queries_of(const policy::Analysis& analysis, const std::string& route, const std::string& version,
                              const std::string& stable, const std::string& key) {
  std::vector<Query> queries;
  for (std::size_t i = 0; i < analysis.checks.size(); ++i) {
    const auto& check = analysis.checks[i];
    if (!check.prometheus) continue;
    queries.push_back(query_of(analysis, *check.prometheus, route, version));
    queries.back().key = query_key(key, i, false);
    if (!check.versus_stable || stable.empty()) continue;
    queries.push_back(query_of(analysis, *check.prometheus, route, stable));
    queries.back().key = query_key(key, i, true);
  }
  return queries;
}

}  // namespace sluice::strategy
