#include "sluice/metrics/evidence_window.hpp"

namespace sluice::metrics {

void EvidenceTotals::add(const EvidenceCells& worker) noexcept {
  const std::uint64_t seen = worker.requests.value();
  if (seen == 0) return;
  requests += seen;
  failures += worker.failures.value();
  worker.latency.add_to(latency);
  worker.first_byte.add_to(first_byte);
}

EvidenceWindow::EvidenceWindow(std::size_t workers, std::size_t versions, bool by_unit, std::size_t segments)
    : workers_(workers),
      versions_(versions),
      cells_(std::make_unique<VersionEvidenceCells[]>(workers * versions)),
      segments_(segments),
      segment_cells_(std::make_unique<SegmentCells[]>(workers * versions * segments)),
      unit_failures_(by_unit ? std::make_unique<UnitFailures>(workers, versions) : nullptr),
      groups_(by_unit ? std::make_unique<std::atomic<std::uint64_t>[]>(kGroupWords) : nullptr) {
  if (!by_unit) return;
  for (std::size_t segment = 0; segment < segments; ++segment) {
    segment_failures_.push_back(std::make_unique<UnitFailures>(workers, versions));
  }
}

std::vector<VersionEvidenceTotals> EvidenceWindow::totals() const {
  std::vector<VersionEvidenceTotals> totals(versions_);
  for (std::size_t version = 0; version < versions_; ++version) add_to(totals[version], version);
  return totals;
}

void EvidenceWindow::add_to(VersionEvidenceTotals& totals, std::size_t version) const {
  if (totals.segments.size() < segments_) {
    totals.segments.resize(segments_);
    totals.segment_units.resize(segments_);
  }
  for (std::size_t worker = 0; worker < workers_; ++worker) {
    const VersionEvidenceCells& cells = cells_[worker * versions_ + version];
    totals.assigned += cells.assigned.value();
    totals.assigned_units += cells.assigned_units.value();
    totals.all.add(cells.all);
    totals.control.add(cells.control);
    totals.units.add(cells.units);
    totals.shadow.add(cells.shadow);
    totals.shadow_bytes += cells.shadow_bytes.value();
    totals.shadow_nanoseconds += cells.shadow_nanoseconds.value();
    for (std::size_t segment = 0; segment < segments_; ++segment) {
      const SegmentCells& own = segment_cells_[segment_index(worker, version, segment)];
      totals.segments[segment].add(own.all);
      totals.segment_units[segment].add(own.units);
    }
  }
}

bool EvidenceWindow::take_copy(std::uint64_t limit) noexcept {
  std::uint64_t taken = copies_.load(std::memory_order_relaxed);
  while (taken < limit) {
    if (copies_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace sluice::metrics
