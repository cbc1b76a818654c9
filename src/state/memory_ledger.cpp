#include <algorithm>
#include <limits>

#include "ledger_key.hpp"

namespace sluice::state {

namespace {

class MemoryLedger final : public Ledger {
 public:
  explicit MemoryLedger(std::size_t capacity) : capacity_(capacity) {}

  Result<void> read(const LedgerReader& reader) const override {
    for (const auto& [key, decisions] : decisions_) reader.decisions(decisions);
    for (const auto& [key, sum] : sums_) reader.sum(sum);
    for (const auto& [key, report] : reports_) reader.report(report);
    return {};
  }

  Result<std::vector<Taken>> commit(const LedgerBatch& batch) override {
    std::vector<Taken> taken;
    taken.reserve(batch.reports.size());
    for (const LedgerReport& report : batch.reports) taken.push_back(take(report));
    for (const LedgerDecisions& more : batch.decisions) add_up(decisions_, more);
    return taken;
  }

  Result<std::size_t> expire(std::int64_t before_ms, std::size_t at_most) override {
    std::size_t gone = 0;
    while (!reports_.empty() && gone < at_most) {
      const auto oldest = reports_.begin();
      if (oldest->second.decided_ms >= before_ms) break;
      expired_before_ = std::max(expired_before_, oldest->second.decided_ms + 1);
      add_up(sums_, to_sum(oldest->second));
      reports_.erase(oldest);
      ++gone;
    }
    return gone;
  }

  Result<void> fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) override {
    ByIdentity<LedgerSum> sums;
    for (const auto& [key, sum] : sums_) {
      add_up(sums, sum.route == route && sum.window < window ? without_detail(sum) : sum);
    }
    sums_.swap(sums);
    ByIdentity<LedgerDecisions> all;
    LedgerDecisions first;  // of its version and window, and so the one that says when they began
    for (auto [key, decisions] : decisions_) {
      const bool is_first = all.empty() || !is_same_window(first, decisions);
      if (is_first) first = decisions;
      if (decisions.route == route && (decisions.window < window || decisions.at_ms < before_ms)) {
        decisions.at_ms = first.at_ms;
      }
      add_up(all, decisions);
    }
    decisions_.swap(all);
    return {};
  }

  Result<std::vector<LedgerKey>> keys() const override { return keys_; }
  Result<void> keep_keys(const std::vector<LedgerKey>& keys) override {
    keys_ = keys;
    return {};
  }

  std::size_t size() const noexcept override { return reports_.size(); }
  std::size_t capacity() const noexcept override { return capacity_; }
  std::string name() const override { return "memory"; }

 private:
  Taken take(const LedgerReport& report) {
    if (report.decided_ms < expired_before_) return Taken::Expired;
    if (reports_.contains(identity(report))) return Taken::Duplicate;
    if (reports_.size() >= capacity_) return Taken::Full;
    reports_.emplace(identity(report), report);
    return Taken::New;
  }

  static bool is_same_window(const LedgerDecisions& a, const LedgerDecisions& b) {
    return a.route == b.route && a.window == b.window && a.version == b.version;
  }

  const std::size_t capacity_;
  std::int64_t expired_before_ = std::numeric_limits<std::int64_t>::min();
  ByIdentity<LedgerReport> reports_;
  ByIdentity<LedgerSum> sums_;
  ByIdentity<LedgerDecisions> decisions_;
  std::vector<LedgerKey> keys_;
};

}  // namespace

std::unique_ptr<Ledger> make_memory_ledger(std::size_t capacity) {
  return std::make_unique<MemoryLedger>(capacity);
}

}  // namespace sluice::state
