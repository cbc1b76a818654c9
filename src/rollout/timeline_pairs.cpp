#include "timeline_pairs.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <variant>

#include "first_twins.hpp"
#include "sluice/policy/metrics.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/shadow.hpp"

namespace sluice::rollout {
namespace {

std::string per_second(double rate) {
  std::string text = strategy::percent(rate / 100);
  text.pop_back();
  return text;
}

/// Copies per second of the candidate that gets fewest.
double copies_per_second(const policy::Shadow& shadow, double rate, double& percent) {
  percent = 100;
  double all = 0;
  for (const auto& candidate : shadow.candidates) {
    percent = std::min(percent, candidate.percent);
    all += candidate.percent;
  }
  const double least = rate * percent / 100;
  const auto limit = shadow.budget.requests_per_second;
  return limit && all > 0 ? std::min(least, *limit * percent / all) : least;
}

std::string after(double pairs, double per_second) {
  constexpr double for_ever = 1e9;  // thirty years
  const auto seconds = std::chrono::duration<double>(std::min(std::ceil(pairs / per_second), for_ever));
  return " after " + strategy::short_duration(std::chrono::duration_cast<Duration>(seconds));
}

/// Pairs of each candidate that fit in the budget; nothing: there is no limit.
std::optional<double> most_pairs(const policy::Shadow& shadow, double copies) {
  std::optional<double> most;
  const auto candidates = static_cast<double>(std::max<std::size_t>(shadow.candidates.size(), 1));
  if (shadow.budget.requests) most = static_cast<double>(*shadow.budget.requests) / candidates;
  if (shadow.budget.duration) {
    const double within = copies * std::chrono::duration<double>(*shadow.budget.duration).count();
    most = std::min(most.value_or(within), within);
  }
  return most;
}

void add_notes(const policy::Shadow& shadow, const Scenario& scenario, Timeline& timeline) {
  const policy::Analysis* analysis = strategy::shadow_analysis(shadow);
  double percent = 0;
  const double copies = copies_per_second(shadow, scenario.traffic.rate, percent);
  if (analysis == nullptr || !(copies > 0)) return;
  const double doubt = 1 - analysis->confidence.fraction;
  const std::string at =
      "at " + per_second(scenario.traffic.rate) + " requests/s and " + strategy::percent(percent / 100) + " copies: ";
  for (const auto& check : analysis->checks) {
    if (check.metric != policy::disagreement_metric || !check.threshold_range || !check.threshold_range->max) continue;
    const double limit = check.threshold_range->max->value;
    const std::uint64_t pairs = std::max(stats::pairs_to_certify(limit, doubt), std::uint64_t{analysis->min_requests});
    timeline.notes.push_back(at + strategy::grouped(pairs) + " agreeing pairs certify " + strategy::percent(limit) +
                             after(static_cast<double>(pairs), copies));
    if (const auto most = most_pairs(shadow, copies); most && *most < static_cast<double>(pairs)) {
      timeline.blind_spots.push_back(
          "the shadow's budget ends before it could be certain of a candidate that answers "
          "alike: " +
          strategy::percent(limit) + " disagreement takes " + strategy::grouped(pairs) + " pairs");
    }
    const double noise = shadow.compare ? shadow.compare->noise.fraction : 0;
    if (!(noise > 0)) continue;
    const double needed = static_cast<double>(enough_twins) / twin_share(noise, 0);
    timeline.notes.push_back("noise is known by " + strategy::grouped(static_cast<std::uint64_t>(std::ceil(needed))) +
                             " copies" + after(needed, copies) + "; before that no difference fails a candidate");
  }
}

}  // namespace

void add_pair_sight(const Scenario& scenario, Timeline& timeline) {
  if (const auto* shadow = std::get_if<policy::Shadow>(&scenario.route.strategy)) {
    return add_notes(*shadow, scenario, timeline);
  }
  const auto* stages = std::get_if<policy::Stages>(&scenario.route.strategy);
  if (stages == nullptr) return;
  for (const auto& stage : stages->stages) {
    if (const auto* shadow = std::get_if<policy::Shadow>(&stage.strategy)) add_notes(*shadow, scenario, timeline);
  }
}

}  // namespace sluice::rollout
