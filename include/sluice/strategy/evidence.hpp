#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/stats/histogram.hpp"
#include "sluice/stats/pair_tally.hpp"
#include "sluice/stats/replay.hpp"

namespace sluice::stats {
class DelayTable;
struct Context;
}  // namespace sluice::stats

/// What a step function may know of the world: gathered once per tick, then only computed with.
namespace sluice::strategy {

class ContextTable;

/// Requests that were assigned to one version within the current window, by the split (never by a rule or a pin), and
/// are over. A request that another version rescued is a failure here; one that its client gave up is not counted.
struct Sample {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;   ///< of these: answered with 500 or more, or not at all
  stats::Histogram latency;     ///< head sent to the endpoint … last byte read; of those that were answered
  stats::Histogram first_byte;  ///< … first byte read
  std::uint64_t successes() const noexcept { return requests - failures; }
};

/// Units (users, sessions) by how many events they had: at least 1, 2, 4, 8, 16. Where users stick to a version, these
/// are what may be counted, because one user's requests are not independent of each other.
using UnitCounts = std::array<std::uint64_t, 5>;

/// What came of one version's decisions by one outcome of the policy: reported later by an application, or read from
/// the answers. Only of decisions that the split made within the window.
struct OutcomeEvidence {
  std::string name;
  std::uint64_t decisions = 0;  ///< that may be reported about, or whose answer was read
  std::uint64_t reports = 0;    ///< decisions of these about which something was reported
  std::uint64_t events = 0;     ///< reports with a value other than 0: conversions
  double sum = 0;               ///< of the reported values
  double sum_squares = 0;       ///< of the reported values' squares
  UnitCounts unit_events{};     ///< units with that many events
  std::uint64_t units = 0;      ///< units with a report; 0 where the policy names no unit
  double unit_sum_squares = 0;  ///< of each unit's sum of values
  bool units_known = true;      ///< false: more units came than could be told apart, and the unit counts are 0
  /// When decisions were made and conversions (events) came, in seconds since 1970 and of delay; nothing: not told. Its
  /// window is the attribution window.
  std::shared_ptr<const stats::DelayTable> delays;
};

/// What came of a version's requests of one segment of the route: of those that `all` counts.
struct SegmentEvidence {
  Sample all;
  Sample units;                      ///< as those of the version
  UnitCounts failing_units{};        ///< as those of the version; of the units' failures in this segment
  bool failing_units_known = false;  ///< as that of the version
};

/// Copies that a version answered, each beside the answer that its client got: what was found by comparing them.
struct PairEvidence {
  stats::PairTally tally;
  /// By stratum: pairs that agree only because a field is noisy that seems to differ more often than noise makes it.
  /// Agreement is certified with these counted as disagreements.
  std::vector<std::uint64_t> unsettled;
  std::uint64_t twins = 0;          ///< requests that live answered twice, so that noise is known
  std::uint64_t refused_twins = 0;  ///< the same with another status the second time: these teach nothing
  bool noise_known = false;
  std::uint64_t noisy_fields = 0;
  std::string worst_field;  ///< that differs in most pairs, beyond noise; empty: none
  std::uint64_t worst_field_pairs = 0;
  std::uint64_t rows = 0;  ///< whose largest number was looked for
  std::uint64_t flips = 0;
  struct Segment {
    std::uint64_t pairs = 0;
    std::uint64_t disagreements = 0;
  };
  std::vector<Segment> segments;  ///< in the order of the policy
  struct Replay {
    std::string outcome;
    stats::ReplayTally tally;
  };
  std::vector<Replay> replays;  ///< what was reported later about requests of pairs; shown, never a check
};

/// How what a version predicts is distributed, beside what it is compared with. Bins are frozen.
struct DriftEvidence {
  std::vector<std::uint64_t> own;        ///< by bin of the score, or by class; where users stick, one answer of each
  std::vector<std::uint64_t> stable;     ///< of stable within the same window
  std::vector<std::uint64_t> reference;  ///< of the frozen reference window; empty: not complete yet
  std::vector<std::uint64_t> moves;      ///< of pairs, see stats::log_e_unlike_pairs; empty: there are none
  bool by_class = false;
};

struct VersionEvidence {
  std::string version;
  double share = 0;                  ///< probability with which the split chose it within the window, 0…1
  std::uint64_t assigned = 0;        ///< requests that the split assigned to it within the window, over or not
  std::uint64_t assigned_units = 0;  ///< the same of users who stick, each once or not at all; 0 where nobody does
  UnitCounts failing_units{};        ///< units of `all` with that many failures; zeros where the policy names no unit
  bool failing_units_known = false;  ///< false: no unit, or more failures came than could be told apart
  std::vector<OutcomeEvidence> outcomes;         ///< in the order of the policy
  std::shared_ptr<const ContextTable> contexts;  ///< of the decisions that went by one; null: not told
  Sample all;
  Sample control;  ///< of stable: the part of its traffic that was drawn as large as the candidate's
  Sample units;    ///< of `all`, the first request of each user who sticks: these are independent of each other
  Sample shadow;   ///< copies that were answered by this version
  std::uint64_t shadow_bytes = 0;                            ///< of copies and their answers
  double shadow_seconds = 0;                                 ///< that it took to answer them, added up
  std::shared_ptr<const PairEvidence> pairs;                 ///< null: nothing was compared
  std::vector<std::shared_ptr<const DriftEvidence>> drifts;  ///< of the score, of the class; empty: none is watched
  std::vector<SegmentEvidence> segments;                     ///< in the order of the policy; empty: none is counted
  std::int64_t in_flight = 0;
  std::uint32_t endpoints = 0;  ///< named (or behind the name)
  std::uint32_t usable = 0;     ///< that may get traffic now, and not for want of another
  std::uint32_t unchecked = 0;  ///< that get traffic although their first check has not ended; not usable
};

/// One endpoint as it is watched.
struct EndpointEvidence {
  std::string version;
  std::string authority;   ///< `127.0.0.1:9001`
  bool ready = false;      ///< may get traffic, or would if the rollout did not withhold it
  bool unchecked = false;  ///< not ready: it gets traffic, but its first check has not ended
  bool withheld = false;   ///< by the rollout
  std::int64_t in_flight = 0;
  Duration ready_for{0};  ///< since it is ready
  std::string reason;     ///< why it is not
};

/// What became of an errand: a webhook, a replacement.
struct ErrandAnswer {
  enum class State : std::uint8_t { Running, Succeeded, Refused, Failed };
  State state = State::Running;
  unsigned status = 0;  ///< of the HTTP answer; 0: none came
  std::string detail;   ///< one sentence: what came, or why nothing did
  std::uint32_t tries = 0;
};

/// A number from a Prometheus server.
struct QueryAnswer {
  enum class State : std::uint8_t {
    Pending,  ///< not asked yet or under way
    Value,
    Empty,  ///< no series
    Many,   ///< more than one series
    NotANumber,
    Failed,  ///< no answer in time, or an error
  };
  State state = State::Pending;
  double value = 0;
  std::string detail;
  WallTime at{};
};

struct Evidence {
  std::uint64_t window = 0;  ///< the window that the samples are of; another one than the state's has no samples
  /// Which counters these are: another number where they began at zero again, as after a restart.
  std::uint64_t counters = 0;
  std::vector<VersionEvidence> versions;  ///< in the order of the policy
  std::vector<EndpointEvidence> endpoints;
  std::shared_ptr<const std::vector<stats::Context>> recent_contexts;  ///< of some of the last decisions; null: none
  std::map<std::string, ErrandAnswer> errands;                         ///< by key
  std::map<std::string, QueryAnswer> queries;                          ///< by key

  /// Nothing for a version that is not there.
  const VersionEvidence* find(std::string_view version) const noexcept;
  const EndpointEvidence* find_endpoint(std::string_view version, std::string_view authority) const noexcept;
};

/// The same world before the first request of its window: what is seen while the data plane still counts another one.
Evidence without_samples(const Evidence& evidence);

/// Whether a version could answer now: true unless it was looked at and has no usable endpoint, be it that a name has
/// no address yet.
bool is_usable(const Evidence& evidence, std::string_view version) noexcept;

/// Whether nobody can say yet: no endpoint is usable, but of one the first check has not ended. A moment after a start
/// it is known; until then nothing is to follow from it.
bool is_unchecked(const Evidence& evidence, std::string_view version) noexcept;

}  // namespace sluice::strategy
