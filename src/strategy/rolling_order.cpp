#include "rolling_order.hpp"

#include <algorithm>

#include "rolling_move.hpp"
#include "rolling_slots.hpp"

namespace sluice::strategy {
namespace {

/// Pairs that are on their way to New.
struct Ahead {
  std::size_t surging = 0;  ///< with both endpoints at work
  std::size_t out = 0;      ///< with stable's gone
};

Ahead count_ahead(const std::vector<SlotState>& slots) {
  Ahead ahead;
  for (const SlotState& slot : slots) {
    if (!is_under_way(slot) || !is_pair(slot)) continue;
    if (!slot.surge) ++ahead.out;
    if (slot.surge && slot.phase != SlotPhase::Draining) ++ahead.surging;
  }
  return ahead;
}

/// What comes or goes alone waits for all others; nothing leaves before somebody of the candidate is there.
WayIn way_of_single(const std::vector<SlotState>& slots, const SlotState& slot) {
  const bool pairs_are_done = std::all_of(slots.begin(), slots.end(), [](const SlotState& other) {
    return !is_pair(other) || other.phase == SlotPhase::New;
  });
  const bool would_empty = slot.candidate.empty() && weight_of(slots) <= 0;
  return pairs_are_done && !would_empty ? WayIn::GoesFirst : WayIn::NotNow;
}

std::size_t count_back(const policy::Rolling& rolling, const std::vector<SlotState>& slots, WallTime now) {
  return static_cast<std::size_t>(std::count_if(slots.begin(), slots.end(), [&](const SlotState& slot) {
    return slot.back && is_under_way(slot) && !is_late_back(rolling, slot, now);
  }));
}

/// Who turns first: whoever serves nobody, then those whose stable endpoint can take over.
int rank_back(const policy::Rolling& rolling, const Capacity& capacity, const SlotState& slot) noexcept {
  if (!capacity.serves(slot)) return 0;
  const bool is_there = rolling.replace != policy::Replace::Endpoints || capacity.is_ready(rolling.stable, slot.stable);
  return is_there ? 1 : 2;
}

void turn_more(const policy::Rolling& rolling, const Capacity& capacity, const Limits& limits,
               std::vector<SlotState>& slots, WallTime now) {
  for (const int rank : {0, 1, 2}) {
    for (SlotState& slot : slots) {
      if (slot.phase == SlotPhase::Old || slot.back || rank_back(rolling, capacity, slot) != rank) continue;
      if (count_back(rolling, slots, now) >= limits.batch) return;
      const bool costs = rank > 0 && !can_overlap(rolling, slot) && slots.size() > 1;
      if (costs && capacity.serving() < 2) continue;
      turn_slot(rolling, slot, now);
    }
  }
}

void let_go(const policy::Rolling& rolling, const Capacity& capacity, const Limits& limits, SlotState& slot,
            WallTime now) {
  if (!slot.back || !slot.surge) return;
  const std::size_t others = capacity.serving() - (capacity.serves(slot) ? 1 : 0);
  const bool enough = others > 0 && others >= limits.at_least;
  // Where nobody of stable serves, one candidate would be left with everything.
  if (enough || (is_late_back(rolling, slot, now) && capacity.stable_serves())) slot.surge = false;
}

}  // namespace

WayIn way_in(const policy::Rolling& rolling, const Evidence& evidence, const std::vector<SlotState>& slots,
             std::size_t index) {
  const SlotState& slot = slots[index];
  if (slot.phase != SlotPhase::Old) return WayIn::NotNow;
  // A moment after a start it is not known yet who is there.
  const bool is_known = std::none_of(evidence.endpoints.begin(), evidence.endpoints.end(),
                                     [](const EndpointEvidence& seen) { return seen.unchecked; });
  if (!is_known) return WayIn::NotNow;
  if (!is_pair(slot)) return way_of_single(slots, slot);
  const Limits limits = limits_of(rolling, slots);
  const Ahead ahead = count_ahead(slots);
  if (ahead.surging < limits.surge && can_overlap(rolling, slot)) return WayIn::ComesFirst;
  // An instance that serves nobody may go whatever the others do, or a version that is down could not be mended.
  const Capacity capacity(rolling, evidence, slots);
  const bool affordable = !capacity.serves(slot) || capacity.available() > limits.at_least;
  return ahead.out < limits.unavailable && affordable ? WayIn::GoesFirst : WayIn::NotNow;
}

void turn_back(const policy::Rolling& rolling, const Evidence& evidence, std::vector<SlotState>& slots, WallTime now) {
  const Limits limits = limits_of(rolling, slots);
  const Capacity capacity(rolling, evidence, slots);
  turn_more(rolling, capacity, limits, slots, now);
  for (SlotState& slot : slots) let_go(rolling, capacity, limits, slot, now);
}

bool is_late_back(const policy::Rolling& rolling, const SlotState& slot, WallTime now) noexcept {
  return slot.back && is_under_way(slot) && now - slot.begun >= rolling.replace_timeout;
}

}  // namespace sluice::strategy
