#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/metrics/rollouts.hpp"
#include "sluice/rollout/view.hpp"
#include "sluice/state/store.hpp"

namespace sluice::app {

/// What rollouts have come to, counted for the metrics page: fed with every journal entry and with views as they
/// change. Counts from the start of the process. One thread; pure.
class RolloutMetrics {
 public:
  /// Before the view that shows what it led to. `reason`: why the rollout is where this entry led it, as its view says
  /// at that moment; a later one may be about its next attempt.
  void on_entry(const state::JournalEntry& entry, std::string_view reason);
  /// Whether `on_entry` needs the reason.
  static bool wants_reason(const state::JournalEntry& entry);

  /// The routes as they are now. Routes that are no longer among them keep their counters for their return.
  std::vector<metrics::RolloutSnapshot> update(const std::vector<rollout::RolloutView>& views);

 private:
  struct Counted {
    std::map<std::string, std::uint64_t> results;
    std::map<std::string, std::uint64_t> aborts;
    metrics::RolloutDurations durations;
    std::map<std::string, std::map<std::string, std::uint64_t>> check_runs;
    std::string looked_rollout;              ///< whose looks were counted last; empty: none yet
    std::vector<strategy::CheckRuns> looks;  ///< of that one, at the last update
    std::map<std::string, WallTime> begun;   ///< by rollout that goes on
  };

  static void count_looks(const rollout::RolloutView& view, Counted& counted);
  static void show_checks(const std::string& version, const std::vector<strategy::CheckMemory>& checks,
                          metrics::RolloutSnapshot& snapshot);

  std::map<std::string, Counted> routes_;
};

}  // namespace sluice::app
