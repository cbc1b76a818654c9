#include "sluice/stats/kaplan_meier.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::stats {
namespace {

/// The widest row, as a part of the window: all rows whose window has not passed, and some more, fit the table.
constexpr double widest_row = 1.0 / 48;
constexpr int doublings = 10;
constexpr double bins_per_doubling = 3;

void add_row(DecisionRow& to, const DecisionRow& row) noexcept {
  to.decisions += row.decisions;
  for (std::size_t b = 0; b < delay_bins; ++b) to.converted[b] += row.converted[b];
  to.value += row.value;
  to.squares += row.squares;
}

void fade_row(DecisionRow& row, double kept) noexcept {
  row.decisions *= kept;
  for (double& converted : row.converted) converted *= kept;
  row.value *= kept;
  row.squares *= kept;
}

double converted_of(const DecisionRow& row) noexcept {
  double sum = 0;
  for (const double converted : row.converted) sum += converted;
  return sum;
}

std::size_t bin_of(double window, double delay) noexcept {
  if (!(delay > 0)) return 0;
  const double bin = delay_bins - 1 + std::ceil(bins_per_doubling * std::log2(delay / window) - 1e-9);
  return static_cast<std::size_t>(std::clamp(bin, 0.0, delay_bins - 1.0));
}

/// Half, rounded down also below zero.
std::int64_t halved(std::int64_t index) noexcept {
  return index >> 1;
}

bool is_whole(const DecisionRow& row) noexcept {
  bool whole = row.decisions >= 0 && std::isfinite(row.decisions) && std::isfinite(row.value) && row.squares >= 0;
  for (const double converted : row.converted) whole = whole && converted >= 0 && std::isfinite(converted);
  return whole;
}

}  // namespace

double delay_edge(double window, std::size_t bin) noexcept {
  return window * std::exp2((static_cast<double>(bin) - (delay_bins - 1)) / bins_per_doubling);
}

// ---- the table

DelayTable::DelayTable(double window) : window_(window), width_(std::ldexp(window * widest_row, -doublings)) {}

double DelayTable::row_end(std::size_t row) const noexcept {
  return static_cast<double>(first_ + static_cast<std::int64_t>(row) + 1) * width_;
}

double DelayTable::decisions() const noexcept {
  double sum = complete_.decisions;
  for (const auto& row : rows_) sum += row.decisions;
  return sum;
}

double DelayTable::conversions() const noexcept {
  double sum = converted_of(complete_);
  for (const auto& row : rows_) sum += converted_of(row);
  return sum;
}

void DelayTable::add_decisions(double decided, double count) {
  if (!(window_ > 0)) return;
  // A conversion may have been told before any decision was.
  if (began_ == 0 && decisions() == 0) began_ = decided;
  began_ = std::min(began_, decided);
  row_of(decided).decisions += count;
}

bool DelayTable::add_conversion(double decided, double delay, double value, double count) {
  if (!(delay >= 0 && delay <= window_ && window_ > 0)) return false;
  DecisionRow& row = row_of(decided);
  row.converted[bin_of(window_, delay)] += count;
  row.value += count * value;
  row.squares += count * value * value;
  return true;
}

void DelayTable::fade(double kept) noexcept {
  fade_row(complete_, kept);
  for (auto& row : rows_) fade_row(row, kept);
}

void DelayTable::merge(const DelayTable& other) {
  if (!(other.window_ > 0)) return;
  if (!(window_ > 0)) {
    *this = other;
    return;
  }
  if (other.window_ != window_) return;
  if (other.decisions() > 0) began_ = decisions() > 0 ? std::min(began_, other.began_) : other.began_;
  DelayTable aligned = other;
  while (width_ < aligned.width_) coarsen();
  while (aligned.width_ < width_) aligned.coarsen();
  for (std::size_t i = 0; i < aligned.rows_.size(); ++i) {
    // The middle of a row is in that row, whatever the rounding.
    add_row(row_of(aligned.row_end(i) - aligned.width_ / 2), aligned.rows_[i]);
  }
  add_row(complete_, aligned.complete_);
  complete_until_ = std::max(complete_until_, aligned.complete_until_);
  if (complete_until_ != 0) fold(complete_until_);
}

DecisionRow& DelayTable::row_of(double decided) {
  if (complete_until_ != 0 && decided < complete_until_) return complete_;
  auto index = static_cast<std::int64_t>(std::floor(decided / width_));
  if (rows_.empty()) {
    first_ = index;
    rows_.emplace_back();
  }
  const auto count = [&] { return static_cast<std::int64_t>(rows_.size()); };
  if (index < first_ || index >= first_ + count()) {
    make_room(std::min(index, first_), std::max(index + 1, first_ + count()));
    // Rows may have become wider, or this one so old that it was folded.
    if (complete_until_ != 0 && decided < complete_until_) return complete_;
    index = static_cast<std::int64_t>(std::floor(decided / width_));
  }
  return rows_[static_cast<std::size_t>(std::clamp<std::int64_t>(index - first_, 0, count() - 1))];
}

/// Rows from…until, folded and widened as far as that takes.
void DelayTable::make_room(std::int64_t from, std::int64_t until) {
  const double widest = window_ * widest_row * (1 - 1e-9);
  while (until - from > static_cast<std::int64_t>(most_decision_rows)) {
    fold(static_cast<double>(until - 1) * width_ - window_);
    from = rows_.empty() ? until - 1 : std::max(from, first_);
    if (until - from <= static_cast<std::int64_t>(most_decision_rows)) break;
    if (width_ >= widest) {
      // Decided more than a window before the latest: complete.
      complete_until_ = std::max(complete_until_, static_cast<double>(until - 1) * width_ - window_);
      from = until - static_cast<std::int64_t>(most_decision_rows);
      break;
    }
    coarsen();
    from = halved(from);
    until = halved(until - 1) + 1;
  }
  if (rows_.empty()) first_ = from;
  if (from < first_) rows_.insert(rows_.begin(), static_cast<std::size_t>(first_ - from), DecisionRow{});
  first_ = std::min(first_, from);
  rows_.resize(static_cast<std::size_t>(until - first_));
}

void DelayTable::coarsen() {
  std::vector<DecisionRow> wider;
  const std::int64_t first = halved(first_);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto at = static_cast<std::size_t>(halved(first_ + static_cast<std::int64_t>(i)) - first);
    if (at >= wider.size()) wider.resize(at + 1);
    add_row(wider[at], rows_[i]);
  }
  rows_ = std::move(wider);
  first_ = first;
  width_ *= 2;
}

/// Adds the rows that end at `before` or earlier to the complete ones.
void DelayTable::fold(double before) {
  std::size_t folded = 0;
  while (folded < rows_.size() && row_end(folded) <= before) add_row(complete_, rows_[folded++]);
  if (folded == 0) return;
  complete_until_ = std::max(complete_until_, row_end(folded - 1));
  rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(folded));
  first_ += static_cast<std::int64_t>(folded);
}

DelayTable::Contents DelayTable::contents() const {
  return {window_, width_, first_, began_, complete_until_, complete_, rows_};
}

DelayTable DelayTable::restore(Contents contents) {
  DelayTable table;
  const bool bounded = contents.window > 0 && contents.width > 0 &&
                       contents.width <= contents.window * widest_row * 2 && contents.rows.size() <= most_decision_rows;
  const bool whole = is_whole(contents.complete) && std::all_of(contents.rows.begin(), contents.rows.end(), is_whole);
  if (!bounded || !whole) return table;
  table.window_ = contents.window;
  table.width_ = contents.width;
  table.first_ = contents.first;
  table.began_ = contents.began;
  table.complete_until_ = contents.complete_until;
  table.complete_ = contents.complete;
  table.rows_ = std::move(contents.rows);
  return table;
}

// ---- the curve

namespace {

/// What all rows that are old enough say of each bin.
struct LifeTable {
  std::array<double, delay_bins> at_risk{};
  std::array<double, delay_bins> converted{};

  void add(const DecisionRow& row, std::size_t bins) noexcept {
    double left = row.decisions;
    for (std::size_t b = 0; b < bins; ++b) {
      at_risk[b] += std::max(0.0, left);
      converted[b] += row.converted[b];
      left -= row.converted[b];
    }
  }
};

/// How many bins a row of that age has behind it.
std::size_t bins_passed(double window, double age) noexcept {
  std::size_t bins = 0;
  while (bins < delay_bins && delay_edge(window, bins) <= age * (1 + 1e-12)) ++bins;
  return bins;
}

bool window_passed(const DelayTable& table, double now) noexcept {
  return table.decisions() > 0 && now - table.began() >= table.window();
}

/// How many bins enough of the arm's decisions have reached. Once its window has passed, whatever has must do: an arm
/// that gets little, or whose past has faded, would hold up all others for ever.
std::size_t bins_reached(const ConversionCurve& curve, const DelayTable& table, double now,
                         const PlateauRules& rules) noexcept {
  const bool passed = window_passed(table, now);
  const double least = std::max(passed ? 1 : rules.least_at_risk, rules.share_at_risk * table.decisions());
  std::size_t bins = 0;
  // Those at risk are fewer for their conversions as well, which is no lack of knowledge.
  while (bins < delay_bins && curve.at_risk[bins] >= least * (bins > 0 ? 1 - curve.rate[bins - 1] : 1)) ++bins;
  return bins == 0 && passed ? delay_bins : bins;
}

DelayedRate rate_at(const ConversionCurve& curve, std::size_t bin, const PlateauRules& rules) noexcept {
  DelayedRate found;
  found.rate = curve.rate[bin];
  found.variance = curve.variance[bin];
  const double spread = found.rate * (1 - found.rate);
  const double n = found.variance > 0 && spread > 0 ? spread / found.variance : curve.at_risk[bin];
  found.successes = found.rate * n;
  found.failures = n - found.successes;
  constexpr auto doubling = static_cast<std::size_t>(bins_per_doubling);
  const double half_way = bin >= doubling ? curve.rate[bin - doubling] : 0;
  found.settled = found.successes >= rules.least_converted && found.rate - half_way <= rules.late_share * found.rate;
  return found;
}

}  // namespace

ConversionCurve conversion_curve(const DelayTable& table, double now) noexcept {
  LifeTable life;
  life.add(table.complete(), delay_bins);
  for (std::size_t i = 0; i < table.rows().size(); ++i) {
    life.add(table.rows()[i], bins_passed(table.window(), now - table.row_end(i)));
  }
  ConversionCurve curve;
  double left = 1;
  double sum = 0;
  for (std::size_t b = 0; b < delay_bins; ++b) {
    const double n = life.at_risk[b];
    const double d = std::min(life.converted[b], n);
    curve.at_risk[b] = n;
    if (n > 0) left *= 1 - d / n;
    if (n > d) sum += d / (n * (n - d));
    curve.rate[b] = 1 - left;
    curve.variance[b] = left * left * sum;
  }
  return curve;
}

DelayedRates delayed_rates(std::span<const DelayTable> arms, double now, const PlateauRules& rules) {
  DelayedRates found;
  std::vector<ConversionCurve> curves;
  std::size_t bins = arms.empty() ? 0 : delay_bins;
  for (const auto& arm : arms) {
    curves.push_back(conversion_curve(arm, now));
    bins = std::min(bins, bins_reached(curves.back(), arm, now, rules));
  }
  found.arms.resize(arms.size());
  if (bins == 0) return found;
  found.horizon = delay_edge(arms.front().window(), bins - 1);
  found.settled = true;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    found.arms[i] = rate_at(curves[i], bins - 1, rules);
    if (bins == delay_bins || window_passed(arms[i], now)) found.arms[i].settled = true;
    found.settled = found.settled && found.arms[i].settled;
  }
  return found;
}

RewardMoments matured_rewards(const DelayTable& table, double now) noexcept {
  RewardMoments rewards{table.complete().decisions, table.complete().value, table.complete().squares};
  for (std::size_t i = 0; i < table.rows().size(); ++i) {
    if (now - table.row_end(i) < table.window()) break;
    rewards.merge({table.rows()[i].decisions, table.rows()[i].value, table.rows()[i].squares});
  }
  return rewards;
}

}  // namespace sluice::stats
