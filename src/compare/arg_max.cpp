#include "sluice/compare/arg_max.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::compare {

namespace {

/// Ranks before: larger, or as large and earlier.
bool ranks_before(const std::pair<double, std::size_t>& a, const std::pair<double, std::size_t>& b) noexcept {
  return a.first > b.first || (a.first == b.first && a.second < b.second);
}

bool place_before(const std::pair<double, std::size_t>& a, const std::pair<double, std::size_t>& b) noexcept {
  return a.second < b.second;
}

}  // namespace

void RowMaxima::look(Largest& largest, double value, double across, std::size_t place) noexcept {
  if (!(value > largest.value)) return;
  largest.value = value;
  largest.across = across;
  largest.place = place;
}

void RowMaxima::add(const double* live, const double* other, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    look(live_, live[i], other[i], seen_ + i);
    look(other_, other[i], live[i], seen_ + i);
  }
  seen_ += count;
}

bool RowMaxima::flipped() const noexcept {
  if (live_.place == other_.place) return false;
  if (live_.place == kNone || other_.place == kNone) return true;
  return live_.across != other_.value && other_.across != live_.value;
}

void RowTop::begin(std::size_t top) {
  top_ = std::max<std::size_t>(top, 1);
  seen_ = 0;
  live_.clear();
  other_.clear();
}

void RowTop::look(std::vector<Ranked>& best, double value, std::size_t place) {
  if (std::isnan(value)) return;
  const Ranked ranked{value, place};
  if (best.size() < top_) {
    best.push_back(ranked);
    std::push_heap(best.begin(), best.end(), ranks_before);
    return;
  }
  // The heap's front is the last of the ranks.
  if (!ranks_before(ranked, best.front())) return;
  std::pop_heap(best.begin(), best.end(), ranks_before);
  best.back() = ranked;
  std::push_heap(best.begin(), best.end(), ranks_before);
}

void RowTop::add(const double* live, const double* other, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    look(live_, live[i], seen_ + i);
    look(other_, other[i], seen_ + i);
  }
  seen_ += count;
}

double RowTop::overlap() {
  if (live_.empty() && other_.empty()) return 1;
  std::sort(live_.begin(), live_.end(), place_before);
  std::sort(other_.begin(), other_.end(), place_before);
  std::size_t same = 0;
  auto mine = live_.begin();
  auto theirs = other_.begin();
  while (mine != live_.end() && theirs != other_.end()) {
    if (mine->second == theirs->second) ++same;
    const bool is_behind = mine->second <= theirs->second;
    if (theirs->second <= mine->second) ++theirs;
    if (is_behind) ++mine;
  }
  return static_cast<double>(same) / static_cast<double>(std::max(live_.size(), other_.size()));
}

}  // namespace sluice::compare
