#pragma once

#include <optional>
#include <string>

#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/tally.hpp"

/// Which of two versions of an experiment is better: the only place that says so.
namespace sluice::strategy {

/// Nothing is said of two versions before both have so many requests or decisions.
inline constexpr double least_of_each = 100;

/// What a comparison is asked.
struct Question {
  double effect = 0;         ///< "better" means by more than this part of the other's value
  double log_threshold = 3;  ///< of ln E from which on something is certain, for the forecast
  double alpha = 0.05;       ///< of the interval, two-sided
  bool wants_lift = true;    ///< false: lift and forecast are left out, which take most of the time
};

/// How one version stands to another. Evidence is ln E and counts half, because either direction might have been said:
/// at ln(1/α) something false is said with probability α at most, however often one looks.
struct Contest {
  double log_better = 0;  ///< that own is better, and by more than the effect
  double log_worse = 0;   ///< that own is worse
  bool enough = false;    ///< both have what it takes to say anything
  /// own / other − 1; of a quantile that of the share of requests beyond the limit. Nothing while it cannot be told.
  std::optional<double> lift;
  std::optional<double> lift_lower;
  std::optional<double> lift_upper;
  /// Requests or decisions of both that it may still take, should the difference be as it looks (decisions of the same
  /// kind take (ln threshold + 1.75) / information per event in the mean). Nothing where it looks like none.
  std::optional<double> still_to_come;
};

/// Events (failures, conversions, answers beyond a limit) are judged by method (a): whose they are, given the shares of
/// the draws, so that neither a drift of the rates nor other weights do harm; where users stick, by users with at least
/// 1, 2, 4, 8, 16 events, and the mean of the five e-values. Numbers are judged by method (e): a normal mixture on the
/// difference of the means of what came since the weights last changed, asymptotically (Waudby-Smith and others 2021,
/// arXiv 2103.06476), from 100 decisions and 40 values on; where users stick its variance is multiplied by how much
/// more their sums vary than those of independent decisions would. Some twenty microseconds. Pure.
Contest contest(const PrimaryMetric& metric, const ArmState& own, const ArmState& other, const Question& question);

/// "click 5.6% against v1's 5%: +12% (+3.1%…+22%), n=6 131, v1 n=6 090".
std::string comparison_text(const PrimaryMetric& metric, const ArmState& own, const ArmState& other,
                            const Contest& contest);

/// "+12%", "-0.4%".
std::string lift_text(double lift);

}  // namespace sluice::strategy
