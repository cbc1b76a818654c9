#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sluice/stats/excess_risk.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/check_state.hpp"

/// What a check counts in the samples of one look.
namespace sluice::strategy {

/// One kind of event, as the window's counters show it.
struct Counted {
  stats::RiskRule rule;
  std::uint64_t candidate = 0;
  std::uint64_t good = 0;  ///< events that count where the candidate is to be proven good: never fewer
  std::uint64_t stable = 0;
};

/// The levels of the first kind, then those of users, where there are any.
struct CountedLook {
  static constexpr std::size_t most = 10;
  bool of_answers = false;      ///< of those that were read: their share counts, not the one that requests are drawn by
  bool mirrored = false;        ///< stable stands in the candidate's place: an outcome of which more is better
  std::uint64_t candidate = 0;  ///< requests; not swapped
  std::uint64_t stable = 0;
  std::array<Counted, most> levels{};
  std::size_t size = 0;
  std::size_t units_from = 0;   ///< index of the first level of users; `size` where there is none
  std::size_t proves = 0;       ///< the level that proves the candidate good
  bool reported = false;        ///< an outcome: late, and counted over restarts
  std::optional<double> dealt;  ///< of its events, the candidate's by when the decisions were made
  std::uint64_t open = 0;       ///< decisions of the candidate that are left out, as they may still convert
  bool stopped = false;         ///< users cannot be told apart any more: what was counted of them stays
  double exact_level = 0;       ///< of each level's exact threshold; 0: none holds
  double enough = 0;            ///< requests of the candidate from which on a verdict may be had

  void push(const Counted& level) noexcept { levels[size++] = level; }
};

/// The route's outcome of that name, and what was seen of it; null where there is none.
const policy::Outcome* outcome_named(const Subject& subject, std::string_view name) noexcept;
const OutcomeEvidence* outcome_of(const VersionEvidence* version, std::string_view name) noexcept;

/// Counts nothing (size 0) for a check on a mean, or while latencies of stable are still to be read off. Reads them off
/// into `evidence` once stable has `min_requests`: then what was counted before is no evidence.
CountedLook count_look(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                       CheckEvidence& evidence, WallTime now);

/// Of a probability whose odds are twice as high: how many times as often a candidate must certainly not be slow, or
/// break a fixed limit.
double doubled_odds(double probability) noexcept;

/// What is allowed of errors against stable, and what must be excluded before a candidate counts as good.
stats::RiskRule rule_against_stable(const policy::VersusStable& versus) noexcept;

/// Adds what is new in this look to the evidence.
void absorb(const CountedLook& look, const Subject& subject, CheckEvidence& evidence);

}  // namespace sluice::strategy
