#include "sluice/app/reload_outcomes.hpp"

#include <utility>

namespace sluice::app {

void ReloadOutcomes::record(Outcome outcome, bool demanded) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(outcome);
  if (!demanded) return;
  ++demanded_;
  changed_.notify_all();
}

ReloadOutcomes::Outcome ReloadOutcomes::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::uint64_t ReloadOutcomes::ticket() const {
  const std::lock_guard lock(mutex_);
  return demanded_;
}

std::optional<ReloadOutcomes::Outcome> ReloadOutcomes::wait(std::uint64_t ticket, Duration patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return given_up_ || demanded_ != ticket; });
  if (demanded_ == ticket) return std::nullopt;
  return last_;
}

void ReloadOutcomes::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

}  // namespace sluice::app
