#pragma once

#include <map>
#include <memory>
#include <string>

#include "sluice/state/store.hpp"

namespace sluice::app {

/// A store whose records under one prefix are somebody else's: the controller, which takes all records for its own,
/// does not see them. Everything else goes through.
class SharedStore final : public state::Store {
 public:
  SharedStore(std::unique_ptr<state::Store> store, std::string prefix)
      : store_(std::move(store)), prefix_(std::move(prefix)) {}

  Result<state::Contents> load(std::size_t journal) override;
  Result<void> commit(const state::Change& change) override { return store_->commit(change); }
  Result<std::vector<state::JournalEntry>> journal(const state::JournalQuery& query) const override {
    return store_->journal(query);
  }
  std::string name() const override { return store_->name(); }

  /// Those under the prefix as they were loaded, by what stands behind it.
  const std::map<std::string, std::string>& records() const noexcept { return records_; }
  /// Durable when it returns without an error, see state::Store::commit. An empty text takes a record away.
  Result<void> keep(const std::map<std::string, std::string>& records);

 private:
  std::unique_ptr<state::Store> store_;
  const std::string prefix_;
  std::map<std::string, std::string> records_;
};

}  // namespace sluice::app
