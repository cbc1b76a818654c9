#include <algorithm>
#include <mutex>

#include "sluice/state/store.hpp"

namespace sluice::state {

namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::size_t journal_limit) : journal_limit_(std::max<std::size_t>(journal_limit, 1)) {}

  Result<Contents> load(std::size_t journal) override {
    const std::lock_guard lock(mutex_);
    Contents contents;
    contents.records = records_;
    for (auto entry = journal_.rbegin(); entry != journal_.rend() && contents.journal.size() < journal; ++entry) {
      contents.journal.push_back(entry->second);
    }
    std::reverse(contents.journal.begin(), contents.journal.end());
    return contents;
  }

  Result<void> commit(const Change& change) override {
    const std::lock_guard lock(mutex_);
    if (change.drop_behind) journal_.erase(journal_.upper_bound(*change.drop_behind), journal_.end());
    for (const std::string& name : change.erase) records_.erase(name);
    for (const auto& [name, value] : change.put) records_[name] = value;
    for (const JournalEntry& entry : change.append) journal_[entry.sequence] = entry;
    while (journal_.size() > journal_limit_) journal_.erase(journal_.begin());
    return {};
  }

  Result<std::vector<JournalEntry>> journal(const JournalQuery& query) const override {
    const std::lock_guard lock(mutex_);
    std::vector<JournalEntry> found;
    auto entry = std::make_reverse_iterator(query.before == 0 ? journal_.end() : journal_.lower_bound(query.before));
    for (; entry != journal_.rend() && found.size() < query.limit; ++entry) {
      if (query.route.empty() || entry->second.route == query.route) found.push_back(entry->second);
    }
    return found;
  }

  std::string name() const override { return "memory"; }

 private:
  const std::size_t journal_limit_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> records_;
  std::map<std::uint64_t, JournalEntry> journal_;  // by sequence
};

}  // namespace

std::unique_ptr<Store> make_memory_store(std::size_t journal_limit) {
  return std::make_unique<MemoryStore>(journal_limit);
}

}  // namespace sluice::state
