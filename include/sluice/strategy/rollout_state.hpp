#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/stats/linear_posterior.hpp"
#include "sluice/strategy/check_state.hpp"

/// What is remembered of a rollout: plain data, written to the store after every change, so that a restart goes on
/// where it was. Times are of the wall clock, because they outlive the process.
namespace sluice::strategy {

enum class Phase : std::uint8_t {
  Idle,         ///< the strategy has nothing to decide: plain proxying, a plain split
  Pending,      ///< no traffic moved yet: a gate or a deadline is waited for
  Progressing,  ///< the automaton moves traffic
  Paused,       ///< it waits: a pause of the policy, or a person's
  Held,         ///< something failed or stays undecided, and a person is to decide
  RollingBack,  ///< on the way back, in batches
  Promoted,     ///< over: the candidate has everything
  Concluded,    ///< over: there is a result, and the traffic stays as it is
  RolledBack,   ///< over: the automaton gave everything back to stable
  Aborted,      ///< over: a person did
  Superseded,   ///< over: another policy came
};
/// "Progressing", as status, metrics and the API say it.
std::string_view to_string(Phase phase) noexcept;
std::optional<Phase> parse_phase(std::string_view text) noexcept;
/// Promoted, Concluded, RolledBack, Aborted, Superseded.
bool is_over(Phase phase) noexcept;

enum class Verdict : std::uint8_t {
  Pending,  ///< not looked at yet
  Pass,
  Fail,
  Inconclusive,  ///< looked at, and the evidence does not say; never "good"
  Error,         ///< the value could not be had
};
std::string_view to_string(Verdict verdict) noexcept;
std::optional<Verdict> parse_verdict(std::string_view text) noexcept;

/// What is remembered of one check, in the order of the policy's list; starts anew with every window.
struct CheckMemory {
  std::string name;                    ///< the metric, `#2` behind the second one of the same name
  Verdict verdict = Verdict::Pending;  ///< of the last look
  std::uint32_t failures = 0;          ///< failed looks in this window
  std::uint32_t inconclusive_in_a_row = 0;
  std::uint64_t looks = 0;
  std::optional<double> value;      ///< of the candidate at the last look; seconds, ratio or number
  std::optional<double> reference;  ///< of stable
  std::optional<double> threshold;  ///< what the value may not pass
  std::uint64_t samples = 0;        ///< of the candidate
  std::string rule;                 ///< "max 1%", "margin 0.5%", "relativeMargin 20%"
  std::string message;              ///< one sentence with both numbers
  bool dry_run = false;
  Proof proof;  ///< of all looks of the rollout, not of this window alone
  friend bool operator==(const CheckMemory&, const CheckMemory&) = default;
};

/// How often a check was looked at, in all windows and of all versions of a rollout.
struct CheckRuns {
  std::string name;  ///< as in CheckMemory
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t inconclusive = 0;
  std::uint64_t errors = 0;
  friend bool operator==(const CheckRuns&, const CheckRuns&) = default;
};

/// What one variant or arm was seen to do. Counts; of units where those are what is dealt out.
struct Tally {
  double weight = 0;           ///< abTest: the variant's weight meanwhile
  std::vector<double> events;  ///< requests or decisions with an event; or units with at least 1, 2, 4, 8, 16 of them
  double n = 0;                ///< requests or decisions
  double sum = 0;              ///< of their values; events count 1
  double squares = 0;          ///< of the values' squares
  double unit_squares = 0;     ///< of the squared sums of units
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// What an arm earned by the context of the request, as the last bank was drawn from it.
struct ContextMemory {
  std::uint64_t counters = 0;      ///< that `all` has what is not in `before` from
  stats::LinearMoments before{0};  ///< what earlier counters showed, as it was at `before_until`
  WallTime before_until{};
  stats::LinearMoments all{0};  ///< with what those named by `counters` showed by `all_until`
  WallTime all_until{};
  std::uint64_t requests = 0;  ///< of the arm by then
  bool empty() const noexcept { return !(all.n() > 0) && !(before.n() > 0); }
  friend bool operator==(const ContextMemory&, const ContextMemory&) = default;
};

/// A variant, an arm or a shadow's candidate.
struct ArmState {
  std::string version;
  double share = 0;             ///< wished, 0…1
  std::uint64_t successes = 0;  ///< bandit: in all, over restarts, as of the last update
  std::uint64_t failures = 0;
  std::uint64_t seen_successes = 0;  ///< bandit: of these, what the counters named by `seen_counters` showed
  std::uint64_t seen_failures = 0;
  std::uint64_t seen_counters = 0;  ///< also a shadow's
  double told_share = 0;            ///< bandit: the share that the journal last spoke of
  double probability_best = 0;      ///< 0…1
  std::uint64_t copies = 0;         ///< shadow: answered, as earlier counters showed
  std::uint64_t copies_seen = 0;    ///< shadow: answered, as those named by `seen_counters` showed
  std::uint64_t copied_bytes = 0;   ///< shadow: of copies and their answers, likewise
  std::uint64_t copied_bytes_seen = 0;
  double backend_seconds = 0;  ///< shadow: that the candidate took to answer, likewise
  double backend_seconds_seen = 0;
  bool dropped = false;             ///< eliminated, or at its floor because of a guardrail
  std::string reason;               ///< why
  std::vector<CheckMemory> checks;  ///< its guardrails
  EvidenceOfChecks check_evidence;
  std::vector<Tally> tallies;  ///< abTest: one for each set of weights, the last one grows; bandit: one, as it fades
  Tally seen;                  ///< of these, what the counters named by `tally_counters` showed
  std::uint64_t tally_counters = 0;
  Kept<ContextMemory> contexts;      ///< bandit that goes by contexts
  std::uint32_t decided = 0;         ///< abTest: comparisons with it that were certain when it was taken out
  std::optional<double> value;       ///< abTest: of the primary metric; bandit: earned per request or decision
  std::optional<double> lift;        ///< abTest: value / control's − 1
  std::optional<double> lift_lower;  ///< with these it holds the truth, however often it is looked at
  std::optional<double> lift_upper;
  double certainty = 0;  ///< abTest: how far the comparison with the control has come, 0…1
  friend bool operator==(const ArmState&, const ArmState&) = default;
};

/// A time in which a bandit's shares hardly moved. By arm, in the order of the state's arms.
struct ShareStretch {
  double from = 0;            ///< seconds since 1970; it lasts until the next one begins
  std::vector<double> least;  ///< share that was drawn by meanwhile
  std::vector<double> most;   ///< the same
  friend bool operator==(const ShareStretch&, const ShareStretch&) = default;
};

/// Conversions that were drawn by such shares, of decisions of which it is known what came of them.
struct SettledEvents {
  std::vector<double> least;
  std::vector<double> most;
  std::vector<double> events;
  friend bool operator==(const SettledEvents&, const SettledEvents&) = default;
};

/// What a bandit's data say with an error that is bounded, beside its probabilities.
struct Certificate {
  bool whole = false;                ///< all shares since the window began are known; without them nobody is certified
  std::vector<ShareStretch> shares;  ///< by time, as far back as anything is open
  std::vector<SettledEvents> settled;
  std::vector<double> seen;           ///< by arm: conversions that were settled by the last look
  std::vector<double> settled_until;  ///< by arm, seconds since 1970
  WallTime looked{};
  std::string leader;        ///< who was asked about at the last look
  double log_e = 0;          ///< least ln E of its comparisons
  double log_threshold = 0;  ///< what each of them has to reach
  std::string winner;        ///< better than every other arm, for certain; empty: nobody is yet
  bool empty() const noexcept { return shares.empty() && winner.empty(); }
  friend bool operator==(const Certificate&, const Certificate&) = default;
};

/// What an experiment is decided by.
struct ExperimentState {
  std::string metric;             ///< "click Binary"; where another one is meant the counting begins anew
  std::optional<double> limit;    ///< seconds: a latency is judged by how many requests exceed it
  Kept<Certificate> certificate;  ///< bandit
  friend bool operator==(const ExperimentState&, const ExperimentState&) = default;
};

/// How a version does in one segment of the route, against what it is compared with there.
struct SegmentState {
  std::string name;
  std::string version;              ///< whose requests: the candidate, a variant, an arm
  bool worse = false;               ///< it was certain once that it is worse there
  bool excluded = false;            ///< canary: the segment's requests are all stable's
  std::string message;              ///< why it is worse, with the numbers; empty: it is not
  WallTime since{};                 ///< when that was found
  std::vector<CheckMemory> checks;  ///< starts anew with every window
  EvidenceOfChecks check_evidence;  ///< over all windows
  friend bool operator==(const SegmentState&, const SegmentState&) = default;
};

/// Which versions no longer predict as the frozen reference did.
struct DriftWatch {
  std::uint64_t window = 0;       ///< that was looked at last
  std::uint64_t counters = 0;     ///< and which counters it was of
  std::uint32_t stretches = 0;    ///< windows and processes so far: each has a part of the doubt
  std::vector<std::string> told;  ///< "v2 score", "v1 class": what the journal knows
  bool empty() const noexcept { return stretches == 0; }
  friend bool operator==(const DriftWatch&, const DriftWatch&) = default;
};

/// Where one instance of a rolling update is.
enum class SlotPhase : std::uint8_t {
  Old,        ///< the stable version serves here
  Draining,   ///< gets nothing new; what is under way ends
  Replacing,  ///< the model is being exchanged
  Readying,   ///< it must become ready
  Warming,    ///< let in, but warmed up before it counts
  Settling,   ///< it serves; minReady and the checks go on
  New,        ///< the candidate serves here
};
std::string_view to_string(SlotPhase phase) noexcept;
std::optional<SlotPhase> parse_slot_phase(std::string_view text) noexcept;

struct SlotState {
  std::string stable;     ///< authority of the endpoint that goes; empty: the candidate has more endpoints
  std::string candidate;  ///< authority of the one that comes; empty: the candidate has fewer
  SlotPhase phase = SlotPhase::Old;
  bool back = false;   ///< on the way from New to Old
  bool surge = false;  ///< the one that goes serves until the one that comes does
  WallTime since{};    ///< of the phase
  WallTime begun{};    ///< when it left Old, or New on the way back
  std::uint32_t tries = 0;
  friend bool operator==(const SlotState&, const SlotState&) = default;
};

/// What a person's pause lies over, and what `resume` gives back.
struct PausedFrom {
  Phase phase = Phase::Idle;
  std::string reason;
  std::string message;
  WallTime phase_since{};
  WallTime since{};  ///< of the pause
  friend bool operator==(const PausedFrom&, const PausedFrom&) = default;
};

/// What a harm budget was reckoned with at the last look, so that a restart forgets nothing of it.
struct HarmSeen {
  double in_window = 0;               ///< expected extra failures of the window under way; below 0: fewer
  std::uint64_t window_requests = 0;  ///< of the candidate in that window; fewer now: counting began anew
  std::uint64_t window_failures = 0;
  std::uint64_t window_control_requests = 0;
  std::uint64_t window_control_failures = 0;
  std::uint64_t window_audience = 0;  ///< of both versions in that window
  double rate = 0;                    ///< requests per second of both versions
  // of the windows before
  std::uint64_t requests = 0;  ///< of the candidate
  std::uint64_t failures = 0;
  std::uint64_t control_requests = 0;
  std::uint64_t control_failures = 0;
  friend bool operator==(const HarmSeen&, const HarmSeen&) = default;
};

struct RolloutState {
  // who
  std::string route;
  std::uint64_t number = 0;               ///< the how-manieth rollout of this route; its id is "route-number"
  std::string strategy;                   ///< the policy's key
  std::string fingerprint;                ///< of the policy's parts that make a rollout what it is
  std::uint64_t observed_generation = 0;  ///< of the policy that the state was last advanced by

  // where
  Phase phase = Phase::Idle;
  std::string reason;   ///< one word in CamelCase: "CheckFailed", "AwaitingPromotion"
  std::string message;  ///< one sentence with its numbers
  WallTime begun{};
  WallTime phase_since{};
  std::optional<WallTime> ended;
  std::int32_t step = 0;  ///< of a canary: index into steps, -1 before the first; other strategies say what it counts
  WallTime step_since{};
  WallTime last_progress{};            ///< for the progress deadline
  double weight = 0;                   ///< the candidate's share of its audience, 0…1
  std::string live;                    ///< the version that has what nobody else has; after a promotion the candidate
  std::optional<WallTime> warm_until;  ///< after a promotion the version before it is kept until then

  // a person's word, which outranks the automaton's
  bool paused = false;  ///< nothing is promoted or advanced until `resume`
  std::string paused_by;
  std::optional<PausedFrom> paused_from;
  bool approved = false;  ///< `promote` came for the step under way

  // evidence
  std::uint64_t window = 0;  ///< evidence counts from where this number last changed; never the same in two rollouts
  WallTime window_since{};
  std::optional<WallTime> last_look;  ///< at the checks
  std::uint64_t counters = 0;         ///< which ones count the window, as the evidence names them; 0: none seen yet
  std::vector<CheckMemory> checks;
  EvidenceOfChecks check_evidence;     ///< over all windows; a retry, a new stage or a person's promote begins anew
  std::vector<SegmentState> segments;  ///< in the order of the policy; empty: not looked at yet, or the route has none
  Kept<SplitEvidence> split;
  Kept<DriftWatch> drift;
  std::string comparing;  ///< shadow: by which rules pairs are counted; others begin to count anew
  Kept<std::vector<CheckRuns>> check_runs;
  double harm = 0;  ///< expected extra failures of the windows before this one; below 0: fewer
  HarmSeen harm_seen;

  // what only some strategies have
  std::vector<ArmState> arms;    ///< abTest, bandit, shadow
  std::vector<SlotState> slots;  ///< rolling
  std::string retreat;           ///< rolling: why it goes back, the reason it will end with; empty: it does not
  bool full = false;             ///< rolling: `promote --full` came, so nothing is checked any more
  std::string winner;            ///< abTest, bandit; empty: none yet
  std::uint32_t stage = 0;       ///< stages: which one `step` and the rest are about
  WallTime stage_since{};        ///< when that one began
  std::uint32_t attempt = 1;     ///< grows with `retry`; in the keys of errands, so that answers never mix
  ExperimentState experiment;    ///< abTest, bandit
  std::uint64_t bank = 0;        ///< bandit by contexts: grows when scores are drawn anew; 0: equal shares still

  friend bool operator==(const RolloutState&, const RolloutState&) = default;
};

/// "fraud-3".
std::string id_of(const RolloutState& state);

}  // namespace sluice::strategy
