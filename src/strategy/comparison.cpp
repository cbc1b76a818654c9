#include "sluice/strategy/comparison.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sluice/stats/arm_posterior.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/stats/relative_risk.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

constexpr double least_values = 40;
/// Of what a test's mean takes beyond ln threshold, in units of information.
constexpr double overshoot = 1.75;
/// More than that nobody waits for.
constexpr double longest_wait = 1e9;

// ---- events

std::uint64_t at_level(const Tally& tally, std::size_t level) noexcept {
  return level < tally.events.size() ? static_cast<std::uint64_t>(std::llround(tally.events[level])) : 0;
}

std::size_t levels_of(const ArmState& own, const ArmState& other) noexcept {
  std::size_t most = 1;
  for (const auto* arm : {&own, &other}) {
    for (const auto& tally : arm->tallies) most = std::max(most, tally.events.size());
  }
  return most;
}

stats::RelativeRisk process(const ArmState& own, const ArmState& other, std::size_t level, stats::RiskPrior prior,
                            double null_risk) {
  stats::RelativeRisk made(prior, null_risk);
  const std::size_t portions = std::min(own.tallies.size(), other.tallies.size());
  for (std::size_t i = 0; i < portions; ++i) {
    const Tally& mine = own.tallies[i];
    const Tally& theirs = other.tallies[i];
    const std::uint64_t events = at_level(mine, level);
    made.add(stats::pairwise_share(mine.weight, theirs.weight), events, events + at_level(theirs, level));
  }
  return made;
}

/// Against "the risk is not beyond `null_risk`", towards larger or smaller ones; half of it, as two directions share
/// it.
double log_e_beyond(const ArmState& own, const ArmState& other, bool larger, double null_risk) {
  if (!(null_risk > 0) || !std::isfinite(null_risk)) return 0;
  std::array<double, std::tuple_size_v<UnitCounts>> log_e{};
  const std::size_t levels = std::min(levels_of(own, other), log_e.size());
  const auto prior = larger ? stats::RiskPrior::Larger : stats::RiskPrior::Smaller;
  for (std::size_t level = 0; level < levels; ++level)
    log_e[level] = process(own, other, level, prior, null_risk).log_e();
  return stats::log_mean_e(std::span(log_e).first(levels)) - std::log(2);
}

/// (ln threshold + 1.75) / g events, g the information of one event (decisions.md, Time to decision).
std::optional<double> wait_for_events(const stats::RelativeRisk& process, double share, double requests, double log_e,
                                      double log_threshold) {
  const double events = static_cast<double>(process.events());
  if (events < 1 || !(share > 0) || !(share < 1)) return std::nullopt;
  const double q = std::clamp(static_cast<double>(process.candidate_events()) / events, 0.5 / events, 1 - 0.5 / events);
  const double information = q * std::log(q / share) + (1 - q) * std::log((1 - q) / (1 - share));
  if (!(information > 0)) return std::nullopt;
  const double further =
      std::max((log_threshold + overshoot) / information - events, (log_threshold - log_e) / information);
  const double wait = std::max(0.0, further) * requests / events;
  return wait < longest_wait ? std::optional(wait) : std::nullopt;
}

void weigh_events(const PrimaryMetric& metric, const ArmState& own, const ArmState& other, const Question& question,
                  Contest& made) {
  const bool higher = metric.higher_is_better;
  const double beyond = higher ? 1 + question.effect : 1 - question.effect;
  made.log_better = log_e_beyond(own, other, higher, beyond);
  made.log_worse = log_e_beyond(own, other, !higher, 1);
  if (!question.wants_lift) return;
  const auto first = process(own, other, 0, stats::RiskPrior::Either, 1);
  if (first.events() == 0) return;
  const auto interval = first.interval(question.alpha);
  if (std::isfinite(first.estimate())) made.lift = first.estimate() - 1;
  made.lift_lower = interval.lower - 1;
  if (std::isfinite(interval.upper)) made.lift_upper = interval.upper - 1;
  const double share = stats::pairwise_share(own.tallies.back().weight, other.tallies.back().weight);
  made.still_to_come = wait_for_events(first, share, counted(own) + counted(other),
                                       std::max(made.log_better, made.log_worse), question.log_threshold);
}

// ---- numbers

struct Mean {
  double value = 0;
  double variance = 0;  ///< of the mean
  double n = 0;
};

Mean mean_of(const PrimaryMetric& metric, const ArmState& arm) {
  if (arm.tallies.empty()) return {};
  const Tally& tally = arm.tallies.back();
  const stats::RewardMoments moments{tally.n, tally.sum, tally.squares};
  const bool clustered = metric.by_units && tally.squares > 0;
  const double inflation = clustered ? std::max(1.0, tally.unit_squares / tally.squares) : 1;
  return {moments.mean(), tally.n > 0 ? inflation * moments.variance() / tally.n : 0, tally.n};
}

/// 1 / (the mixture's variance per observation), tightest at some five thousand of both versions.
constexpr double mixture = (5.99 + 1.79 + 1) / 5000;

/// ln of the normal mixture's e-value against "own = factor × other", both sides.
double log_e_of_means(const Mean& own, const Mean& other, double factor) noexcept {
  const double variance = own.variance + factor * factor * other.variance;
  if (!(variance > 0)) return 0;
  const double distance = own.value - factor * other.value;
  const double information = (own.n + other.n) * mixture;
  return distance * distance / variance / 2 * information / (1 + information) - std::log1p(information) / 2;
}

/// The squared z that the same mixture allows at `alpha`.
double allowed_square(double n, double alpha) noexcept {
  const double information = n * mixture;
  return 2 * (1 + information) / information * (std::log1p(information) / 2 - std::log(alpha));
}

/// All factors that the data do not exclude (Fieller 1954); nothing where the other's mean may be 0.
void lift_of_means(const Mean& own, const Mean& other, double alpha, Contest& made) {
  const double square = allowed_square(own.n + other.n, alpha);
  const double a = other.value * other.value - square * other.variance;
  const double c = own.value * own.value - square * own.variance;
  const double b = own.value * other.value;
  if (other.value != 0) made.lift = own.value / other.value - 1;
  if (!(a > 0)) return;
  const double root = std::sqrt(std::max(0.0, b * b - a * c));
  made.lift_lower = (b - root) / a - 1;
  made.lift_upper = (b + root) / a - 1;
}

double values_of(const PrimaryMetric& metric, const ArmState& arm) noexcept {
  if (metric.outcome == nullptr) return least_values;
  return arm.tallies.empty() || arm.tallies.back().events.empty() ? 0 : arm.tallies.back().events.front();
}

void weigh_means(const PrimaryMetric& metric, const ArmState& own, const ArmState& other, const Question& question,
                 Contest& made) {
  const Mean mine = mean_of(metric, own);
  const Mean theirs = mean_of(metric, other);
  made.enough = std::min(mine.n, theirs.n) >= least_of_each &&
                std::min(values_of(metric, own), values_of(metric, other)) >= least_values;
  if (!made.enough) return;
  // The effect is a part of the other's value; of one below zero it points the other way.
  const double sign = metric.higher_is_better == (theirs.value >= 0) ? 1 : -1;
  const double factor = 1 + sign * question.effect;
  const double ahead = (mine.value - factor * theirs.value) * (metric.higher_is_better ? 1 : -1);
  const double behind = (theirs.value - mine.value) * (metric.higher_is_better ? 1 : -1);
  if (ahead > 0) made.log_better = log_e_of_means(mine, theirs, factor);
  if (behind > 0) made.log_worse = log_e_of_means(mine, theirs, 1);
  lift_of_means(mine, theirs, question.alpha, made);
  const double n = mine.n + theirs.n;
  const double square = (mine.value - theirs.value) * (mine.value - theirs.value) / (mine.variance + theirs.variance);
  const double wait = square > 0 ? n * std::max(0.0, allowed_square(n, std::exp(-question.log_threshold)) / square - 1)
                                 : std::numeric_limits<double>::infinity();
  if (wait < longest_wait) made.still_to_come = wait;
}

}  // namespace

Contest contest(const PrimaryMetric& metric, const ArmState& own, const ArmState& other, const Question& question) {
  Contest made;
  if (own.tallies.empty() || other.tallies.empty()) return made;
  if (metric.kind == PrimaryMetric::Kind::RealMean) {
    weigh_means(metric, own, other, question, made);
  } else {
    made.enough = std::min(counted(own), counted(other)) >= least_of_each;
    weigh_events(metric, own, other, question, made);
  }
  return made;
}

std::string lift_text(double lift) {
  const double size = std::abs(lift) * 100;
  const int decimals = size >= 9.995 ? 0 : size >= 0.9995 ? 1 : 2;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%+.*f%%", decimals, lift * 100);
  return text.data();
}

std::string comparison_text(const PrimaryMetric& metric, const ArmState& own, const ArmState& other,
                            const Contest& contest) {
  std::string text = metric.name;
  const auto value = [&](const ArmState& arm) {
    return arm.value ? quantity_text(*arm.value, metric.unit) : "nothing";
  };
  text += " " + value(own) + " against " + other.version + "'s " + value(other);
  if (contest.lift && contest.lift_lower) {
    const std::string upper = contest.lift_upper ? lift_text(*contest.lift_upper) : "any";
    text += metric.kind == PrimaryMetric::Kind::Exceeds ? ", beyond the limit " : ": ";
    text += lift_text(*contest.lift) + " (" + lift_text(*contest.lift_lower) + "…" + upper + ")";
  }
  const auto n = [](const ArmState& arm) { return "n=" + grouped(static_cast<std::uint64_t>(counted(arm))); };
  return text + ", " + n(own) + ", " + other.version + " " + n(other);
}

}  // namespace sluice::strategy
