#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/state/store.hpp"

namespace sluice::rollout {

/// What happened, before it has its place in the journal.
struct Line {
  WallTime time{};
  std::string route;
  std::string rollout;
  std::string actor;
  std::string kind;
  std::string text;
};

/// Where the chain of decisions ends, and the newest of them by route. The lines themselves are the store's.
class Journal {
 public:
  static constexpr std::size_t kTail = 10;                ///< lines that are remembered of each route
  static constexpr const char* kRecord = "journal/head";  ///< where the end of the chain is kept

  /// Goes on behind what was kept. A sentence when the lines do not follow from one another, or when the last of them
  /// is not the one that was kept last; empty: all well.
  std::string restore(const state::Contents& contents);

  /// Of the last line that is known to be kept.
  std::uint64_t sequence() const noexcept { return sequence_; }

  /// Sequence and hash for these, in order. Changes nothing: a commit may fail.
  std::vector<state::JournalEntry> draft(const std::vector<Line>& lines) const;
  /// What belongs into `kRecord` behind these entries.
  std::string head_after(const std::vector<state::JournalEntry>& entries) const;
  /// These have been kept.
  void append(const std::vector<state::JournalEntry>& entries);

  /// Lines of before the oldest that is remembered, newest first, as a store gives them.
  void prepend(const std::string& route, const std::vector<state::JournalEntry>& older);
  void forget(const std::string& route);

  /// Newest first, at most kTail.
  std::vector<state::JournalEntry> tail(const std::string& route) const;

  /// The largest number of a rollout of this route among the lines that are remembered; 0: none is.
  std::uint64_t last_number(const std::string& route) const;

 private:
  void remember(const state::JournalEntry& entry);

  std::uint64_t sequence_ = 0;
  std::string hash_;
  std::map<std::string, std::deque<state::JournalEntry>> tails_;  // oldest first
};

}  // namespace sluice::rollout
