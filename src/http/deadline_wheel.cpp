#include "sluice/http/deadline_wheel.hpp"

#include <algorithm>
#include <bit>

namespace sluice::http {

void DeadlineWheel::Hook::unlink() noexcept {
  if (next_ == nullptr) return;
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = previous_ = nullptr;
}

DeadlineWheel::List::List() {
  next_ = previous_ = this;
}

DeadlineWheel::DeadlineWheel(TimePoint start, Duration tick)
    : start_(start), tick_shift_(std::bit_width(static_cast<std::uint64_t>(tick.count())) - 1) {}

std::uint64_t DeadlineWheel::tick_of(TimePoint deadline) const noexcept {
  if (deadline <= start_) return current_ + 1;
  // Rounded up, so that nothing fires early.
  const auto span = static_cast<std::uint64_t>((deadline - start_).count());
  const std::uint64_t ticks = (span + (std::uint64_t{1} << tick_shift_) - 1) >> tick_shift_;
  return std::max(ticks, current_ + 1);
}

void DeadlineWheel::link(Hook& hook) noexcept {
  // Beyond the wheel's span it waits in the furthest slot and is looked at again from there.
  hook.tick_ = std::min(tick_of(hook.deadline_), current_ + kSlots - 1);
  List& slot = slots_[hook.tick_ % kSlots];
  hook.next_ = &slot;
  hook.previous_ = slot.previous_;
  slot.previous_->next_ = &hook;
  slot.previous_ = &hook;
}

void DeadlineWheel::set(Hook& hook, TimePoint deadline) noexcept {
  hook.deadline_ = deadline;
  if (hook.next_ != nullptr) {
    if (tick_of(deadline) >= hook.tick_) return;  // found when its slot is swept
    hook.unlink();
  }
  link(hook);
}

void DeadlineWheel::sweep(List& slot, TimePoint now) {
  // Taken out first: a fired hook may set itself into the very same slot.
  List due;
  if (slot.next_ == &slot) {
    due.next_ = due.previous_ = nullptr;
    return;
  }
  due.next_ = slot.next_;
  due.previous_ = slot.previous_;
  due.next_->previous_ = &due;
  due.previous_->next_ = &due;
  slot.next_ = slot.previous_ = &slot;
  while (due.next_ != &due) {
    Hook& hook = *due.next_;
    hook.unlink();
    if (hook.deadline_ <= now) {
      hook.on_deadline(now);
    } else {
      link(hook);
    }
  }
  due.next_ = due.previous_ = nullptr;
}

void DeadlineWheel::advance(TimePoint now) {
  if (now < start_) return;
  const auto target = static_cast<std::uint64_t>((now - start_).count()) >> tick_shift_;
  // After a long stall one turn of the wheel visits every slot; more would visit them twice.
  if (target > current_ + kSlots) current_ = target - kSlots;
  while (current_ < target) {
    ++current_;
    sweep(slots_[current_ % kSlots], now);
  }
}

}  // namespace sluice::http
