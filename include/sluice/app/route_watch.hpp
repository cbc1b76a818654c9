#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sluice/admin/route_history.hpp"
#include "sluice/admin/views.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/metrics/snapshot.hpp"
#include "sluice/rollout/view.hpp"
#include "sluice/stats/histogram.hpp"

namespace sluice::app {

/// Looks at the counters every few seconds, whether somebody watches or not: so that rates of the last seconds are
/// known at once, and charts have a past. 6 kB for each version beside its history. One thread.
class RouteWatch {
 public:
  /// Whether a new point of the history has come.
  bool is_due(WallTime wall) const noexcept { return point_of(wall) != last_point_; }
  /// Keeps that point.
  void sample(const metrics::Snapshot& snapshot, const std::vector<rollout::RolloutView>& rollouts, TimePoint now,
              WallTime wall);

  /// Since five to ten seconds ago, or since the first look; nothing within the first second.
  std::vector<admin::RouteRates> rates(const metrics::Snapshot& snapshot, TimePoint now) const;

  const admin::RouteHistory& history() const noexcept { return history_; }

 private:
  using Key = std::pair<std::string, std::string>;
  /// What came of what a version was given: what another one answered for it is its failure, too.
  struct Tally {
    std::uint64_t given = 0;
    std::uint64_t failed = 0;
    stats::Histogram duration;
  };
  struct Counted {
    Tally requests;
    Tally copies;
  };
  struct Look {
    TimePoint at{};
    bool made = false;
    std::map<Key, Counted> versions;
  };

  static std::int64_t point_of(WallTime wall) noexcept;
  static Tally tally_of(const metrics::StatusTotals& answers, const stats::Histogram& duration);
  static Counted counted_of(const metrics::VersionTotals& totals);
  /// What came in between: the requests, or the copies where there were only those.
  static Tally between(const Counted& now, const Counted& before);
  admin::HistorySample sample_of(const std::string& route, const metrics::VersionSnapshot& version,
                                 const rollout::RolloutView* rollout, TimePoint now) const;

  admin::RouteHistory history_;
  std::int64_t last_point_ = 0;
  Look before_;  ///< the look before the last
  Look last_;
};

}  // namespace sluice::app
