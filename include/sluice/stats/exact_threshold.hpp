#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "sluice/stats/relative_risk.hpp"

namespace sluice::stats {

/// The evidence that rejects with a probability of exactly α over a planned number of events, instead of at most α as
/// 1/α does (Ville's inequality). Under the null hypothesis the candidate's count among n events is a random walk with
/// known steps, so the chance that E ever reaches a threshold can be computed, and turned round: 11.26 instead of 20
/// for ρ = 5 %, 1 000 events and α = 5 %.
///
/// The plan holds while all events came under one share and are no more than planned. Where it is left, for whatever
/// reason and at whatever time, `log_beyond` takes over: with p the chance spent on a threshold b,
///   P(reject) ≤ p + (1 − p b) / e^log_beyond = α,
/// because what the walks that stopped at b took along, p b at least, the others cannot bring up any more.
/// Accepting (log_e_accept) needs no plan: one likelihood ratio in small steps hardly overshoots, so 1/β is tight
/// there.
struct ExactThreshold {
  double log_within = 0;      ///< ln of the E that rejects as long as the plan holds
  double log_beyond = 0;      ///< and afterwards
  std::uint64_t horizon = 0;  ///< events planned for; 0 for none
  double share = 0;           ///< of the draws, planned for

  /// The one that counts for this process now.
  double log_threshold(const RelativeRisk& process) const noexcept;
};

/// Long enough for a rise by half to be seen in nearly every run. Too short a horizon costs more than too long a one:
/// afterwards much more is asked for, while ten times the horizon raises the threshold by a sixth.
inline constexpr std::uint64_t kUsualHorizon = 10'000;

/// 1/α at any time, under any shares.
ExactThreshold ville_threshold(double alpha) noexcept;

/// The plan for a process of this prior and null hypothesis under one `share`, for at most `horizon` events (cut at
/// 100 000). `kept_back`, 0…1, is the part of α that is left for the time beyond; without any the test ends with the
/// horizon. The bound is exact to 0.1 % of α and never on the wrong side, for every null risk below the limit too,
/// since a smaller risk only moves the walk down. Falls back on 1/α for a share not strictly inside 0…1 and for priors
/// of both sides. Takes 1 ms for 1 000 events, about 15 ms for 10 000: once per stage, see ThresholdCache.
ExactThreshold exact_threshold(const RelativeRisk& process, double share, double alpha, std::uint64_t horizon,
                               double kept_back = 0.05);

/// The chance that a walk under the null hypothesis ever reaches the threshold within `horizon` events: never below the
/// truth, and above by 1e-5 at most. Half a millisecond for 10 000 events.
double crossing_probability(RiskPrior prior, double event_share_under_null, double log_threshold,
                            std::uint64_t horizon);

/// Remembers plans by what they were made of, up to a thousand. Not thread-safe.
class ThresholdCache {
 public:
  /// As exact_threshold(); 100 ns for a plan made before.
  const ExactThreshold& get(const RelativeRisk& process, double share, double alpha, std::uint64_t horizon);

 private:
  static constexpr std::size_t kMost = 1000;
  using Key = std::tuple<RiskPrior, double, double, double, std::uint64_t>;
  std::map<Key, ExactThreshold> plans_;
};

}  // namespace sluice::stats
