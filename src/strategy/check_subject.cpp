#include "sluice/policy/scalars.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {

const Sample& empty_sample() noexcept {
  static const Sample empty;
  return empty;
}

bool users_stick(const policy::ModelRoute& route) noexcept {
  return route.unit.source != policy::UnitSource::Request;
}

bool learns_noise(const policy::ModelRoute& route) noexcept {
  const policy::Compare* compare = policy::compare_of(route);
  return compare != nullptr && compare->noise.fraction > 0;
}

Subject subject_of(const VersionEvidence& candidate, const VersionEvidence& stable, const Evidence& evidence,
                   const policy::ModelRoute& route, std::string key) {
  Subject subject{&candidate.all, &stable.control, &evidence, std::move(key)};
  subject.candidate_version = &candidate;
  subject.stable_version = &stable;
  subject.outcomes = &route.outcomes;
  subject.users_stick = users_stick(route);
  if (candidate.share > 0 && stable.share > 0) {
    subject.stable = &stable.all;
    subject.share = candidate.share / (candidate.share + stable.share);
  }
  return subject;
}

void add_pairs_of_copies(const policy::ModelRoute& route, Subject& subject) noexcept {
  if (subject.candidate_version != nullptr) subject.pairs = subject.candidate_version->pairs.get();
  subject.pairs_decide = false;
  subject.learns_noise = learns_noise(route);
}

std::string rule_of(const policy::Check& check) {
  if (check.versus_stable && check.versus_stable->margin) {
    return "margin " + quantity_text(check.versus_stable->margin->value, check.versus_stable->margin->unit);
  }
  if (check.versus_stable && check.versus_stable->relative_margin) {
    return "relativeMargin " + policy::format_ratio(*check.versus_stable->relative_margin);
  }
  std::string rule;
  if (!check.threshold_range) return rule;
  if (const auto& min = check.threshold_range->min) rule = "min " + quantity_text(min->value, min->unit);
  if (const auto& max = check.threshold_range->max) {
    rule += (rule.empty() ? "max " : ", max ") + quantity_text(max->value, max->unit);
  }
  return rule;
}

}  // namespace sluice::strategy
