#pragma once

#include <cstdint>

#include "check_counts.hpp"

/// Exact thresholds of a check's kinds of events, from look to look.
namespace sluice::strategy {

/// The level of each kind's exact threshold, when the check has a doubt of `doubt`; 0 where none holds: the chances of
/// users who stick, of outcomes that are weighed anew and of differences are not known, and five limits on latencies
/// are worth more together.
double exact_level(const CountedLook& look, const Subject& subject, const CheckEvidence& evidence,
                   double doubt) noexcept;

/// What a look has shown of one kind of event, besides its counts.
struct Drawn {
  double share = 0;             ///< that it is weighed by
  bool steady = false;          ///< the look before had the same
  bool always = false;          ///< so had all looks
  double expected = 0;          ///< requests of the candidate in the window, as they are drawn
  std::uint64_t steps = 0;      ///< new events of both; alone: requests of the candidate
  std::uint64_t all_steps = 0;  ///< of all looks
};

/// To be called before the look's counts are added to the evidence: a plan for another share ends.
void before_counts(const CountedLook& look, const stats::RiskRule& rule, const Drawn& drawn, RiskTrack& track);

/// To be called afterwards: what was planned for these counts is used up, and the next ones are planned for once it is
/// known by which share they come and a verdict is near. Takes some milliseconds when it plans.
void after_counts(const CountedLook& look, const stats::RiskRule& rule, const Drawn& drawn, RiskTrack& track);

}  // namespace sluice::strategy
