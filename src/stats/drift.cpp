#include "sluice/stats/drift.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sluice/stats/beta.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/stats/proportion_confidence.hpp"
#include "sluice/stats/relative_risk.hpp"

namespace sluice::stats {
namespace {

using BinSpan = std::span<const std::uint64_t>;

constexpr double share_tightest_at = 1000;

std::uint64_t count_at(BinSpan counts, std::size_t bin) noexcept {
  return bin < counts.size() ? counts[bin] : 0;
}

std::uint64_t count_of_all(BinSpan counts) noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

double share_at(BinSpan counts, std::size_t bin, std::uint64_t all) noexcept {
  return static_cast<double>(count_at(counts, bin)) / static_cast<double>(all);
}

/// Something that happens to a value, counted in two lists.
struct BinEvent {
  std::uint64_t own = 0;
  std::uint64_t other = 0;
};

/// That it lies in a bin: one event per bin.
std::vector<BinEvent> bin_events(BinSpan own, BinSpan other) {
  std::vector<BinEvent> events(std::max(own.size(), other.size()));
  for (std::size_t bin = 0; bin < events.size(); ++bin) events[bin] = {count_at(own, bin), count_at(other, bin)};
  return events;
}

/// That it lies up to a threshold between two bins; beyond the middle one, that it lies above: the rarer of the two
/// tells more in a relative risk.
std::vector<BinEvent> threshold_events(BinSpan own, BinSpan other) {
  const std::uint64_t all_own = count_of_all(own);
  const std::uint64_t all_other = count_of_all(other);
  std::vector<BinEvent> events;
  BinEvent below;
  const std::size_t bins = std::max(own.size(), other.size());
  for (std::size_t bin = 0; bin + 1 < bins; ++bin) {
    below.own += count_at(own, bin);
    below.other += count_at(other, bin);
    const bool low = 2 * (bin + 1) <= bins;
    events.push_back(low ? below : BinEvent{all_own - below.own, all_other - below.other});
  }
  return events;
}

std::vector<BinEvent> all_events(BinSpan own, BinSpan other) {
  auto events = bin_events(own, other);
  const auto thresholds = threshold_events(own, other);
  events.insert(events.end(), thresholds.begin(), thresholds.end());
  return events;
}

/// What the share of a whole population may be of which a sample of fixed size is known (Clopper and Pearson 1934).
Interval exact_interval(std::uint64_t events, std::uint64_t n, double alpha) noexcept {
  const auto some = static_cast<double>(events);
  const auto others = static_cast<double>(n - events);
  return {events == 0 ? 0 : beta_quantile(some, others + 1, alpha / 2),
          events == n ? 1 : beta_quantile(some + 1, others, 1 - alpha / 2)};
}

/// Pairs that left a bin, or crossed a threshold, and those that went the other way.
struct Moved {
  std::uint64_t out = 0;
  std::uint64_t in = 0;
};

/// Of the values in bins first … last.
Moved moved_of(BinSpan moves, std::size_t bins, std::size_t first, std::size_t last) noexcept {
  Moved found;
  for (std::size_t live = 0; live < bins; ++live) {
    const bool live_inside = live >= first && live <= last;
    for (std::size_t other = 0; other < bins; ++other) {
      const bool other_inside = other >= first && other <= last;
      if (live_inside == other_inside) continue;
      (live_inside ? found.out : found.in) += moves[live * bins + other];
    }
  }
  return found;
}

}  // namespace

ScoreBins ScoreBins::of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  ScoreBins bins;
  if (values.size() < kBins) return bins;
  std::sort(values.begin(), values.end());
  for (std::size_t tenth = 1; tenth < kBins; ++tenth) {
    const std::size_t rank = (values.size() * tenth + kBins - 1) / kBins;
    const double decile = values[rank - 1];
    if (bins.bounds.empty() || decile > bins.bounds.back()) {
      bins.bounds.push_back(decile);
      continue;
    }
    // The second time: a bound just below gives the value a bin of its own.
    const double below = std::nextafter(decile, -std::numeric_limits<double>::infinity());
    const bool apart = bins.bounds.size() >= 2 && bins.bounds[bins.bounds.size() - 2] >= below;
    if (!apart) bins.bounds.insert(bins.bounds.end() - 1, below);
  }
  return bins;
}

std::size_t ScoreBins::bin_of(double value) const noexcept {
  if (std::isnan(value)) return bounds.size();
  return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

double stability_index(BinSpan own, BinSpan reference) noexcept {
  const std::uint64_t n = count_of_all(own);
  const std::uint64_t m = count_of_all(reference);
  const std::size_t bins = std::max(own.size(), reference.size());
  if (n == 0 || m == 0) return 0;
  constexpr double half = 0.5;
  const auto counted = static_cast<double>(bins);
  const double whole = static_cast<double>(n) + half * counted;
  const double reference_whole = static_cast<double>(m) + half * counted;
  double sum = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const double p = (static_cast<double>(count_at(own, bin)) + half) / whole;
    const double q = (static_cast<double>(count_at(reference, bin)) + half) / reference_whole;
    sum += (p - q) * std::log(p / q);
  }
  const double bias = (counted - 1) * (1 / static_cast<double>(n) + 1 / static_cast<double>(m));
  return std::max(0.0, sum - bias);
}

double jensen_shannon(BinSpan own, BinSpan reference) noexcept {
  const std::uint64_t n = count_of_all(own);
  const std::uint64_t m = count_of_all(reference);
  if (n == 0 || m == 0) return 0;
  double sum = 0;
  for (std::size_t bin = 0; bin < std::max(own.size(), reference.size()); ++bin) {
    const double p = share_at(own, bin, n);
    const double q = share_at(reference, bin, m);
    if (p > 0) sum += p / 2 * std::log2(2 * p / (p + q));
    if (q > 0) sum += q / 2 * std::log2(2 * q / (p + q));
  }
  return std::clamp(sum, 0.0, 1.0);
}

double kolmogorov_smirnov(BinSpan own, BinSpan reference) noexcept {
  const std::uint64_t n = count_of_all(own);
  const std::uint64_t m = count_of_all(reference);
  if (n == 0 || m == 0) return 0;
  double apart = 0;
  double most = 0;
  for (std::size_t bin = 0; bin < std::max(own.size(), reference.size()); ++bin) {
    apart += share_at(own, bin, n) - share_at(reference, bin, m);
    most = std::max(most, std::abs(apart));
  }
  return std::min(most, 1.0);
}

double largest_difference(BinSpan own, BinSpan reference) noexcept {
  const std::uint64_t n = count_of_all(own);
  const std::uint64_t m = count_of_all(reference);
  if (n == 0 || m == 0) return 0;
  double most = 0;
  for (std::size_t bin = 0; bin < std::max(own.size(), reference.size()); ++bin) {
    most = std::max(most, std::abs(share_at(own, bin, n) - share_at(reference, bin, m)));
  }
  return most;
}

Interval distance_confidence(BinSpan own, BinSpan reference, double alpha, bool by_class) noexcept {
  const std::uint64_t n = count_of_all(own);
  const std::uint64_t m = count_of_all(reference);
  if (n == 0 || m == 0) return {0, 1};
  const auto events = by_class ? bin_events(own, reference) : threshold_events(own, reference);
  const double level = alpha / (2 * std::max(1.0, static_cast<double>(events.size())));
  Interval found{0, 0};
  for (const auto& event : events) {
    const Interval here = proportion_confidence(event.own, n, level, share_tightest_at);
    const Interval there = proportion_confidence(event.other, m, level, share_tightest_at);
    found.lower = std::max({found.lower, here.lower - there.upper, there.lower - here.upper});
    found.upper = std::max({found.upper, here.upper - there.lower, there.upper - here.lower});
  }
  return found;
}

double log_e_unlike(BinSpan candidate, BinSpan stable, double share) noexcept {
  std::vector<double> evidence;
  for (const auto& event : all_events(candidate, stable)) {
    RelativeRisk risk(RiskPrior::Either);
    risk.add(share, event.own, event.own + event.other);
    evidence.push_back(risk.log_e());
  }
  return evidence.empty() ? 0 : log_mean_e(evidence);
}

double log_e_unlike_pairs(BinSpan moves, std::size_t bins) noexcept {
  if (bins < 2 || moves.size() != bins * bins) return 0;
  std::vector<double> evidence;
  const auto note = [&](const Moved& moved) { evidence.push_back(log_e_discordant(moved.in, moved.out)); };
  for (std::size_t bin = 0; bin < bins; ++bin) note(moved_of(moves, bins, bin, bin));
  for (std::size_t bin = 0; bin + 1 < bins; ++bin) note(moved_of(moves, bins, 0, bin));
  return log_mean_e(evidence);
}

double log_e_moved(BinSpan own, BinSpan reference, double alpha) noexcept {
  const std::uint64_t n = count_of_all(own);
  const std::uint64_t m = count_of_all(reference);
  if (n == 0 || m == 0) return 0;
  constexpr double least_tightest_at = 100;
  constexpr double tuned_for = 0.05;
  const double precision = proportion_precision(std::max(least_tightest_at, static_cast<double>(m)), tuned_for);
  const auto events = all_events(own, reference);
  const double level = alpha / (2 * static_cast<double>(events.size()));
  std::vector<double> evidence;
  for (const auto& event : events) {
    const Interval possible = exact_interval(event.other, m, level);
    // The evidence grows with the distance from what was seen, so the nearest share that is possible has the least.
    const double share = static_cast<double>(event.own) / static_cast<double>(n);
    evidence.push_back(log_e_not(std::clamp(share, possible.lower, possible.upper), event.own, n, precision));
  }
  return log_mean_e(evidence);
}

}  // namespace sluice::stats
