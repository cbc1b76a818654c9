#pragma once

#include <map>
#include <string>
#include <vector>

#include "sluice/rollout/journal.hpp"
#include "sluice/state/store.hpp"

namespace sluice::rollout {

/// The store's one writer: knows where the journal ends, whether the storage works, and what it is still owed.
class Keeper {
 public:
  /// Lines that may wait for a store that is down; older ones are dropped, and the journal says so.
  static constexpr std::size_t kOwedLines = 1000;

  explicit Keeper(state::Store& store) : store_(store) {}

  /// What was kept; `alarms` has one sentence for everything that is wrong with it.
  struct Found {
    std::map<std::string, std::string> records;
    std::vector<std::string> alarms;
    bool all_lost = false;  ///< there was something, and it is gone
  };
  Result<Found> load();

  /// Keeps these and everything owed, or nothing. The entries that are in the journal now.
  Result<std::vector<state::JournalEntry>> keep(std::map<std::string, std::string> records,
                                                const std::vector<Line>& lines);

  /// To be kept with the next commit that works.
  void owe(Line line);
  void owe_erasure(std::string record);

  bool owes() const noexcept { return !owed_lines_.empty() || !owed_erasures_.empty(); }
  bool is_up() const noexcept { return problem_.empty(); }
  const std::string& problem() const noexcept { return problem_; }

  /// Fills the route's tail from the store when the newest lines of all routes did not have it.
  void recall(const std::string& route);
  const Journal& journal() const noexcept { return journal_; }
  /// Everything of it but how far its numbers have come.
  void forget(const std::string& route, std::uint64_t number);
  /// Of the route's rollouts, also of those of before it was last forgotten or the process began; asks the store when
  /// the newest lines of all routes tell nothing. 0: there was none.
  std::uint64_t last_number(const std::string& route) const;

 private:
  void note(const Result<void>& committed);

  state::Store& store_;
  Journal journal_;
  std::vector<Line> owed_lines_;
  std::vector<std::string> owed_erasures_;
  std::map<std::string, std::uint64_t> numbers_;  // of routes that were forgotten
  std::size_t dropped_ = 0;
  std::string problem_;
};

}  // namespace sluice::rollout
