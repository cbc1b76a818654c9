#include "sluice/traffic/match.hpp"

#include <algorithm>

namespace sluice::traffic {
namespace {

int cost_rank(const Condition& condition) noexcept {
  if (condition.field.source() == Field::Source::Path) return 0;
  if (condition.field.needs_body()) return 3;
  return condition.test.kind() == TextTest::Kind::RegularExpression ? 2 : 1;
}

}  // namespace

bool Condition::holds(const RequestView& request) const noexcept {
  FieldBuffer buffer;
  const auto text = field.read(request, buffer);
  return text.data() != nullptr && test.holds(text);
}

Match::Match(std::vector<Condition> conditions) : conditions_(std::move(conditions)) {
  std::stable_sort(conditions_.begin(), conditions_.end(),
                   [](const Condition& a, const Condition& b) { return cost_rank(a) < cost_rank(b); });
  needs_body_ = !conditions_.empty() && conditions_.back().field.needs_body();
}

bool Match::holds(const RequestView& request) const noexcept {
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [&](const Condition& condition) { return condition.holds(request); });
}

const Condition* Match::path_condition() const noexcept {
  const bool has_one = !conditions_.empty() && conditions_.front().field.source() == Field::Source::Path;
  return has_one ? &conditions_.front() : nullptr;
}

Match::Verdict Match::judge_beyond_path(const RequestView& request) const noexcept {
  const std::size_t first = path_condition() != nullptr ? 1 : 0;
  bool awaits_body = false;
  for (std::size_t i = first; i < conditions_.size(); ++i) {
    if (conditions_[i].field.awaits_body(request)) {
      awaits_body = true;
    } else if (!conditions_[i].holds(request)) {
      return Verdict::No;
    }
  }
  return awaits_body ? Verdict::NeedsBody : Verdict::Yes;
}

bool any_holds(const std::vector<Match>& matches, const RequestView& request) noexcept {
  return std::any_of(matches.begin(), matches.end(), [&](const Match& match) { return match.holds(request); });
}

}  // namespace sluice::traffic
