#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/metrics/snapshot.hpp"

/// The exported page as plain data, so that only the exporter knows the library that prints it.
namespace sluice::metrics {

struct Label {
  std::string name;
  std::string value;
};
using Labels = std::vector<Label>;

enum class FamilyType : std::uint8_t { Counter, Gauge, Histogram };

struct Sample {
  Labels labels;
  double value = 0;                             ///< of a counter or gauge
  const stats::Histogram* histogram = nullptr;  ///< of a histogram; the snapshot's
  const RolloutDurations* durations = nullptr;  ///< of a histogram in place of the other; the snapshot's
  const DurationBuckets* buckets = nullptr;     ///< the same
};

struct Family {
  std::string name;
  std::string help;
  FamilyType type = FamilyType::Counter;
  std::span<const double> bounds{};  ///< of a histogram: upper ends of its exported buckets, seconds
  std::vector<Sample> samples{};
};

/// Upper ends of the exported buckets in seconds; every one is in stats::kExportedBounds, so the counts are exact.
std::span<const double> duration_bounds() noexcept;
/// For what is mostly below a millisecond.
std::span<const double> short_bounds() noexcept;

Labels operator+(const Labels& base, Label label);
Labels labels_of(const std::string& route, const std::string& version);

/// Status codes as one counter each; those in `always` also while they are zero.
void add_codes(Family& family, const Labels& labels, const StatusTotals& totals, std::span<const int> always);

/// One counter per enumerator; `always` says which exist while they are still zero, `label` how they are told apart.
template <typename Reason, std::size_t N, typename Always>
void add_reasons(Family& family, const Labels& labels, const std::array<std::uint64_t, N>& totals, Always always,
                 const char* label = "reason") {
  for (std::size_t i = 0; i < N; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (totals[i] == 0 && !always(reason)) continue;
    family.samples.push_back({labels + Label{label, std::string(to_string(reason))}, static_cast<double>(totals[i])});
  }
}

/// The families of one scrape under construction. The snapshot outlives it.
class Families {
 public:
  explicit Families(const Snapshot& snapshot) : snapshot_(snapshot) { list_.reserve(kMost); }

  const Snapshot& snapshot() const noexcept { return snapshot_; }

  /// A new family; the reference holds until the page is built. Names are prefixed with `sluice_`.
  Family& counter(std::string_view name, std::string_view help) { return add(name, help, FamilyType::Counter); }
  Family& gauge(std::string_view name, std::string_view help) { return add(name, help, FamilyType::Gauge); }
  Family& histogram(std::string_view name, std::string_view help, std::span<const double> bounds = duration_bounds());
  /// With a name that has no prefix.
  Family& plain(std::string_view name, std::string_view help, FamilyType type);

  /// A family with one series and no label.
  void single_counter(std::string_view name, std::string_view help, std::uint64_t value);
  void single_gauge(std::string_view name, std::string_view help, double value);

  /// A series per version from one of its totals.
  void version_counter(std::string_view name, std::string_view help, std::uint64_t VersionTotals::*value);
  void version_gauge(std::string_view name, std::string_view help, std::int64_t VersionTotals::*value);
  void version_histogram(std::string_view name, std::string_view help, stats::Histogram VersionTotals::*value,
                         std::span<const double> bounds = duration_bounds());

  /// Calls `visit(version, labels)` for every version.
  template <typename Visit>
  void each_version(Visit visit) const {
    for (const RouteSnapshot& route : snapshot_.routes) {
      for (const VersionSnapshot& version : route.versions) visit(version, labels_of(route.name, version.name));
    }
  }

  /// Leaves out the families without a series whose name begins so.
  void drop_empty(std::string_view prefix);

  std::vector<Family> take() && { return std::move(list_); }

 private:
  static constexpr std::size_t kMost = 192;
  Family& add(std::string_view name, std::string_view help, FamilyType type);

  const Snapshot& snapshot_;
  std::vector<Family> list_;  // reserved, so that a reference lives while the next one is added
};

// The page, theme by theme.
void add_request_families(Families& page);
void add_endpoint_families(Families& page);
void add_shadow_families(Families& page);
void add_rollout_families(Families& page);
void add_outcome_families(Families& page);
void add_comparison_families(Families& page);
void add_gateway_families(Families& page);

}  // namespace sluice::metrics
