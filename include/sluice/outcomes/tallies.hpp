#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/outcomes/catalogue.hpp"
#include "sluice/state/ledger.hpp"
#include "sluice/stats/kaplan_meier.hpp"

namespace sluice::outcomes {

/// What came of one version's decisions in one window, by one outcome. See strategy::OutcomeEvidence, which this
/// becomes.
struct OutcomeTally {
  std::string name;
  std::uint64_t decisions = 0;
  std::uint64_t reports = 0;
  std::uint64_t events = 0;
  double sum = 0;
  double sum_squares = 0;
  std::array<std::uint64_t, 5> unit_events{};  ///< units with at least 1, 2, 4, 8, 16 events
  std::uint64_t units = 0;
  double unit_sum_squares = 0;
  bool units_known = true;
  std::shared_ptr<const stats::DelayTable> delays;  ///< seconds since 1970; at most a second behind the rest
};

/// Adds up what a ledger holds, in memory. Only decisions of a split are counted, only by outcomes of the catalogue.
/// Bounded: so many units over everything, and 18 KiB per version, window and outcome. Not thread-safe.
class Tallies {
 public:
  explicit Tallies(std::shared_ptr<const Catalogue> catalogue, std::size_t most_units = 1'000'000);

  void add(const state::LedgerDecisions& decisions);
  /// Of reports that were added up before; how their values were spread among decisions is lost, but no sum.
  void add(const state::LedgerSum& sum);
  /// Half a microsecond.
  void add(const state::LedgerReport& report);

  /// Takes over what another one knows of a route that both count alike, and the room of its units.
  void take(Tallies& from, std::uint64_t route);
  /// The window of a route that is in force: in those before, units are not told apart any more, so that it has their
  /// room.
  void set_current(std::uint64_t route, std::uint64_t window);
  /// Forgets a route's windows before this one, of which no decision was made since `decided_before`.
  void forget(std::uint64_t route, std::uint64_t window, WallTime decided_before);

  /// Units of a route that are told apart.
  std::size_t units_of(std::uint64_t route) const;
  /// In the order of the catalogue; nothing for a route without outcomes. `now` is the caller's wall clock.
  std::vector<OutcomeTally> of(std::uint64_t route, std::uint64_t window, std::uint64_t version, WallTime now);

 private:
  struct UnitCount {
    std::uint64_t events = 0;
    double sum = 0;
  };
  struct Cell {
    OutcomeTally tally;
    std::unordered_map<std::uint64_t, UnitCount> units;
    stats::DelayTable delays;
    bool delays_changed = false;
    WallTime delays_shown{};
  };
  struct Group {
    std::uint64_t decisions = 0;
    std::int64_t newest_ms = 0;
    std::vector<Cell> cells;  // by outcome
  };
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;  // route, window, version

  Group* group_of(std::uint64_t route, std::uint64_t window, std::uint64_t version);
  Cell* cell_of(Group& group, std::uint64_t route, std::uint64_t outcome) const;
  void count_unit(Cell& cell, std::uint64_t unit, std::uint64_t events, double sum);
  void forget_units(Cell& cell);
  static void count_alone(Cell& cell, std::uint64_t events, double squares);

  std::shared_ptr<const Catalogue> catalogue_;
  std::size_t most_units_;
  std::size_t units_ = 0;
  std::map<Key, Group> groups_;
  std::map<std::uint64_t, std::uint64_t> current_;  // window by route
};

}  // namespace sluice::outcomes
