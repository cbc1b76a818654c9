#include "route_entry.hpp"

#include <algorithm>

namespace sluice::rollout {
namespace {

using strategy::Phase;
using strategy::RolloutState;

bool same_shares(const std::vector<strategy::ArmState>& one, const std::vector<strategy::ArmState>& other) noexcept {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
    return a.version == b.version && a.share == b.share && a.dropped == b.dropped && a.copies == b.copies;
  });
}

bool same_places(const std::vector<strategy::SlotState>& one, const std::vector<strategy::SlotState>& other) noexcept {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
    return a.stable == b.stable && a.candidate == b.candidate && a.phase == b.phase && a.back == b.back &&
           a.surge == b.surge;
  });
}

/// A guardrail threw an arm out: what it had goes to whoever is left, and that must not wait.
bool drops_one(const std::vector<strategy::ArmState>& before, const std::vector<strategy::ArmState>& after) noexcept {
  return std::any_of(after.begin(), after.end(), [&before](const auto& arm) {
    const auto was =
        std::find_if(before.begin(), before.end(), [&](const auto& a) { return a.version == arm.version; });
    return arm.dropped && was != before.end() && !was->dropped;
  });
}

/// Nobody but the version that others fall back to gets more than before.
bool gives_way(const traffic::TrafficPlan& from, const traffic::TrafficPlan& to) {
  if (from.versions() != to.versions()) return false;
  bool less = false;
  for (std::size_t i = 0; i < from.versions().size(); ++i) {
    const auto version = static_cast<traffic::VersionIndex>(i);
    if (to.mirror_share(version) > from.mirror_share(version)) return false;
    if (version == from.spec().stable) continue;
    const double before = from.target_share(version);
    const double after = to.target_share(version);
    if (after > before) return false;
    less = less || after < before;
  }
  return less;
}

bool same_segments(const std::vector<strategy::SegmentState>& one,
                   const std::vector<strategy::SegmentState>& other) noexcept {
  const auto excluded = [](const auto& list) {
    return std::count_if(list.begin(), list.end(), [](const auto& segment) { return segment.excluded; });
  };
  // They are only ever added one by one, or all let in again.
  return excluded(one) == excluded(other);
}

}  // namespace

std::string record_of(const std::string& route) {
  return "rollout/" + route;
}

bool steers_alike(const RolloutState& one, const RolloutState& other) noexcept {
  return one.phase == other.phase && one.step == other.step && one.weight == other.weight && one.live == other.live &&
         one.warm_until.has_value() == other.warm_until.has_value() && one.paused == other.paused &&
         one.window == other.window && same_shares(one.arms, other.arms) && same_places(one.slots, other.slots) &&
         same_segments(one.segments, other.segments) && one.winner == other.winner && one.stage == other.stage &&
         one.attempt == other.attempt && one.reason == other.reason && one.bank == other.bank;
}

Move::Kind kind_of(const RolloutState& before, const RolloutState& after, const strategy::Steering& from,
                   const strategy::Steering* to) {
  const Phase phase = after.phase;
  if (phase != before.phase) {
    const bool back = phase == Phase::RolledBack || phase == Phase::Aborted || phase == Phase::RollingBack;
    if (back || phase == Phase::Held) return Move::Kind::Retreat;
    if (phase == Phase::Promoted) return Move::Kind::Advance;
  }
  if (drops_one(before.arms, after.arms)) return Move::Kind::Retreat;
  // A segment went back to stable.
  if (!same_segments(before.segments, after.segments) && after.phase != Phase::Promoted) return Move::Kind::Retreat;
  if (phase != before.phase && phase == Phase::Concluded) return Move::Kind::Advance;
  if (after.paused && !before.paused) return Move::Kind::Retreat;
  if (to == nullptr) return Move::Kind::Remember;
  if (before.phase == Phase::RollingBack && phase == before.phase) return Move::Kind::Retreat;  // further on the way
  return gives_way(from.plan, to->plan) ? Move::Kind::Retreat : Move::Kind::Advance;
}

}  // namespace sluice::rollout
