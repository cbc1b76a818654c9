#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/strategy/check_state.hpp"

/// What a check's evidence says, over all looks.
namespace sluice::strategy {

struct Subject;

/// Which window and which counters a subject's samples are of; 0 where nobody says.
std::uint64_t window_of(const Subject& subject) noexcept;
std::uint64_t counters_of(const Subject& subject) noexcept;

/// What a person has gone past: it is not held against the candidate again, nor counted once more in the window under
/// way.
void go_past(EvidenceOfChecks& evidence);
void go_past(Kept<SplitEvidence>& split);

/// ln of the evidence that the rule is broken, by one kind of event: of the whole rollout and of its windows, mixed.
/// Half a microsecond.
double log_e_of(const CheckEvidence& evidence, std::size_t track) noexcept;

/// The mean over a range of kinds (first…last−1).
double log_e_of(const CheckEvidence& evidence, std::size_t first, std::size_t last) noexcept;

/// Of the doubt of a check (and of its evidence), the part that bets on the whole rollout; the rest bets on its windows
/// one by one, so that one who falls ill late is found out as well.
inline constexpr double kBetOnAll = 0.9;

/// What one kind of event says, and what it takes to reject.
struct Weight {
  double log_e = 0;
  double log_threshold = 0;
};

/// For a kind of event with an exact threshold (`plan` is opened): the whole rollout's or the windows', whichever has
/// come further. Half a microsecond.
Weight weight_of(const CheckEvidence& evidence, std::size_t track) noexcept;

/// How many requests of both it takes on average until a candidate with `risk` (> 1) times as many events is found out,
/// when an event comes to a share of `rate` of the requests and the candidate has `share` of them; 0 when never.
/// Source: decisions.md, "Time to decision": (ln(1/α) + 1.5) / (g λ).
double requests_until_found(double risk, double share, double rate, double log_threshold) noexcept;

/// The smallest risk that so many requests show on average; 0 when not even a hundred times as many.
double smallest_visible(double requests, double share, double rate, double log_threshold) noexcept;

}  // namespace sluice::strategy
