#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "sluice/base/clock.hpp"

namespace sluice::app {

/// Decides when to look at the policy's files and whether what was seen is a change. No I/O and no clock: the caller
/// says what happened and when, looks when told to, and reports what the content was.
///
/// - A touched file is looked at once nobody has touched it for `quiet`, but at the latest `patience` after the first
///   touch.
/// - A poll that sees new content looks a second time after `quiet`; only content that stayed the same is a change,
///   because nobody said whether its writer had finished.
/// - Content that was reported before is no change, good or bad. What cannot be read is reported once, and changes
///   nothing.
class ChangeDetector {
 public:
  struct Timing {
    Duration quiet = std::chrono::milliseconds(200);
    Duration patience = std::chrono::seconds(2);
    Duration poll = std::chrono::seconds(10);
    double jitter = 0.2;  ///< a poll comes up to this share earlier or later, so that replicas do not march in step
  };

  enum class Verdict : std::uint8_t {
    Nothing,     ///< as before, or not settled yet
    Changed,     ///< report the content
    Unreadable,  ///< report that there is none; the old one stays
  };

  /// `fingerprint`: of the content in force. `seed` spreads the polls.
  ChangeDetector(Timing timing, std::uint64_t fingerprint, std::uint64_t seed, TimePoint now);

  /// Something touched a watched name.
  void touched(TimePoint now);

  /// A person asks (SIGHUP): look at once and report the content even when it is the same, since files that the policy
  /// names, such as certificates, may be new.
  void demanded(TimePoint now);

  /// When to look next. Never earlier than the last event asked for, never later than the next poll.
  TimePoint next_look() const noexcept;

  /// What was there at `now`, at or after next_look(): the content's fingerprint, or nothing when it cannot be read.
  Verdict looked(std::optional<std::uint64_t> fingerprint, TimePoint now);

 private:
  enum class Cause : std::uint8_t { Poll, Touch, Demand };

  Cause cause(TimePoint now) const noexcept;
  Verdict judge(std::optional<std::uint64_t> fingerprint, Cause cause, TimePoint now);
  void plan_poll(TimePoint now);

  Timing timing_;
  std::uint64_t reported_;                  // the content that was reported last
  std::optional<std::uint64_t> unsettled_;  // what a poll saw and nobody confirmed yet
  std::optional<TimePoint> first_touch_;
  std::optional<TimePoint> look_at_;  // after a touch or for confirmation
  bool demanded_ = false;
  bool unreadable_ = false;
  TimePoint demand_at_{};
  TimePoint poll_at_{};
  std::uint64_t random_;
};

}  // namespace sluice::app
