#include "ab_test_standings.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/stats/combine.hpp"
#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

bool takes_part(const ArmState& arm) noexcept {
  return !arm.dropped && !arm.tallies.empty() && arm.tallies.back().weight > 0;
}

double pairs_of(std::size_t arms) noexcept {
  return std::max(1.0, static_cast<double>(arms * (arms - std::min<std::size_t>(arms, 1))) / 2);
}

/// A forecast pretends to no more than two digits.
std::uint64_t two_digits(double number) noexcept {
  double unit = 1;
  while (number / unit >= 100) unit *= 10;
  return static_cast<std::uint64_t>(std::ceil(number / unit) * unit);
}

}  // namespace

std::size_t index_of(const RolloutState& state, const std::string& version) {
  const auto found =
      std::find_if(state.arms.begin(), state.arms.end(), [&](const ArmState& arm) { return arm.version == version; });
  return static_cast<std::size_t>(found - state.arms.begin());
}

Standings::Standings(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state)
    : test_(test),
      metric_(metric),
      list_(state.arms),
      arms_(state.arms.size()),
      control_(index_of(state, control_of(test))),
      better_(arms_ * arms_, false) {
  const double alpha = 1 - test.confidence.fraction;
  std::uint32_t decided = 0;
  for (const auto& arm : state.arms) decided += arm.dropped ? arm.decided : 0;
  interval_alpha_ = alpha / static_cast<double>(std::max<std::size_t>(arms_, 2) - 1);
  log_threshold_ = std::log(std::max(1.0, pairs_of(arms_) - decided) / alpha);
  compare_all();
  decide(alpha, decided);
  write_lifts(state);
}

Contest Standings::judged(std::size_t own, std::size_t other, double log_threshold, bool wants_lift) const {
  Question question;
  // Only against the control a smallest effect is asked for.
  if (other == control_ && test_.minimum_effect) question.effect = test_.minimum_effect->fraction;
  question.log_threshold = log_threshold;
  question.wants_lift = wants_lift;
  question.alpha = interval_alpha_;
  return contest(metric_, list_[own], list_[other], question);
}

void Standings::compare_all() {
  for (std::size_t i = 0; i < arms_; ++i) {
    for (std::size_t j = i + 1; j < arms_; ++j) {
      if (!takes_part(list_[i]) || !takes_part(list_[j])) continue;
      // The control is always the other one.
      const std::size_t own = i == control_ ? j : i;
      const std::size_t other = i == control_ ? i : j;
      pairs_.push_back({own, other, judged(own, other, log_threshold_, other == control_)});
    }
  }
}

void Standings::decide(double alpha, std::uint32_t decided_before) {
  const auto strength = [](const Pair& pair) { return std::max(pair.contest.log_better, pair.contest.log_worse); };
  std::sort(pairs_.begin(), pairs_.end(), [&](const Pair& a, const Pair& b) { return strength(a) > strength(b); });
  double open = std::max(1.0, pairs_of(arms_) - decided_before);
  for (const Pair& pair : pairs_) {
    if (!pair.contest.enough) continue;
    if (strength(pair) < std::log(open / alpha)) break;
    const bool better = pair.contest.log_better >= pair.contest.log_worse;
    better_[better ? pair.own * arms_ + pair.other : pair.other * arms_ + pair.own] = true;
    open = std::max(1.0, open - 1);
  }
  log_threshold_ = std::log(open / alpha);
}

void Standings::write_lifts(RolloutState& state) const {
  for (const Pair& pair : pairs_) {
    if (pair.other != control_) continue;
    ArmState& arm = state.arms[pair.own];
    arm.lift = pair.contest.lift;
    arm.lift_lower = pair.contest.lift_lower;
    arm.lift_upper = pair.contest.lift_upper;
    const double strongest = std::max(pair.contest.log_better, pair.contest.log_worse);
    arm.certainty = std::min(1.0, stats::evidence_share(strongest, log_threshold_));
  }
}

std::size_t Standings::winner() const {
  for (std::size_t i = 0; i < arms_; ++i) {
    std::size_t others = 0;
    bool all = takes_part(list_[i]);
    for (std::size_t j = 0; all && j < arms_; ++j) {
      if (j == i || !takes_part(list_[j])) continue;
      ++others;
      all = beats(i, j);
    }
    if (all && others > 0) return i;
  }
  return arms_;
}

std::size_t Standings::master_of(std::size_t arm) const {
  if (control_ < arms_ && beats(control_, arm)) return control_;
  for (std::size_t other = 0; other < arms_; ++other) {
    if (beats(other, arm)) return other;
  }
  return arms_;
}

std::uint32_t Standings::decided_with(std::size_t arm) const {
  std::uint32_t decided = 0;
  for (std::size_t other = 0; other < arms_; ++other) decided += beats(arm, other) || beats(other, arm) ? 1 : 0;
  return decided;
}

std::string Standings::text(std::size_t own, std::size_t other) const {
  return comparison_text(metric_, list_[own], list_[other], judged(own, other, log_threshold_, true));
}

std::string Standings::progress() const {
  std::string text;
  for (std::size_t own = 0; own < arms_; ++own) {
    if (own == control_ || control_ >= arms_ || !takes_part(list_[own])) continue;
    const Contest found = judged(own, control_, log_threshold_, true);
    text += (text.empty() ? "'" : "; '") + list_[own].version + "' " +
            comparison_text(metric_, list_[own], list_[control_], found);
    const double part = list_[own].share + list_[control_].share;
    if (!found.still_to_come || *found.still_to_come < 1 || !(part > 0)) continue;
    text += ", about " + grouped(two_digits(*found.still_to_come / part)) + " more requests";
  }
  return text.empty() ? "no variant beside the control takes part" : text;
}

}  // namespace sluice::strategy
