#include <algorithm>
#include <variant>

#include "sluice/policy/rules.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

void check_one_by_one(const std::vector<Segment>& segments, const Cursor& list) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto before = segments.begin() + static_cast<std::ptrdiff_t>(i);
    const Cursor at = list.at(i);
    const auto same_name = [&](const Segment& other) { return other.name == segments[i].name; };
    if (!segments[i].name.empty() && std::any_of(segments.begin(), before, same_name)) {
      at.at("name").error(Code::DuplicateName, in_quotes(segments[i].name) + " stands here twice");
    }
    for (std::size_t j = 0; j < segments[i].matches.size(); ++j) {
      const auto takes = [&](const Segment& other) {
        return std::any_of(other.matches.begin(), other.matches.end(),
                           [&](const Match& match) { return match == Match{} || match == segments[i].matches[j]; });
      };
      const auto taker = std::find_if(segments.begin(), before, takes);
      if (taker == before) continue;
      at.at("matches").at(j).error(Code::DuplicateMatch, "segment " + in_quotes(taker->name) + " has these already");
    }
  }
}

void check_exclusion(const ModelRoute& route, const Canary& canary, const Cursor& at, bool is_stage) {
  const Cursor wish = at.at("onSegmentFailure");
  if (canary.on_segment_failure != OnSegmentFailure::ExcludeSegment) return;
  if (route.segments.empty()) {
    wish.error(Code::NeedsAnother, "onSegmentFailure needs the route's segments");
  } else if (!at.at("analysis").meant() && !canary.analysis && canary.pace == Pace::Steps) {
    wish.error(Code::NeedsAnother, "without analysis nothing is found out about a segment");
  } else if (is_stage) {
    wish.error(Code::NotTogether, "the stages behind this one know nothing of segments that stay on stable");
  }
}

}  // namespace

void check_segments(const ModelRoute& route, const Cursor& at) {
  check_one_by_one(route.segments, at.at("segments"));
  const Cursor strategy = at.at("strategy");
  if (const auto* canary = std::get_if<Canary>(&route.strategy)) {
    check_exclusion(route, *canary, strategy.at("canary"), false);
  }
  const auto* stages = std::get_if<Stages>(&route.strategy);
  for (std::size_t i = 0; stages != nullptr && i < stages->stages.size(); ++i) {
    if (const auto* canary = std::get_if<Canary>(&stages->stages[i].strategy)) {
      check_exclusion(route, *canary, strategy.at("stages").at(i).at("canary"), true);
    }
  }
}

}  // namespace sluice::policy
