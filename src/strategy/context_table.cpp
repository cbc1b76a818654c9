#include "sluice/strategy/context_table.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "sluice/stats/arm_posterior.hpp"
#include "sluice/stats/buckets.hpp"

namespace sluice::strategy {
namespace {

/// The ages of a row's decisions are looked at in so many places.
constexpr int places_of_a_row = 16;

double seconds_passed(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

/// Σ x y and Σ y² alone: the decision itself was added when it was made.
void earn(stats::LinearMoments& moments, const stats::Context& context, double reward, double weight) noexcept {
  moments.products[0] += weight * reward;
  for (std::size_t i = 1; i < moments.products.size(); ++i) {
    const auto value = static_cast<double>(context.value[i - 1]);
    moments.products[i] += std::isfinite(value) ? weight * reward * value : 0;
  }
  moments.squares += weight * reward * reward;
}

}  // namespace

ContextTable::ContextTable(const Shape& shape) : shape_(shape), known_(shape.features) {
  shape_.features = known_.weights() - 1;
  width_ = std::max<Duration>(Duration(1), shape.window / static_cast<int>(context_rows - 1));
}

void ContextTable::add_request(const stats::Context& context, bool failed, Duration latency) {
  if (!fits(context)) return;
  known_.add(context.view(), failed ? 0 : 1);
  if (failed) return;
  auto& sums = by_latency_[static_cast<std::uint16_t>(stats::bucket_of(latency))];
  sums.resize(known_.weights());
  sums[0] += 1;
  for (std::size_t i = 1; i < sums.size(); ++i) {
    const auto value = static_cast<double>(context.value[i - 1]);
    sums[i] += std::isfinite(value) ? value : 0;
  }
}

void ContextTable::add_reward(const stats::Context& context, double reward) {
  if (fits(context)) known_.add(context.view(), reward);
}

void ContextTable::add_decision(const stats::Context& context, WallTime decided) {
  if (!fits(context)) return;
  began_ = began_ ? std::min(*began_, decided) : decided;
  const std::int64_t place = place_of(decided);
  Row* row = row_of(place);
  if (row == nullptr && rows_.size() > context_rows && place < rows_.front().place) {
    // Older than all that is kept apart: its time is over.
    return known_.add(context.view(), 0, kept_since(decided, aged_));
  }
  if (row == nullptr) {
    const auto behind = std::find_if(rows_.begin(), rows_.end(), [&](const Row& one) { return one.place > place; });
    const auto made = rows_.insert(behind, Row{place, decided, decided, stats::LinearMoments(shape_.features)});
    row = &*made;
  }
  row->first = std::min(row->first, decided);
  row->last = std::max(row->last, decided);
  row->moments.add(context.view(), 0);
  if (rows_.size() > context_rows + 1) fold_first(std::max(aged_, decided));
}

void ContextTable::add_report(const stats::Context& context, double reward, WallTime decided) {
  if (!fits(context) || !began_ || decided < *began_ || !std::isfinite(reward)) return;
  const std::int64_t place = place_of(decided);
  if (Row* const row = row_of(place)) return earn(row->moments, context, reward, 1);
  if (rows_.empty() || place < rows_.front().place) earn(known_, context, reward, kept_since(decided, aged_));
}

void ContextTable::age(WallTime now) {
  while (!rows_.empty() && now - rows_.front().last >= shape_.window) fold_first(now);
  if (aged_ == WallTime{}) aged_ = now;
  // Less than that shows nowhere, and each time costs a power of two.
  if (!shape_.half_life || now - aged_ < *shape_.half_life / 1000) return;
  const double kept = kept_since(aged_, now);
  known_.fade(kept);
  for (auto& [bucket, sums] : by_latency_) {
    for (double& sum : sums) sum *= kept;
  }
  aged_ = now;
}

stats::LinearMoments ContextTable::read(const Reading& reading, WallTime now) const {
  stats::LinearMoments made = known_;
  const double lost = 1 - reading.slow;
  if (reading.limit && lost > 0) {
    const std::size_t limit = stats::bucket_of(*reading.limit);
    for (auto slow = by_latency_.upper_bound(static_cast<std::uint16_t>(limit)); slow != by_latency_.end(); ++slow) {
      for (std::size_t i = 0; i < made.weights(); ++i) made.products[i] -= lost * slow->second[i];
      made.squares -= (1 - reading.slow * reading.slow) * slow->second[0];
    }
  }
  if (shape_.half_life) made.fade(kept_since(aged_, now));
  for (const Row& row : rows_) {
    stats::LinearMoments some = row.moments;
    const double come = reading.come ? share_come(row, reading.come, now) : 1;
    for (double& entry : some.matrix) entry *= come;
    some.fade(kept_since(row.last, now));
    made.merge(some);
  }
  return made;
}

double ContextTable::decisions() const noexcept {
  double sum = known_.n();
  for (const Row& row : rows_) sum += row.moments.n();
  return sum;
}

std::int64_t ContextTable::place_of(WallTime decided) const noexcept {
  return std::chrono::duration_cast<Duration>(decided.time_since_epoch()) / width_;
}

double ContextTable::kept_since(WallTime then, WallTime now) const noexcept {
  if (!shape_.half_life || now <= then) return 1;
  return stats::retention(seconds_passed(now - then), seconds_passed(*shape_.half_life));
}

void ContextTable::fold_first(WallTime now) {
  if (aged_ == WallTime{}) aged_ = now;
  Row& first = rows_.front();
  first.moments.fade(kept_since(first.last, aged_));
  known_.merge(first.moments);
  rows_.erase(rows_.begin());
}

ContextTable::Row* ContextTable::row_of(std::int64_t place) noexcept {
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& one) { return one.place == place; });
  return row == rows_.end() ? nullptr : &*row;
}

/// The mean over the row's decisions, as if they had been made evenly.
double ContextTable::share_come(const Row& row, const Come& come, WallTime now) const {
  const Duration youngest = std::max<Duration>(Duration(0), now - row.last);
  const Duration length = std::max<Duration>(Duration(0), row.last - row.first);
  double sum = 0;
  for (int i = 0; i < places_of_a_row; ++i) {
    sum += std::clamp(come(youngest + length * (2 * i + 1) / (2 * places_of_a_row)), 0.0, 1.0);
  }
  return sum / places_of_a_row;
}

}  // namespace sluice::strategy
