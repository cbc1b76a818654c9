#include "sluice/gateway/gate.hpp"

#include <utility>

namespace sluice::gateway {

void Gate::serve(TimePoint now) {
  // Whoever is let in may fail at once and leave again: the loop below goes on then, instead of a call within calls.
  if (serving_) return;
  serving_ = true;
  for (;;) {
    const GateRules::Turn turn = rules_.next(now);
    if (turn == GateRules::Turn::Nobody) break;
    Waiter& waiter = turn == GateRules::Turn::Newest ? *last_ : *first_;
    unlink(waiter);
    waiter.finish(GateRefusal::None);
  }
  serving_ = false;
}

void Gate::link(Waiter& waiter, TimePoint now) noexcept {
  waiter.place_ = Waiter::Place::InLine;
  waiter.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  gauge_->add();
  wheel_->set(waiter, now + rules_.limits().wait);
}

void Gate::unlink(Waiter& waiter) noexcept {
  http::DeadlineWheel::cancel(waiter);
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.next_ = waiter.previous_ = nullptr;
  waiter.place_ = Waiter::Place::Nowhere;
  gauge_->subtract();
}

Gate::Waiter::~Waiter() {
  if (place_ != Place::InLine) return;
  gate_->unlink(*this);
  gate_->rules_.give_up();
}

bool Gate::Waiter::await_ready() noexcept {
  switch (gate_->rules_.arrive(now_)) {
    case GateRules::Arrival::Enters:
      return true;
    case GateRules::Arrival::Refused:
      refusal_ = GateRefusal::Full;
      return true;
    case GateRules::Arrival::WaitsForOldest: {
      Waiter& oldest = *gate_->first_;
      gate_->unlink(oldest);
      // Told with the wheel's next tick: resuming it here could bring the next newcomer, and that one the next.
      oldest.place_ = Place::SentAway;
      gate_->wheel_->set(oldest, now_);
      break;
    }
    case GateRules::Arrival::Waits:
      break;
  }
  gate_->link(*this, now_);
  return false;
}

void Gate::Waiter::finish(GateRefusal refusal) {
  refusal_ = refusal;
  if (coroutine_) std::exchange(coroutine_, nullptr).resume();
}

void Gate::Waiter::cancel() {
  if (place_ == Place::Nowhere) return;
  if (place_ == Place::InLine) {
    gate_->unlink(*this);
    gate_->rules_.give_up();
  } else {
    http::DeadlineWheel::cancel(*this);
    place_ = Place::Nowhere;
  }
  finish(GateRefusal::Cancelled);
}

void Gate::Waiter::on_deadline(TimePoint) {
  const bool sent_away = std::exchange(place_, Place::Nowhere) == Place::SentAway;
  if (!sent_away) {
    gate_->unlink(*this);
    gate_->rules_.give_up();
  }
  finish(sent_away ? GateRefusal::Full : GateRefusal::TooLate);
}

}  // namespace sluice::gateway
