#include "sluice/stats/share_history.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

/// What becoming one entry adds to the spread.
double spread_of_union(const ShareHistory::Entry& a, const ShareHistory::Entry& b) noexcept {
  const double apart = a.share - b.share;
  return a.events * b.events / (a.events + b.events) * apart * apart;
}

void absorb(ShareHistory::Entry& into, const ShareHistory::Entry& other) noexcept {
  const double events = into.events + other.events;
  into.spread += other.spread + spread_of_union(into, other);
  into.share =
      into.share == other.share ? into.share : (into.share * into.events + other.share * other.events) / events;
  into.events = events;
  into.low = std::min(into.low, other.low);
  into.high = std::max(into.high, other.high);
}

}  // namespace

void ShareHistory::insert(const Entry& entry) noexcept {
  if (!(entry.events > 0)) return;
  std::size_t at = 0;
  for (; at < size_ && entries_[at].share <= entry.share; ++at) {
    if (entries_[at].share == entry.share) return absorb(entries_[at], entry);
  }
  for (std::size_t i = at == 0 ? 0 : at - 1; i < std::min(at + 1, size_); ++i) {
    if (entries_[i].spread > 0 && entries_[i].low <= entry.low && entry.high <= entries_[i].high) {
      return absorb(entries_[i], entry);
    }
  }
  if (size_ == kMost) {
    make_room();
    at = 0;
    while (at < size_ && entries_[at].share <= entry.share) ++at;
  }
  for (std::size_t i = size_; i > at; --i) entries_[i] = entries_[i - 1];
  entries_[at] = entry;
  ++size_;
}

void ShareHistory::make_room() noexcept {
  std::size_t closest = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 1 < size_; ++i) {
    // What a spread costs grows with the curvature, which is steepest near 0 and near 1.
    const double middle = (entries_[i].share + entries_[i + 1].share) / 2;
    const double cost = spread_of_union(entries_[i], entries_[i + 1]) / (middle * (1 - middle));
    if (cost < least) {
      least = cost;
      closest = i;
    }
  }
  absorb(entries_[closest], entries_[closest + 1]);
  for (std::size_t i = closest + 1; i + 1 < size_; ++i) entries_[i] = entries_[i + 1];
  --size_;
}

double ShareHistory::log_growth(double risk) const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < size_; ++i) sum += entries_[i].events * std::log1p(entries_[i].share * (risk - 1));
  return sum;
}

double ShareHistory::slack(double risk) const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (entries_[i].spread == 0) continue;
    const double steepest = risk > 1 ? entries_[i].low : entries_[i].high;
    const double slope = (risk - 1) / (1 + steepest * (risk - 1));
    sum += entries_[i].spread * slope * slope / 2;
  }
  return sum;
}

double ShareHistory::expected_events(double risk) const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const double share = entries_[i].share;
    sum += entries_[i].events * (share * risk / (1 + share * (risk - 1)));
  }
  return sum;
}

}  // namespace sluice::stats
