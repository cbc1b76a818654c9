#include "timeline_segments.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/segments.hpp"

namespace sluice::rollout {
namespace {

/// How much worse the candidate is there that this is about.
constexpr double five_times = 5;

/// How many times over the whole route would have been certain, by the segments' threshold, when the rollout is over.
double times_certain(const Scenario& scenario, const policy::Analysis& analysis, const Timeline& timeline) {
  const auto checks = static_cast<double>(std::max<std::size_t>(analysis.checks.size(), 1));
  const double log_threshold = std::log(checks / (1 - analysis.confidence.fraction));
  double times = 0;
  for (const TimelineStep& step : timeline.steps) {
    const double needed =
        strategy::requests_until_found(five_times, step.share, scenario.traffic.error_rate, log_threshold);
    const double requests =
        scenario.traffic.rate * scenario.traffic.audience * std::chrono::duration<double>(step.lasts).count();
    if (needed > 0) times += requests / needed;
  }
  return times;
}

}  // namespace

void add_segment_sight(const Scenario& scenario, Timeline& timeline) {
  const auto* canary = std::get_if<policy::Canary>(&scenario.route.strategy);
  if (canary == nullptr || scenario.route.segments.empty() || !(scenario.traffic.error_rate > 0)) return;
  const policy::Analysis whole = canary->analysis.value_or(policy::Analysis{});
  const policy::Analysis own = strategy::analysis_of_segment(whole, scenario.route);
  if (canary->analysis && own.checks.empty()) return;
  const double times = times_certain(scenario, own, timeline);
  if (times < 1) {
    timeline.blind_spots.push_back(
        "no segment is seen: the rollout is over before it is certain of any that the candidate fails there five times "
        "as often");
    return;
  }
  timeline.notes.push_back(
      "a segment in which the candidate fails five times as often is found out before the end if it has " +
      strategy::percent(std::ceil(100 / times) / 100) + " of the requests or more");
}

}  // namespace sluice::rollout
