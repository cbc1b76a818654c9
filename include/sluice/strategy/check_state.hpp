#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/stats/exact_plan.hpp"
#include "sluice/stats/excess_risk.hpp"
#include "sluice/stats/mean_confidence.hpp"

/// What the looks at a check add up to over a rollout: plain data, kept in the store.
namespace sluice::strategy {

/// A value that is copied by pointer and only duplicated when it is changed: states are copied with every tick, and
/// what is in here changes with every look.
template <typename T>
class Kept {
 public:
  using value_type = T;

  const T& operator*() const noexcept {
    static const T nothing{};
    return value_ ? *value_ : nothing;
  }
  const T* operator->() const noexcept { return &**this; }
  bool empty() const noexcept { return !value_ || value_->empty(); }

  /// One that nobody else sees change; valid until this is copied.
  T& change() {
    value_ = value_ ? std::make_shared<T>(*value_) : std::make_shared<T>();
    return *value_;
  }
  void set(T value) { value_ = std::make_shared<T>(std::move(value)); }
  void reset() noexcept { value_.reset(); }

  friend bool operator==(const Kept& a, const Kept& b) { return a.value_ == b.value_ || *a == *b; }

 private:
  std::shared_ptr<T> value_;
};

/// One kind of event of a check: an error, a user with four errors, an answer slower than a limit.
struct RiskTrack {
  // where an answer counts as slow: buckets of the latency histogram, above which is meant
  std::uint32_t stable_limit = 0;
  std::uint32_t candidate_limit = 0;  ///< not below stable's × what is allowed
  std::uint32_t good_limit = 0;       ///< not above it
  // what the counters showed at the last look
  std::uint64_t seen_candidate = 0;
  std::uint64_t seen_good = 0;
  std::uint64_t seen_stable = 0;
  // of all looks
  std::uint64_t candidate = 0;  ///< events
  std::uint64_t stable = 0;
  stats::RiskProcess all;
  // a candidate that falls ill late must not live on its past: windows from the second on are also bet on by themselves
  stats::RiskSums window{};  ///< the one under way
  double over = 0;           ///< weighted sum of the e-values of those that are over
  stats::ExactPlan plan;     ///< for `all`; opened only where exact thresholds hold
  friend bool operator==(const RiskTrack&, const RiskTrack&) = default;
};

/// Pairs that stand for equally many requests each, by what became of them.
struct PairSums {
  double weight = 1;  ///< of one pair, (0, 1]
  std::uint64_t pairs = 0;
  std::uint64_t both = 0;            ///< both had the event; of a comparison: they agree by noise that is doubtful
  std::uint64_t only_candidate = 0;  ///< of a comparison: they disagree
  std::uint64_t only_stable = 0;
  // of a mean
  stats::Moments difference;  ///< candidate − live
  stats::Moments reference;   ///< live
  friend bool operator==(const PairSums&, const PairSums&) = default;
};

/// One kind of event in pairs: a failure, an answer slower than a limit, a disagreement.
struct PairTrack {
  std::uint64_t stable_limit = 0;     ///< nanoseconds, above which an answer of live is slow; 0: this is no latency
  std::uint64_t candidate_limit = 0;  ///< the same of the candidate
  std::vector<PairSums> skipped;      ///< what the counters showed when limits were read off them: no evidence
  std::vector<PairSums> seen;         ///< what the counters named by the record showed at the last look
  std::vector<PairSums> before;       ///< what earlier ones showed
  friend bool operator==(const PairTrack&, const PairTrack&) = default;
};

/// What pairs have shown a check. Counters of pairs may go back (what was a disagreement turns out to be noise), so
/// they are taken over as they are, and added up only when others begin.
struct PairRecord {
  std::uint64_t window = 0;     ///< that the counters seen last were of
  std::uint64_t counters = 0;   ///< which ones they were
  std::uint32_t stretches = 0;  ///< windows and processes with a pair; 0: there was none yet
  bool frozen = false;          ///< latency: the limits are read off
  bool unsound = false;         ///< what was seen last may not be held against the candidate: noise is not known
  std::uint64_t twins = 0;      ///< requests that live answered twice, of earlier stretches
  std::uint64_t twins_seen = 0;
  std::vector<PairTrack> tracks;
  bool empty() const noexcept { return tracks.empty(); }
  friend bool operator==(const PairRecord&, const PairRecord&) = default;
};

/// The evidence of one check, from the rollout's (or stage's) beginning on.
struct CheckEvidence {
  std::string name;  ///< as in CheckMemory; evidence of another name or rule is not taken on
  std::string rule;
  std::uint64_t window = 0;          ///< that the counters seen last were of
  std::uint64_t counters = 0;        ///< which ones they were
  std::uint32_t windows = 0;         ///< with a look
  std::uint64_t seen_candidate = 0;  ///< requests that the counters showed at the last look
  std::uint64_t seen_stable = 0;
  std::uint64_t candidate = 0;  ///< requests of all looks
  std::uint64_t stable = 0;
  double share = 0;       ///< mean of the shares, weighted by requests
  double last_share = 0;  ///< of the last look with a request; not of outcomes
  // outcomes, which are weighed anew as long as their window is under way
  double drawn = 0;               ///< the share that the split has drawn by all along; 0: it moved, or nobody says
  double window_share = 0;        ///< the share that the window's events were last weighed by
  double window_units_share = 0;  ///< the same for users
  bool frozen = false;            ///< latency against stable: the limits are read off
  bool units_unknown = false;     ///< once users could not be told apart, no more of them are counted
  std::vector<RiskTrack> tracks;
  PairRecord pairs;  ///< of a shadow, where answers are seen in pairs; then the rest is empty
  friend bool operator==(const CheckEvidence&, const CheckEvidence&) = default;
};
using EvidenceOfChecks = Kept<std::vector<CheckEvidence>>;

/// Whether the split gives the versions what it draws them by.
struct SplitEvidence {
  std::uint64_t window = 0;  ///< that the counters seen last were of
  std::uint64_t counters = 0;
  std::vector<std::uint64_t> seen;  ///< requests assigned by the last look, by version
  std::vector<double> drawn;        ///< the shares that they were drawn by, since the look before that
  std::vector<double> packed;       ///< a stats::SampleRatio
  double log_e = 0;                 ///< ln of the evidence against the split
  std::string suspect;              ///< the version with the most of it
  double received = 1;              ///< its requests per what it should have had
  // where users stick: they come again in every window and after a restart, and may be counted only once
  std::uint32_t epochs = 0;  ///< windows and processes that are over
  double over = 0;           ///< weighted sum of their e-values
  bool empty() const noexcept { return packed.empty() && seen.empty(); }
  friend bool operator==(const SplitEvidence&, const SplitEvidence&) = default;
};

/// What all looks at a check have shown, for people and programs.
struct Proof {
  /// "relative-risk", "difference", "proportion", "exceedance", "units", "mean"; of pairs "paired", "paired-mean",
  /// "agreement"; "distribution"; empty: none
  std::string method;
  double log_e = 0;             ///< ln of the evidence that the rule is broken
  double log_threshold = 0;     ///< that rejects: of the check alone, at α / number of guardrails
  double log_good = 0;          ///< ln of the evidence that the candidate is as good as it has to be
  double evidence = 0;          ///< 0…1: how far the stronger of the two has come
  std::string scale;            ///< of the interval: "ratio" (candidate / stable − 1), "difference", "value"
  std::optional<double> lower;  ///< where the truth lies, at the analysis' confidence
  std::optional<double> upper;
  std::optional<double> smallest;             ///< relative risk that the share and requests so far would have shown
  std::optional<std::uint64_t> still_needed;  ///< requests of both (or pairs) until it passes, if it goes on like this
  /// requests of both until a candidate worse by 1.5, 2 and 5 times is found out; 0: not known
  std::uint64_t until_half_more = 0;
  std::uint64_t until_twice = 0;
  std::uint64_t until_five_times = 0;
  bool exact = false;       ///< the threshold uses up its level: nothing is left to be shared with other checks
  std::uint64_t pairs = 0;  ///< that it was judged by; 0: it was not by pairs
  std::optional<std::uint64_t> of_pairs;  ///< so many of them would have been enough for the verdict
  std::optional<std::uint64_t> of_split;  ///< requests of both that a split in halves would have needed for as much
  friend bool operator==(const Proof&, const Proof&) = default;
};

}  // namespace sluice::strategy
