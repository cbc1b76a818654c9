#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sluice/stats/excess_risk.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/check_state.hpp"

/// What pairs of answers to the same requests add up to, look by look.
namespace sluice::strategy {

/// What the counters show now: of each kind of event, by weight.
using PairLook = std::vector<std::vector<PairSums>>;

/// Takes it over. Counters of another window or process, and such that have fewer pairs than before, begin a new
/// stretch: what the last ones showed is kept, unless it was not sound. A look without a pair changes nothing.
void absorb_pairs(PairLook look, const Subject& subject, bool sound, PairRecord& record);

/// All that is evidence: of all stretches. `with_unsound` false: the one under way only where it is sound.
std::vector<PairSums> all_pairs(const PairRecord& record, std::size_t track, bool with_unsound = true);

/// ln of the evidence of one kind of event: nine tenths bet on all stretches together, the rest on the one under way by
/// itself, from the second on, so that one who falls ill late is found out as well.
double log_e_of_pairs(const PairRecord& record, std::size_t track,
                      const std::function<double(const std::vector<PairSums>&)>& log_e);

// What the functions of stats/pairs.hpp take.
std::vector<stats::DiscordantPairs> discordant(const std::vector<PairSums>& sums);
std::vector<stats::WeightedPairs> disagreeing(const std::vector<PairSums>& sums, bool with_unsettled = false);

std::uint64_t count_of(const std::vector<PairSums>& sums) noexcept;
/// Weighted share of the pairs in which the candidate (stable) had the event; 0 without any.
double candidate_share(const std::vector<PairSums>& sums) noexcept;
double stable_share(const std::vector<PairSums>& sums) noexcept;
/// Where stable's share truly lies, at this confidence and at any time.
stats::Interval stable_interval(const std::vector<PairSums>& sums, double confidence) noexcept;

/// How many requests of both a split in halves would have needed to find the same by its rule, when events are as
/// frequent as these shares: method (a) on what is expected then. Nothing where it would never find it. Some 50 µs.
std::optional<std::uint64_t> requests_of_split(const stats::RiskRule& rule, double candidate, double stable, bool fails,
                                               double log_threshold) noexcept;

/// How many pairs would have been enough for evidence that has come to `log_e`: it grows with them.
std::uint64_t enough_pairs(std::uint64_t pairs, double log_e, double log_threshold, std::uint64_t least) noexcept;

/// Whether pairs judge the check: it compares with live, and either they were counted before or some are told now.
bool is_judged_by_pairs(const policy::Check& check, const Subject& subject, const CheckEvidence& evidence) noexcept;

/// `error-rate`, `latency-p50/p90/p95/p99` and `latency-mean` against live, by pairs.
Finding judge_paired(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                     const Subject& subject, std::size_t guardrails);

/// `disagreement`: how often the answers differ beyond noise.
Finding judge_disagreement(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                           const Subject& subject, std::size_t guardrails);

}  // namespace sluice::strategy
