#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/metrics/cells.hpp"
#include "sluice/metrics/counters.hpp"
#include "sluice/metrics/unit_failures.hpp"
#include "sluice/stats/histogram.hpp"

/// What a rollout judges a version by: only requests that were assigned within one window, so that nothing older leaks
/// in.
namespace sluice::metrics {

/// Requests of one kind that are over. One writer.
struct EvidenceCells {
  Counter requests;
  Counter failures;            ///< of these: answered with 500 or more, or not at all
  AtomicHistogram latency;     ///< head sent to the endpoint … last byte read; of those that were answered whole
  AtomicHistogram first_byte;  ///< … first byte read; of the same

  /// Whole, with this status.
  void answered(int status, Duration took) noexcept {
    requests.add();
    if (status >= 500) failures.add();
    latency.record(took);
  }
  void failed() noexcept {
    requests.add();
    failures.add();
  }
};

/// One worker's view of one version.
struct alignas(kCacheLine) VersionEvidenceCells {
  Counter assigned;            ///< requests that the split assigned to it, over or not
  Counter assigned_units;      ///< the same of units that stick, each once, see EvidenceWindow::is_first
  EvidenceCells all;           ///< requests that the split assigned to it
  EvidenceCells control;       ///< of these, the stable version's control slice
  EvidenceCells units;         ///< of `all`, the first request of each unit in `assigned_units`
  EvidenceCells shadow;        ///< copies that it was sent; times from the request written
  Counter shadow_bytes;        ///< of copies and their answers, also of those that say nothing about it: twins, for one
  Counter shadow_nanoseconds;  ///< for which it had copies before it: from one sent to its end, whatever that was
};

/// EvidenceCells of all workers.
struct EvidenceTotals {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  stats::Histogram latency;
  stats::Histogram first_byte;

  /// Skips the histograms of cells without a request.
  void add(const EvidenceCells& worker) noexcept;
};

struct VersionEvidenceTotals {
  std::uint64_t assigned = 0;
  std::uint64_t assigned_units = 0;
  EvidenceTotals all;
  EvidenceTotals control;
  EvidenceTotals units;
  EvidenceTotals shadow;
  std::uint64_t shadow_bytes = 0;
  std::uint64_t shadow_nanoseconds = 0;
  std::vector<EvidenceTotals> segments;       ///< of `all`, by segment
  std::vector<EvidenceTotals> segment_units;  ///< of `units`, by segment
};

/// The counters of one window of one route. Made by the control thread, written by the workers that hold it, each its
/// own cells; read by anyone. About 19 KiB per worker and version, and 10 KiB more for each segment.
class EvidenceWindow {
 public:
  /// `by_unit`: failures are also counted by the unit that met them. `segments` of the route, each counted on its own.
  EvidenceWindow(std::size_t workers, std::size_t versions, bool by_unit = false, std::size_t segments = 0);

  VersionEvidenceCells& cells(std::size_t worker, std::size_t version) noexcept {
    return cells_[worker * versions_ + version];
  }
  std::size_t versions() const noexcept { return versions_; }

  /// One worker's view of one version in one segment, counted from 0.
  EvidenceCells& cells(std::size_t worker, std::size_t version, std::size_t segment) noexcept {
    return segment_cells_[segment_index(worker, version, segment)].all;
  }
  /// The same of the units' first requests.
  EvidenceCells& unit_cells(std::size_t worker, std::size_t version, std::size_t segment) noexcept {
    return segment_cells_[segment_index(worker, version, segment)].units;
  }
  std::size_t segments() const noexcept { return segments_; }

  /// By version. Any thread; what one request left behind may appear one look apart.
  std::vector<VersionEvidenceTotals> totals() const;
  /// The same of one version, added to what is there.
  void add_to(VersionEvidenceTotals& totals, std::size_t version) const;

  /// Whether this unit is the first of its group in the window; false where units are not counted. There are 65 536
  /// groups, by the lower half of the hash, while the split goes by the upper half: so whoever is the first of a group
  /// was dealt to a version by its share and nothing else, however often units come, and no set of them is kept. 0, a
  /// request without a unit, is a unit of its own. Any thread; 2 ns.
  bool is_first(std::uint64_t unit) noexcept {
    if (!groups_) return false;
    if (unit == 0) return true;
    std::atomic<std::uint64_t>& word = groups_[unit / 64 % kGroupWords];
    const std::uint64_t bit = std::uint64_t{1} << unit % 64;
    return (word.load(std::memory_order_relaxed) & bit) == 0 &&
           (word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
  }

  /// Null: not counted.
  UnitFailures* unit_failures() noexcept { return unit_failures_.get(); }
  /// The same of one segment, counted from 0; null as well for one that is not there.
  UnitFailures* unit_failures(std::size_t segment) noexcept {
    return segment < segment_failures_.size() ? segment_failures_[segment].get() : nullptr;
  }

  /// Takes one of `limit` copies for shadows that the window may have in all; false when they are used up. Exact, over
  /// all workers. Any thread.
  bool take_copy(std::uint64_t limit) noexcept;
  /// It was not sent after all.
  void give_copy_back() noexcept { copies_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint64_t copies() const noexcept { return copies_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kGroupWords = 1024;

  struct SegmentCells {
    EvidenceCells all;
    EvidenceCells units;
  };
  std::size_t segment_index(std::size_t worker, std::size_t version, std::size_t segment) const noexcept {
    return (worker * versions_ + version) * segments_ + segment;
  }

  const std::size_t workers_;
  const std::size_t versions_;
  std::unique_ptr<VersionEvidenceCells[]> cells_;  // by worker, then version
  const std::size_t segments_;
  std::unique_ptr<SegmentCells[]> segment_cells_;  // by worker, then version, then segment
  std::unique_ptr<UnitFailures> unit_failures_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> groups_;  // a bit for each group of units that came
  std::vector<std::unique_ptr<UnitFailures>> segment_failures_;
  alignas(kCacheLine) std::atomic<std::uint64_t> copies_{0};
};

}  // namespace sluice::metrics
