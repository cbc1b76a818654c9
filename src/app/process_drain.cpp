#include "sluice/app/process_drain.hpp"

#include <utility>

namespace sluice::app {

ProcessDrain::ProcessDrain(std::function<DrainFacts()> facts, std::function<void()> wake)
    : facts_(std::move(facts)), wake_(std::move(wake)) {}

/// With the mutex held.
void ProcessDrain::step(DrainEvent event) {
  const DrainStep made = advance(status_, event, facts_());
  status_ = made.status;
  if (made.action != DrainAction::None) to_do_.push_back(made.action);
}

void ProcessDrain::feed(DrainEvent event) {
  {
    const std::lock_guard lock(mutex_);
    step(event);
  }
  wake_();
}

Result<DrainStatus, std::string> ProcessDrain::order(bool undo) {
  DrainStatus now;
  {
    const std::lock_guard lock(mutex_);
    if (undo && status_.phase != DrainPhase::Serving && !can_be_undone(status_)) {
      return fail(std::string(status_.signalled ? "a signal has come: the process ends"
                                                : "the listeners are closed: only a restart opens them again"));
    }
    step(undo ? DrainEvent::Undo : DrainEvent::Order);
    now = status_;
  }
  wake_();
  return now;
}

DrainAction ProcessDrain::next() {
  const std::lock_guard lock(mutex_);
  if (to_do_.empty()) step(DrainEvent::Tick);
  if (to_do_.empty()) return DrainAction::None;
  const DrainAction action = to_do_.front();
  to_do_.pop_front();
  return action;
}

DrainStatus ProcessDrain::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool ProcessDrain::in_progress() const {
  const std::lock_guard lock(mutex_);
  return !to_do_.empty() || status_.phase == DrainPhase::Announced || status_.phase == DrainPhase::Closing;
}

}  // namespace sluice::app
