#include "sluice/app/reload_outcomes.hpp"

#include <utility>

namespace sluice::app {

namespace {

constexpr std::size_t kKept = 16;

}  // namespace

void ReloadOutcomes::record(Outcome outcome, std::uint64_t demand) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(outcome);
  if (demand == 0) return;
  answers_.try_emplace(demand, last_);
  if (answers_.size() > kKept) answers_.erase(answers_.begin());
}

ReloadOutcomes::Outcome ReloadOutcomes::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::optional<ReloadOutcomes::Outcome> ReloadOutcomes::of(std::uint64_t demand) const {
  const std::lock_guard lock(mutex_);
  const auto first = answers_.lower_bound(demand);
  if (first == answers_.end()) return std::nullopt;
  return first->second;
}

}  // namespace sluice::app
