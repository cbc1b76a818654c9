#include <algorithm>
#include <utility>

#include "canary_walk.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/segments.hpp"

/// What a canary does about segments of its route in which the candidate is worse.
namespace sluice::strategy {
namespace {

/// What is told of a segment that is not certain by itself, but that the whole's failure is due to.
std::string blame_text(const SegmentState& segment) {
  const auto strongest =
      std::max_element(segment.checks.begin(), segment.checks.end(),
                       [](const CheckMemory& a, const CheckMemory& b) { return a.proof.log_e < b.proof.log_e; });
  const std::string rest = ", and what fails as a whole is due to it";
  if (strongest == segment.checks.end() || !strongest->value) return "it is worse there" + rest;
  const std::string metric = strongest->name.substr(0, strongest->name.find('#'));
  const Metric* known = metric_of(metric);
  const bool is_ratio = known != nullptr && known->kind == Metric::Kind::ErrorRate;
  const auto unit = is_ratio ? policy::QuantityUnit::Ratio : policy::QuantityUnit::Seconds;
  return metric + " " + quantity_text(*strongest->value, unit) + " (n=" + grouped(strongest->samples) + ")" + rest;
}

}  // namespace

void CanaryWalk::look_by_segment() {
  const Compared versions{evidence_of(context_.evidence, state_, spec_.candidate),
                          evidence_of(context_.evidence, state_, spec_.stable)};
  worse_ = look_at_segments(*analysis_, context_.route, versions, state_, context_.evidence, context_.now);
}

/// Whether it is enough that segments go back to stable. Not where more fails than they explain, nor where nobody would
/// be left to try the candidate on.
bool CanaryWalk::gives_back_segments(const Assessment& found) {
  if (spec_.on_segment_failure != policy::OnSegmentFailure::ExcludeSegment || analysis_ == nullptr || !found.looked) {
    return false;
  }
  std::vector<std::size_t> leaving = worse_;
  if (found.verdict == Verdict::Fail) {
    const auto blamed = segments_to_blame(*analysis_, context_.route, found, state_);
    if (blamed.empty()) return false;
    for (const std::size_t i : blamed) {
      if (std::find(leaving.begin(), leaving.end(), i) == leaving.end()) leaving.push_back(i);
    }
    std::sort(leaving.begin(), leaving.end());
  }
  const Compared versions{evidence_of(context_.evidence, state_, spec_.candidate),
                          evidence_of(context_.evidence, state_, spec_.stable)};
  if (leaving.empty() || !leaves_anything(leaving, versions)) return false;
  exclude(leaving);
  return true;
}

/// The rest begins anew: what was seen of everybody says nothing about those who stay.
void CanaryWalk::exclude(const std::vector<std::size_t>& segments) {
  for (const std::size_t i : segments) {
    SegmentState& segment = state_.segments[i];
    if (!segment.worse) {
      segment.message = blame_text(segment);
      segment.since = context_.now;
    }
    segment.worse = segment.excluded = true;
  }
  if (spec_.harm_budget) {
    carry_harm(state_, counts_);
    counts_ = {};
  }
  state_.check_evidence.reset();
  open_window(state_, context_.now);
  state_.last_progress = context_.now;
  const std::string text = segments_text(state_, segments) + "; these go back to " + spec_.stable + ", " +
                           spec_.candidate + " goes on with the others at " + percent(state_.weight);
  if (state_.phase == Phase::Progressing) enter(state_, Phase::Progressing, "SegmentExcluded", text, context_.now);
  tell("SegmentExcluded", text);
}

/// After the promotion: those who were left behind get the candidate as well.
void CanaryWalk::let_in(const std::string& why) {
  const std::string text = spec_.candidate + " has " + excluded_text(state_) + " as well: " + why;
  readmit_all(state_);
  state_.warm_until = context_.now + std::chrono::duration_cast<WallTime::duration>(spec_.keep_warm);
  enter(state_, Phase::Promoted, "Promoted", text, context_.now);
  tell("Advanced", text);
}

/// "everything", or "everything but mobile, which stays on v1".
std::string CanaryWalk::all_text() const {
  if (!any_excluded(state_)) return "everything";
  return "everything but " + excluded_text(state_) + ", which stays on " + spec_.stable + " until promote --full";
}

}  // namespace sluice::strategy
