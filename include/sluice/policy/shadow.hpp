#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/analysis.hpp"
#include "sluice/policy/match.hpp"

/// shadow: copies of live requests, whose answers are measured, compared and never returned.
namespace sluice::policy {

struct ShadowCandidate {
  std::string version;
  double percent = 100;  ///< of the live requests, 0…100
  Position position;

  bool operator==(const ShadowCandidate&) const = default;
};

/// When the live version counts as having capacity to spare.
struct ShadowIdle {
  std::uint32_t requests_in_flight = 8;  ///< of the live version on the whole gateway: fewer than that
  std::optional<Duration> latency;       ///< its recent mean: at most that; none: whatever it is

  bool operator==(const ShadowIdle&) const = default;
};

/// What mirroring may cost at most; a copy that does not fit is dropped and counted. `requests`, `bytes`,
/// `backend_time` and `duration` are of the whole shadow, over restarts: when one is spent, it is concluded.
struct ShadowBudget {
  std::uint32_t requests_in_flight = 32;
  std::optional<double> requests_per_second;  ///< copies of all candidates together; none: no limit
  Bytes body_bytes = 1_MiB;                   ///< larger requests are not copied
  std::optional<std::uint64_t> requests;      ///< copies in all
  std::optional<Bytes> bytes;                 ///< of copies and of their answers
  std::optional<Duration> backend_time;       ///< sum of the times that candidates took to answer
  std::optional<Duration> duration;           ///< since the shadow began, its hours or not
  bool idle_only = false;                     ///< copy only while the live version has capacity to spare
  ShadowIdle idle;                            ///< what that means

  bool operator==(const ShadowBudget&) const = default;
};

/// A segment of the route that is copied more often, because it is rare.
struct Oversample {
  std::string segment;
  double percent = 100;  ///< instead of the candidates' percent; not below it
  Position position;

  bool operator==(const Oversample&) const = default;
};

/// Which requests are copied.
struct ShadowSelection {
  std::vector<Match> matches;           ///< any one is enough; empty: all
  std::vector<Oversample> oversample;   ///< estimates are weighted back
  std::optional<Duration> deduplicate;  ///< a body that was copied is not copied again within this; none: it is

  bool operator==(const ShadowSelection&) const = default;
};

/// By what two tensors, or lists of numbers, agree.
enum class Agreement : std::uint8_t {
  Values,  ///< every number within the tolerance
  ArgMax,  ///< the same place has the largest number, in every row (the last axis)
  TopK,    ///< enough of the largest numbers stand at the same places, in every row
};

/// How one output tensor is compared; what is not set is as for all.
struct TensorRule {
  std::string name;
  Agreement by = Agreement::Values;
  std::uint32_t top = 5;    ///< TopK: so many
  Ratio overlap = 100_pct;  ///< TopK: share of them that must be the same
  std::optional<double> tolerance;
  std::optional<double> absolute_tolerance;
  std::optional<std::uint32_t> ulps;
  Position position;

  bool operator==(const TensorRule&) const = default;
};

/// The worst pairs are kept, for people to look at. Bodies leave the data plane only with this.
struct KeepPairs {
  std::uint32_t pairs = 20;                       ///< of each candidate
  Bytes bytes = 4_KiB;                            ///< of each body; the rest is cut off
  std::vector<std::string> redact;                ///< JSON pointers whose values are never kept; `*` as above
  Duration expire_after = std::chrono::hours(1);  ///< then a pair is gone

  bool operator==(const KeepPairs&) const = default;
};

/// How two answers to one request are compared. Two numbers agree when one of the tolerances says so.
struct Compare {
  // JSON pointers, in which `*` stands for any index or name.
  std::vector<std::string> pointers;   ///< of what must agree; empty: the whole body
  std::vector<std::string> ignore;     ///< of what may differ
  std::vector<std::string> unordered;  ///< of arrays whose order does not matter
  double tolerance = 0;                ///< relative difference
  double absolute_tolerance = 0;
  std::uint32_t ulps = 0;           ///< representable numbers of the tensor's type (JSON: FP64) that lie between them
  std::vector<TensorRule> tensors;  ///< OpenInference
  double edit_ratio = 0;            ///< OpenAI: share of a text that may differ
  Bytes body_bytes = 1_MiB;         ///< answers that are larger are compared by status alone
  Ratio noise = 1_pct;  ///< share of the copied requests that live answers twice, to learn what differs by itself
  std::vector<std::string> drop_headers;  ///< that copies do not carry, in lower case
  std::optional<KeepPairs> keep;

  bool operator==(const Compare&) const = default;
};

/// Copies beside a strategy whose versions answer requests of their own: what stable answers is also sent to each other
/// version in play, so that `disagreement` can be a check there, too.
struct RouteMirror {
  double percent = 0;              ///< of the requests that stable answers, 0…100; 0: only where the strategy copies
  std::optional<Compare> compare;  ///< of these and of blueGreen's copies; none: by status and latency
  Position position;

  bool operator==(const RouteMirror&) const = default;
};

enum class ShadowStop : std::uint8_t { Never, Conclusive };

/// A time of the day in UTC, in minutes since midnight: 0…1440.
struct TimeOfDay {
  std::uint16_t minutes = 0;

  bool operator==(const TimeOfDay&) const = default;
};

enum class Weekday : std::uint8_t { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday };

/// When copies are made. `until` before or at `from` means the next day.
struct ShadowHours {
  std::vector<Weekday> days;  ///< on which it begins; empty: every day
  TimeOfDay from{0};
  TimeOfDay until{1440};
  Position position;

  bool operator==(const ShadowHours&) const = default;
};

struct Shadow {
  std::string live;
  std::vector<ShadowCandidate> candidates;
  ShadowSelection select;
  ShadowBudget budget;
  std::vector<ShadowHours> schedule;  ///< any one is enough; empty: always
  std::optional<Compare> compare;     ///< none: answers are compared by status and latency
  std::optional<Analysis> analysis;   ///< what the copies' answers must prove; `versusStable` means live
  ShadowStop stop_when = ShadowStop::Never;

  bool operator==(const Shadow&) const = default;
};

}  // namespace sluice::policy
