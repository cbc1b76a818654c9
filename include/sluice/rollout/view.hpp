#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/state/store.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// A rollout as it is shown by status, API and metrics: plain data.
namespace sluice::rollout {

struct Condition {
  std::string type;    ///< "Serving", "Progressing", "Paused", "ChecksPass", "StateKept", "StateSound"
  std::string status;  ///< "True", "False", "Unknown"
  std::string reason;
  std::string message;
  std::optional<WallTime> since;
};

/// What was reported of one outcome, or read from the answers, about the decisions of a version.
struct OutcomeSums {
  std::string name;
  std::uint64_t decisions = 0;
  std::uint64_t reports = 0;
  std::uint64_t events = 0;  ///< reports of another value than 0
  double sum = 0;            ///< of the values
};

struct VersionShare {
  std::string version;
  std::string role;
  double target = 0;           ///< wished share of the audience, 0…1
  double mirrored = 0;         ///< share that it gets copies of
  std::uint64_t requests = 0;  ///< in the window
  std::uint64_t failures = 0;
  std::vector<OutcomeSums> outcomes{};  ///< in the window; in the order of the policy, also over restarts
};

/// Whether a bandit's leader is the best for certain, see strategy::Certificate.
struct CertificateView {
  std::string version;  ///< the leader, or who was certified
  double log_e = 0;
  double log_threshold = 0;
  bool certified = false;
};

/// One limit of a shadow's budget: a count, bytes or seconds.
struct BudgetView {
  std::string name;  ///< "requests", "bytes", "backendTime", "duration"
  double spent = 0;
  double limit = 0;
};

/// What a version would have earned as a shadow, by later reports; see stats/replay.hpp. Shown, never a check.
struct ReplayView {
  std::string outcome;
  double value = 0;             ///< mean outcome of the requests that both answered alike
  std::optional<double> lower;  ///< where that lies
  std::optional<double> upper;
  double covered = 0;  ///< share of the requests that this speaks for, 0…1
  double served = 0;   ///< mean outcome of all: what live earned
  std::uint64_t agreeing = 0;
  std::uint64_t differing = 0;
  std::optional<double> least;  ///< of all requests, whatever would have come of the others; Binary only
  std::optional<double> most;
};

/// A candidate's answers to copies beside those that clients got, within the window.
struct PairsView {
  std::string version;
  std::uint64_t pairs = 0;
  std::uint64_t compared = 0;  ///< of these: their contents
  std::uint64_t disagreements = 0;
  double disagreement = 0;      ///< share of those compared, weighted
  std::optional<double> lower;  ///< where it lies; nothing while nothing is compared
  std::optional<double> upper;
  std::uint64_t twins = 0;          ///< requests that live answered twice
  std::uint64_t refused_twins = 0;  ///< the same with another status the second time: these teach nothing
  bool noise_known = false;
  std::uint64_t noisy_fields = 0;
  std::string worst_field;  ///< that differs in most pairs; empty: none
  std::uint64_t worst_field_pairs = 0;
  std::uint64_t rows = 0;  ///< whose largest number was looked for
  std::uint64_t flips = 0;
  struct Segment {
    std::string name;
    std::uint64_t pairs = 0;
    std::uint64_t disagreements = 0;
  };
  std::vector<Segment> segments;  ///< in the order of the policy
  /// Candidate less live on the same requests, weighted; the interval holds at any time and needs 100 pairs.
  struct Difference {
    double mean = 0;
    std::optional<double> lower;
    std::optional<double> upper;
  };
  std::optional<Difference> score;    ///< nothing: no score was read of both
  std::optional<Difference> latency;  ///< seconds
  std::optional<double> limit;        ///< of the check on disagreement; nothing: there is none
  std::uint64_t pairs_certify = 0;    ///< so many pairs in all certify it if all agree; 0: no limit
  std::vector<ReplayView> replays;
};

struct RolloutView {
  std::string route;
  std::string id;
  std::string strategy;
  std::uint64_t generation = 0;  ///< of the policy in force
  std::uint64_t observed_generation = 0;
  std::string serving;  ///< "Healthy", "Degraded", "Down": apart from the rollout's outcome
  strategy::Phase phase = strategy::Phase::Idle;
  std::string reason;
  std::string message;
  bool paused_by_person = false;
  std::string paused_by;
  std::int32_t step = 0;  ///< 1…steps; 0: there are none
  std::int32_t steps = 0;
  std::string step_text;    ///< "pause 10m, 6m12s left"
  std::string next;         ///< "setWeight 50"; empty: nothing follows
  std::uint32_t stage = 0;  ///< 1…stages; 0: there are none
  std::uint32_t stages = 0;
  std::vector<std::string> step_texts;   ///< all steps in words; empty: none, or instances that look alike
  std::vector<std::string> stage_texts;  ///< the strategies of the stages
  std::optional<WallTime> step_ends;     ///< when what is under way ends by itself; nothing: not by the clock
  std::string winner;
  WallTime begun{};
  WallTime phase_since{};
  std::optional<WallTime> ended;
  std::optional<WallTime> undo_until;  ///< the version before is kept warm so long
  WallTime window_since{};             ///< the versions' requests are counted from then on
  std::vector<VersionShare> versions;
  std::vector<strategy::CheckMemory> checks;
  std::vector<strategy::CheckRuns> check_runs;  ///< all looks at checks since the rollout began
  std::vector<strategy::ArmState> arms;
  std::vector<strategy::SegmentState> segments;  ///< of the route, as the candidate is seen in them
  std::string metric;  ///< of an A/B test: what decides; of a bandit: the outcome that is earned, "success" without one
  bool arms_earn = false;  ///< they are a bandit's, so that successes, failures and probability_best are counted
  std::optional<CertificateView> certificate;  ///< of a bandit where that can be told, from the first look on
  std::vector<PairsView> pairs;                ///< of a shadow, by candidate that has some; of a blue-green's trial
  std::vector<BudgetView> budgets;             ///< of a shadow: those that the policy sets
  std::vector<strategy::SlotState> slots;
  std::optional<double> split_log_e;  ///< ln of the evidence that the split is not what is drawn by
  std::string split;                  ///< who gets what, in words; empty: nothing to say
  std::vector<Condition> conditions;
  std::vector<std::string> verbs;           ///< that would act now
  std::vector<state::JournalEntry> events;  ///< the newest ten, newest first
};

}  // namespace sluice::rollout
