#include "sluice/rollout/pulse.hpp"

#include <algorithm>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

constexpr Duration soon = 250ms;
constexpr Duration usual = 10s;
constexpr std::size_t remembered = 16;
constexpr int looks_in_full = 1000;

WallTime after(WallTime time, Duration duration) {
  return time + std::chrono::duration_cast<WallTime::duration>(duration);
}

Duration interval_of(const std::optional<policy::Analysis>& analysis) {
  return analysis ? analysis->interval : usual;
}

/// How often a strategy looks.
struct Interval {
  Duration operator()(const policy::Canary& canary) const { return interval_of(canary.analysis); }
  Duration operator()(const policy::BlueGreen& blue_green) const {
    return std::min(interval_of(blue_green.pre_promotion.analysis), interval_of(blue_green.post_promotion.analysis));
  }
  Duration operator()(const policy::Rolling& rolling) const {
    return std::min<Duration>(1s, interval_of(rolling.analysis));
  }
  Duration operator()(const policy::Shadow& shadow) const { return interval_of(shadow.analysis); }
  Duration operator()(const policy::Bandit& bandit) const { return std::min(usual, bandit.update_interval); }
  Duration operator()(const policy::AbTest& /*test*/) const { return usual; }
  Duration operator()(const policy::Stages& /*stages*/) const { return usual; }
  Duration operator()(const std::monostate& /*none*/) const { return usual; }
};

/// What a strategy counts from something that happened.
struct Moments {
  std::vector<Duration>& out;

  void operator()(const policy::Canary& canary) const {
    for (const auto& step : canary.steps) {
      if (step.pause.duration) out.push_back(*step.pause.duration);
    }
    out.push_back(canary.progress_deadline + 1ms);
  }
  void operator()(const policy::BlueGreen& blue_green) const { out.push_back(blue_green.auto_promote.after); }
  void operator()(const policy::Rolling& rolling) const {
    out.push_back(rolling.min_ready);
    out.push_back(rolling.progress_deadline + 1ms);
  }
  void operator()(const policy::Shadow& /*shadow*/) const {}
  void operator()(const policy::Bandit& /*bandit*/) const {}
  void operator()(const policy::AbTest& test) const {
    if (test.max_duration) out.push_back(*test.max_duration);
  }
  void operator()(const policy::Stages& stages) const {
    for (const auto& stage : stages.stages) {
      out.push_back(stage.at_least);
      std::visit(*this, stage.strategy);
    }
  }
  void operator()(const std::monostate& /*none*/) const {}
};

}  // namespace

Pulse::Pulse(const policy::Strategy& strategy, WallTime begun) {
  if (const auto* stages = std::get_if<policy::Stages>(&strategy)) {
    for (const auto& stage : stages->stages) intervals_.push_back(std::visit(Interval{}, stage.strategy));
  }
  if (intervals_.empty()) intervals_.push_back(std::visit(Interval{}, strategy));
  for (Duration& interval : intervals_) interval = std::max(interval, soon);
  std::visit(Moments{moments_}, strategy);
  past_.push_back(begun);
}

void Pulse::happened(WallTime now) {
  if (past_.back() == now) return;
  // The beginning stays: some things are counted from there.
  if (past_.size() == remembered) past_.erase(past_.begin() + 1);
  past_.push_back(now);
}

WallTime Pulse::next(WallTime now) const {
  const WallTime last = past_.back();
  if (now == last) return after(now, soon);
  const Duration interval = intervals_[std::min<std::size_t>(stage_, intervals_.size() - 1)];
  // Looks stand on the grid that began with what happened last.
  const Duration since = now - last;
  const Duration stride = std::max(interval, since / looks_in_full / interval * interval);
  WallTime when = after(last, (since / interval) * interval + stride);
  for (const WallTime& time : past_) {
    for (const Duration& moment : moments_) {
      const WallTime at = after(time, moment);
      if (at > now) when = std::min(when, at);
    }
  }
  return when;
}

}  // namespace sluice::rollout
