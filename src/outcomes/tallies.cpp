#include "sluice/outcomes/tallies.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sluice::outcomes {

namespace {

constexpr std::array<std::uint64_t, 5> kUnitSteps = {1, 2, 4, 8, 16};
/// A copy of a table costs a microsecond; sixteen thousand of them would show.
constexpr Duration kDelaysPeriod = std::chrono::seconds(1);

double seconds_of(std::int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

}  // namespace

Tallies::Tallies(std::shared_ptr<const Catalogue> catalogue, std::size_t most_units)
    : catalogue_(std::move(catalogue)), most_units_(most_units) {}

Tallies::Group* Tallies::group_of(std::uint64_t route, std::uint64_t window, std::uint64_t version) {
  const KnownRoute* const known = catalogue_->find(route);
  if (known == nullptr) return nullptr;
  Group& group = groups_[Key{route, window, version}];
  if (!group.cells.empty()) return &group;
  const auto current = current_.find(route);
  const bool is_over = current != current_.end() && window < current->second;
  for (const KnownOutcome& outcome : known->outcomes) {
    Cell& cell = group.cells.emplace_back();
    cell.tally.units_known = !is_over;
    cell.tally.name = outcome.name;
    cell.delays = stats::DelayTable(std::chrono::duration<double>(outcome.window).count());
    cell.delays_changed = true;
  }
  return &group;
}

Tallies::Cell* Tallies::cell_of(Group& group, std::uint64_t route, std::uint64_t outcome) const {
  const std::vector<KnownOutcome>& outcomes = catalogue_->find(route)->outcomes;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].hash == outcome) return &group.cells[i];
  }
  return nullptr;
}

void Tallies::add(const state::LedgerDecisions& decisions) {
  Group* const group = group_of(decisions.route, decisions.window, decisions.version);
  if (group == nullptr) return;
  group->decisions += decisions.count;
  group->newest_ms = std::max(group->newest_ms, decisions.at_ms);
  for (Cell& cell : group->cells) {
    cell.delays.add_decisions(seconds_of(decisions.at_ms), static_cast<double>(decisions.count));
    cell.delays_changed = true;
  }
}

void Tallies::add(const state::LedgerReport& report) {
  if (!report.split) return;
  Group* const group = group_of(report.route, report.window, report.version);
  Cell* const cell = group == nullptr ? nullptr : cell_of(*group, report.route, report.outcome);
  if (cell == nullptr) return;
  group->newest_ms = std::max(group->newest_ms, report.decided_ms);
  ++cell->tally.reports;
  cell->tally.sum += report.value;
  cell->tally.sum_squares += report.value * report.value;
  const bool is_event = report.value != 0;
  cell->tally.events += is_event ? 1 : 0;
  if (report.unit != 0) {
    count_unit(*cell, report.unit, is_event ? 1 : 0, report.value);
  } else {
    count_alone(*cell, is_event ? 1 : 0, report.value * report.value);
  }
  if (is_event) {
    cell->delays.add_conversion(seconds_of(report.decided_ms), seconds_of(report.delay_ms), report.value);
    cell->delays_changed = true;
  }
}

void Tallies::add(const state::LedgerSum& sum) {
  if (!sum.split) return;
  Group* const group = group_of(sum.route, sum.window, sum.version);
  Cell* const cell = group == nullptr ? nullptr : cell_of(*group, sum.route, sum.outcome);
  if (cell == nullptr) return;
  cell->tally.reports += sum.reports;
  cell->tally.events += sum.events;
  cell->tally.sum += sum.sum;
  cell->tally.sum_squares += sum.squares;
  if (sum.delay_ms == state::forgotten_unit) {
    forget_units(*cell);
  } else if (sum.unit != 0) {
    count_unit(*cell, sum.unit, sum.events, sum.sum);
  } else {
    count_alone(*cell, sum.events, sum.squares);
  }
  if (sum.events == 0) return;
  // They were decided long ago, nobody knows when. Two halves, as far above the mean as below it, have the same sum
  // and the same squares.
  const auto events = static_cast<double>(sum.events);
  const double mean = sum.sum / events;
  const double spread = std::sqrt(std::max(0.0, sum.squares / events - mean * mean));
  // A conversion of which nobody knows how soon it came was in time.
  const double window = cell->delays.window();
  const double delay = sum.delay_ms < 0 ? window : std::min(seconds_of(sum.delay_ms), window);
  cell->delays.add_conversion(cell->delays.began(), delay, mean + spread, events / 2);
  cell->delays.add_conversion(cell->delays.began(), delay, mean - spread, events / 2);
  cell->delays_changed = true;
}

void Tallies::forget_units(Cell& cell) {
  units_ -= cell.units.size();
  cell.units.clear();
  cell.tally.units_known = false;
  cell.tally.units = 0;
  cell.tally.unit_events = {};
  cell.tally.unit_sum_squares = 0;
}

/// Nobody knows who it was: each stands for itself.
void Tallies::count_alone(Cell& cell, std::uint64_t events, double squares) {
  if (!cell.tally.units_known) return;
  cell.tally.unit_events[0] += events;
  cell.tally.unit_sum_squares += squares;
}

void Tallies::count_unit(Cell& cell, std::uint64_t unit, std::uint64_t events, double sum) {
  if (!cell.tally.units_known) return;
  const auto [place, is_new] = cell.units.try_emplace(unit);
  units_ += is_new ? 1 : 0;
  if (units_ > most_units_) return forget_units(cell);
  UnitCount& count = place->second;
  for (std::size_t i = 0; i < kUnitSteps.size(); ++i) {
    if (count.events < kUnitSteps[i] && count.events + events >= kUnitSteps[i]) ++cell.tally.unit_events[i];
  }
  count.events += events;
  cell.tally.unit_sum_squares += (count.sum + sum) * (count.sum + sum) - count.sum * count.sum;
  count.sum += sum;
  cell.tally.units = cell.units.size();
}

void Tallies::take(Tallies& from, std::uint64_t route) {
  const std::size_t units = from.units_of(route);
  most_units_ += units;
  units_ += units;
  from.units_ -= units;
  const auto begin = from.groups_.lower_bound(Key{route, 0, 0});
  for (auto group = begin; group != from.groups_.end() && std::get<0>(group->first) == route;) {
    groups_.insert(from.groups_.extract(group++));
  }
}

std::size_t Tallies::units_of(std::uint64_t route) const {
  std::size_t units = 0;
  const auto begin = groups_.lower_bound(Key{route, 0, 0});
  for (auto group = begin; group != groups_.end() && std::get<0>(group->first) == route; ++group) {
    for (const Cell& cell : group->second.cells) units += cell.units.size();
  }
  return units;
}

void Tallies::set_current(std::uint64_t route, std::uint64_t window) {
  const auto [place, is_new] = current_.try_emplace(route, window);
  if (!is_new && place->second == window) return;
  place->second = window;
  const auto end = groups_.lower_bound(Key{route, window, 0});
  for (auto group = groups_.lower_bound(Key{route, 0, 0}); group != end; ++group) {
    for (Cell& cell : group->second.cells) forget_units(cell);
  }
}

void Tallies::forget(std::uint64_t route, std::uint64_t window, WallTime decided_before) {
  const auto before = std::chrono::duration_cast<std::chrono::milliseconds>(decided_before.time_since_epoch()).count();
  const auto end = groups_.lower_bound(Key{route, window, 0});
  for (auto group = groups_.lower_bound(Key{route, 0, 0}); group != end;) {
    if (group->second.newest_ms >= before) {
      ++group;
      continue;
    }
    for (const Cell& cell : group->second.cells) units_ -= cell.units.size();
    group = groups_.erase(group);
  }
}

std::vector<OutcomeTally> Tallies::of(std::uint64_t route, std::uint64_t window, std::uint64_t version, WallTime now) {
  std::vector<OutcomeTally> tallies;
  const KnownRoute* const known = catalogue_->find(route);
  if (known == nullptr) return tallies;
  const auto group = groups_.find(Key{route, window, version});
  if (group == groups_.end()) {
    for (const KnownOutcome& outcome : known->outcomes) tallies.emplace_back().name = outcome.name;
    return tallies;
  }
  for (Cell& cell : group->second.cells) {
    const bool is_due = cell.tally.delays == nullptr || now - cell.delays_shown >= kDelaysPeriod;
    if (cell.delays_changed && is_due) {
      cell.tally.delays = std::make_shared<const stats::DelayTable>(cell.delays);
      cell.delays_changed = false;
      cell.delays_shown = now;
    }
    cell.tally.decisions = group->second.decisions;
    tallies.push_back(cell.tally);
  }
  return tallies;
}

}  // namespace sluice::outcomes
