#pragma once

#include <cstdint>

#include "sluice/stats/excess_risk.hpp"

namespace sluice::stats {

/// A threshold for RiskProcess::against that uses up its level instead of staying below it as 1/α does (Ville's
/// inequality), and that holds on through ramps, rates that drift and shares that depend on what was seen.
///
/// While the share stays, every step (an event of either version; alone: a request of the candidate) raises the
/// candidate's count with a known probability at most, so the chance that E reaches a threshold within a planned number
/// of steps can be computed: a *plan*. A plan is an e-process of its own, the chance under the null hypothesis that it
/// will reject, given what was seen. So it may be left at any time for any reason, and what the test still has to spend
/// is just that chance (the conditional rejection probability; Müller and Schäfer 2001, "Adaptive group sequential
/// designs"): it buys the next plan, or an E that rejects by Ville at any later time and under any shares.
///
/// Plain data for a store. The level is kept however often plans are made and left, as long as whether to do so is
/// settled before the steps that it is about are seen.
struct ExactPlan {
  double log_alpha = 0;      ///< ln of the level; 0: nothing was opened yet
  double log_threshold = 0;  ///< ln of the E that rejects now
  double log_beyond = 0;     ///< ln of the E that rejects once the plan has ended
  double share = 0;          ///< that the plan is for; 0: none is in force, and the threshold is Ville's
  std::uint64_t steps = 0;   ///< that the plan still holds for, or the next one will; 0: there will be none any more

  bool opened() const noexcept { return log_alpha != 0; }
  bool planned() const noexcept { return share > 0; }
  friend bool operator==(const ExactPlan&, const ExactPlan&) = default;
};

/// Longer costs a higher threshold (a sixth for ten times as many steps), shorter a still higher one afterwards.
inline constexpr std::uint64_t kPlannedSteps = 10'000;

/// Starts the test at the level `alpha` (0…1, exclusive), with Ville's threshold. Of one that was started at another
/// level, the rest is made as much larger or smaller; `sums` are the state that it is in.
void open_plan(ExactPlan& plan, double alpha, const RiskRule& rule, const RiskSums& sums);

/// Plans the next kPlannedSteps steps from the state that `sums` are in. Does nothing where a plan is in force or has
/// ended, for a difference (how often two versions must fail for one by so much is not known), where E is below 1e-4 or
/// the plan would reject nearly never. `share` is what those steps will be drawn by, strictly between 0 and 1; alone it
/// does not matter. 2 to 3.5 ms, 10 at most; allocates 100 KiB for the while.
void make_plan(ExactPlan& plan, const RiskRule& rule, double share, const RiskSums& sums);

/// The same for a test that has spent nothing yet, from its beginning: of the steps so far, `unseen` of them and all by
/// this share, nothing could have been rejected by, so that nothing is spent on them. Whether to plan after so many
/// steps must not depend on whose they were.
void make_first_plan(ExactPlan& plan, const RiskRule& rule, double share, std::uint64_t unseen);

/// Ends the plan in force, if there is one, for what it has left to spend; another may be made. `sums` are the state
/// that it is in. 1 ms.
void leave_plan(ExactPlan& plan, const RiskRule& rule, const RiskSums& sums);

/// Notes so many steps of the plan's share. Beyond its end, only what it kept back is left.
void pass_steps(ExactPlan& plan, std::uint64_t steps) noexcept;

}  // namespace sluice::stats
