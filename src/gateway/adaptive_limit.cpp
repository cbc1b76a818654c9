#include "sluice/gateway/adaptive_limit.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::gateway {

namespace {

constexpr Duration kWindow = std::chrono::milliseconds(100);
constexpr std::uint32_t kWindowRequests = 10;
// A base is worth more patience than a step: everything afterwards is measured against it.
constexpr std::uint32_t kMeasuredRequests = 50;
constexpr Duration kMeasuringTime = std::chrono::seconds(3);
constexpr Duration kMeasureEvery = std::chrono::seconds(30);
constexpr Duration kStrainedFor = std::chrono::seconds(3);
constexpr Duration kDrainingTime = std::chrono::seconds(3);

constexpr double kRise = 1.5;               // per window at the start
constexpr double kGrowth = 0.5;             // of a step up, per window
constexpr double kDecline = 0.2;            // of a step down: one slow window is no trend
constexpr double kSteepest = 0.5;           // gradient
constexpr double kStrained = 0.6;           // gradient
constexpr double kBaseWeight = 0.05;        // of a window in the base
constexpr std::uint32_t kDroppedPart = 20;  // a window with more than one in so many dropped is a bad one
constexpr double kAfterDrops = 0.9;

}  // namespace

AdaptiveLimit::AdaptiveLimit(const AdaptiveConcurrency& settings, TimePoint now) noexcept
    : settings_(settings), limit_(settings.min), confirmed_(now) {
  begin_window(now);
}

void AdaptiveLimit::configure(const AdaptiveConcurrency& settings) noexcept {
  settings_ = settings;
  scale(1);
}

std::uint32_t AdaptiveLimit::limit() const noexcept {
  const double limit = phase_ == Phase::Following ? limit_ : limit_ / 2;
  return std::clamp(static_cast<std::uint32_t>(limit), settings_.min, settings_.max);
}

void AdaptiveLimit::scale(double factor) noexcept {
  limit_ = std::clamp(limit_ * factor, static_cast<double>(settings_.min), static_cast<double>(settings_.max));
}

void AdaptiveLimit::answered(Duration latency, std::uint32_t in_flight, TimePoint now) noexcept {
  if (phase_ == Phase::Draining) {
    if (in_flight > limit()) return pass(now);
    phase_ = Phase::Measuring;
    return begin_window(now);
  }
  // What began before stood in the queue that is to be left out.
  if (phase_ == Phase::Measuring && now - latency < begun_) return;
  peak_ = std::max(peak_, in_flight);
  ++answered_;
  sum_ += static_cast<double>(latency.count());
  if (window_is_full(now)) close_window(now);
}

void AdaptiveLimit::dropped(std::uint32_t in_flight, TimePoint now) noexcept {
  if (phase_ == Phase::Draining) return;
  peak_ = std::max(peak_, in_flight);
  ++dropped_;
  if (window_is_full(now)) close_window(now);
}

void AdaptiveLimit::pass(TimePoint now) noexcept {
  if (phase_ != Phase::Draining || now < drained_by_) return;
  phase_ = Phase::Following;
  not_before_ = now + kMeasureEvery;
  begin_window(now);
}

/// As many requests as fit in at once have gone through: the answers to the last change.
bool AdaptiveLimit::window_is_full(TimePoint now) const noexcept {
  const std::uint32_t ended = answered_ + dropped_;
  if (ended < kWindowRequests) return false;
  if (phase_ == Phase::Measuring) {
    return ended >= std::max(kMeasuredRequests, 2 * limit()) || now - begun_ >= kMeasuringTime;
  }
  return ended >= limit() && now - begun_ >= kWindow;
}

void AdaptiveLimit::begin_window(TimePoint now) noexcept {
  begun_ = now;
  sum_ = 0;
  answered_ = dropped_ = peak_ = 0;
}

void AdaptiveLimit::close_window(TimePoint now) noexcept {
  if (dropped_ * kDroppedPart > answered_ + dropped_) {
    rising_ = false;
    scale(answered_ == 0 ? kSteepest : kAfterDrops);
    // Without a base there is nothing to follow.
    if (phase_ == Phase::Measuring && base_ > 0) end_measurement(now);
  } else if (phase_ == Phase::Measuring) {
    base_ = sum_ / answered_;
    end_measurement(now);
  } else {
    follow(now);
  }
  begin_window(now);
}

void AdaptiveLimit::end_measurement(TimePoint now) noexcept {
  phase_ = Phase::Following;
  confirmed_ = now;
  strained_since_ = {};
}

void AdaptiveLimit::follow(TimePoint now) noexcept {
  const double latency = sum_ / answered_;
  const bool used = peak_ * 2.0 >= limit_;
  // Upwards only while the limit holds nobody back: otherwise the queue itself would become the base.
  if (latency < base_ || !used) base_ += kBaseWeight * (latency - base_);
  if (!used) {
    confirmed_ = now;
    strained_since_ = {};
    return;
  }
  const double gradient = std::clamp(settings_.tolerance * base_ / latency, kSteepest, 1.0);
  if (gradient < 1) rising_ = false;
  if (rising_) return scale(kRise);
  const double step = limit_ * (gradient - 1) + std::sqrt(limit_);
  limit_ += (gradient < 1 ? kDecline : kGrowth) * step;
  scale(1);
  if (gradient > kStrained) {
    strained_since_ = {};
  } else if (strained_since_ == TimePoint{}) {
    strained_since_ = now;
  }
  const bool strained = strained_since_ != TimePoint{} && now - strained_since_ >= kStrainedFor;
  if (now < not_before_ || !(strained || now - confirmed_ >= kMeasureEvery)) return;
  phase_ = Phase::Draining;
  // Half of what is inside ends within one latency, unless answers go on long after their heads.
  drained_by_ = now + std::max(kDrainingTime, Duration(static_cast<Duration::rep>(latency)));
}

}  // namespace sluice::gateway
