#include <algorithm>
#include <limits>

#include "ledger_key.hpp"

namespace sluice::state {

namespace {

class MemoryLedger final : public Ledger {
 public:
  explicit MemoryLedger(std::size_t capacity) : capacity_(capacity) {}

  Result<void> read(const LedgerReader& reader) const override {
    tell(decisions_, reader.decisions);
    tell(sums_, reader.sum);
    tell(reports_, reader.report);
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
      add(to_sum(oldest->second));
      reports_.erase(oldest);
      ++gone;
    }
    return gone;
  }

  Result<bool> fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) override {
    if (fold_sums(route, window)) return true;
    fold_decisions(route, window, before_ms);
    return false;
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
  template <typename Kept>
  static void tell(const ByIdentity<Kept>& all, const std::function<void(const Kept&)>& heard) {
    if (!heard) return;
    for (const auto& [key, one] : all) heard(one);
  }

  Taken take(const LedgerReport& report) {
    if (report.decided_ms < expired_before_) return Taken::Expired;
    if (reports_.contains(identity(report))) return Taken::Duplicate;
    if (reports_.size() >= capacity_) return Taken::Full;
    reports_.emplace(identity(report), report);
    return Taken::New;
  }

  /// With less detail the more there are.
  void add(LedgerSum sum) {
    if (!sums_.contains(identity(sum)) && sums_.size() >= capacity_ / 2) {
      sum = without_delay(sum);
      if (!sums_.contains(identity(sum)) && sums_.size() >= capacity_) sum = without_detail(sum);
    }
    add_up(sums_, sum);
  }

  bool fold_sums(std::uint64_t route, std::uint64_t window) {
    LedgerSum least;
    least.route = route;
    least.split = false;
    least.delay_ms = std::numeric_limits<std::int64_t>::min();
    auto at = sums_.lower_bound(identity(least));
    for (std::size_t folded = 0; at != sums_.end() && at->second.route == route && at->second.window < window;) {
      if (at->second.delay_ms == forgotten_unit) {
        ++at;
        continue;
      }
      if (folded++ == folded_at_once) return true;
      const LedgerSum sum = without_detail(at->second);
      at = sums_.erase(at);
      add_up(sums_, sum);
    }
    return false;
  }

  void fold_decisions(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) {
    LedgerDecisions first;  // of its version and window, and so the one that says when they began
    first.route = route;
    first.at_ms = std::numeric_limits<std::int64_t>::min();
    bool is_any = false;
    for (auto at = decisions_.lower_bound(identity(first)); at != decisions_.end() && at->second.route == route;) {
      const LedgerDecisions& decisions = at->second;
      if (!is_any || !is_same_window(first, decisions)) {
        first = decisions;
        is_any = true;
        ++at;
      } else if (decisions.window < window || decisions.at_ms < before_ms) {
        decisions_.find(identity(first))->second.count += decisions.count;
        at = decisions_.erase(at);
      } else {
        ++at;
      }
    }
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
