#include "sluice/app/shared_store.hpp"

#include <utility>

namespace sluice::app {

Result<state::Contents> SharedStore::load(std::size_t journal) {
  auto contents = store_->load(journal);
  if (!contents) return contents;
  auto& all = contents->records;
  for (auto one = all.lower_bound(prefix_); one != all.end() && one->first.starts_with(prefix_);) {
    records_.insert_or_assign(one->first.substr(prefix_.size()), std::move(one->second));
    one = all.erase(one);
  }
  return contents;
}

Result<void> SharedStore::keep(const std::map<std::string, std::string>& records) {
  state::Change change;
  for (const auto& [name, text] : records) {
    if (text.empty()) {
      change.erase.push_back(prefix_ + name);
    } else {
      change.put.emplace(prefix_ + name, text);
    }
  }
  if (change.is_empty()) return {};
  auto kept = store_->commit(change);
  if (!kept) return kept;
  for (const auto& [name, text] : records) {
    if (text.empty()) {
      records_.erase(name);
    } else {
      records_.insert_or_assign(name, text);
    }
  }
  return kept;
}

}  // namespace sluice::app
