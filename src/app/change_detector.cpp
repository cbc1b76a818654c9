#include "sluice/app/change_detector.hpp"

#include <algorithm>

#include "sluice/base/stable_hash.hpp"

namespace sluice::app {

ChangeDetector::ChangeDetector(Timing timing, std::uint64_t fingerprint, std::uint64_t seed, TimePoint now)
    : timing_(timing), reported_(fingerprint), random_(seed) {
  plan_poll(now);
}

void ChangeDetector::touched(TimePoint now) {
  if (!first_touch_) first_touch_ = now;
  look_at_ = std::min(now + timing_.quiet, *first_touch_ + timing_.patience);
}

void ChangeDetector::demanded(TimePoint now) {
  if (!demanded_) demand_at_ = now;
  demanded_ = true;
}

TimePoint ChangeDetector::next_look() const noexcept {
  TimePoint next = poll_at_;
  if (look_at_) next = std::min(next, *look_at_);
  if (demanded_) next = std::min(next, demand_at_);
  return next;
}

ChangeDetector::Cause ChangeDetector::cause(TimePoint now) const noexcept {
  if (demanded_ && demand_at_ <= now) return Cause::Demand;
  if (first_touch_ && look_at_ <= now) return Cause::Touch;
  return Cause::Poll;
}

ChangeDetector::Verdict ChangeDetector::looked(std::optional<std::uint64_t> fingerprint, TimePoint now) {
  const Cause why = cause(now);
  // A poll in the middle of somebody's writing decides nothing: the look after the last touch will.
  if (why == Cause::Poll && first_touch_) {
    plan_poll(now);
    return Verdict::Nothing;
  }
  first_touch_.reset();
  look_at_.reset();
  demanded_ = false;
  plan_poll(now);
  return judge(fingerprint, why, now);
}

ChangeDetector::Verdict ChangeDetector::judge(std::optional<std::uint64_t> fingerprint, Cause cause, TimePoint now) {
  const std::optional<std::uint64_t> seen_before = unsettled_;
  unsettled_.reset();
  if (!fingerprint) {
    if (unreadable_ && cause != Cause::Demand) return Verdict::Nothing;
    unreadable_ = true;
    return Verdict::Unreadable;
  }
  unreadable_ = false;
  if (cause == Cause::Demand) {
    reported_ = *fingerprint;
    return Verdict::Changed;
  }
  if (*fingerprint == reported_) return Verdict::Nothing;
  if (cause == Cause::Poll && seen_before != fingerprint) {
    unsettled_ = fingerprint;
    look_at_ = now + timing_.quiet;
    return Verdict::Nothing;
  }
  reported_ = *fingerprint;
  return Verdict::Changed;
}

void ChangeDetector::plan_poll(TimePoint now) {
  random_ += 0x9E3779B97F4A7C15;
  const double unit = static_cast<double>(mix_bits(random_) >> 11) * 0x1.0p-53;  // [0, 1)
  const double factor = 1 + timing_.jitter * (2 * unit - 1);
  poll_at_ = now + std::chrono::duration_cast<Duration>(timing_.poll * factor);
}

}  // namespace sluice::app
