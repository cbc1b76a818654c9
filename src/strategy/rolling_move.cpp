#include "rolling_move.hpp"

#include <algorithm>
#include <utility>

#include "rolling_errands.hpp"
#include "rolling_slots.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

/// Between two tries to get stable back; grows with every try up to `longest_pause`.
constexpr Duration first_return = 10s;
constexpr Duration longest_return = 5min;

void put(SlotState& slot, SlotPhase phase, WallTime now) {
  slot.phase = phase;
  slot.since = now;
  if (phase == SlotPhase::Replacing) ++slot.tries;
}

void rest(SlotState& slot, SlotPhase phase, WallTime now) {
  put(slot, phase, now);
  slot.back = slot.surge = false;
}

bool exchanges(const policy::Rolling& rolling) noexcept {
  return rolling.replace != policy::Replace::Endpoints;
}

/// One slot for the length of a look.
class Mover {
 public:
  Mover(const policy::Rolling& rolling, const Context& context, std::size_t index, Transition& transition)
      : rolling_(rolling), context_(context), index_(index), transition_(transition) {}

  Move forwards(bool proven, bool at_once) {
    Move move;
    switch (slot().phase) {
      case SlotPhase::Draining:
        move = slot().surge ? leave() : drain();
        break;
      case SlotPhase::Replacing:
        move = replace();
        break;
      case SlotPhase::Readying:
        move = get_ready();
        break;
      case SlotPhase::Warming:
        move = warm_up();
        break;
      case SlotPhase::Settling:
        return settle(proven, at_once);
      case SlotPhase::Old:
      case SlotPhase::New:
        return move;
    }
    if (move.kind == Move::Kind::Stays && is_late()) {
      const std::string& who = slot().candidate.empty() ? slot().stable : slot().candidate;
      return {Move::Kind::Failed, "ReplaceTimeout",
              who + " is not in service after " + short_duration(rolling_.replace_timeout) + ": " + move.message};
    }
    return move;
  }

  Move backwards() {
    if (is_nowhere(rolling_.stable, slot().stable)) return finish(SlotPhase::Old, "nothing to come back");
    switch (slot().phase) {
      case SlotPhase::Draining:
        return drain_back();
      case SlotPhase::Replacing:
        return replace_back();
      case SlotPhase::Readying:
        return get_ready_back();
      case SlotPhase::Warming:
        return warm_up_back();
      case SlotPhase::Settling:
        return finish(SlotPhase::Old, serves_text());
      case SlotPhase::Old:
      case SlotPhase::New:
        break;
    }
    return {};
  }

 private:
  SlotState& slot() { return transition_.state.slots[index_]; }
  const std::string& goer() { return slot().back ? slot().candidate : slot().stable; }
  const std::string& comer() { return slot().back ? slot().stable : slot().candidate; }
  const std::string& going_version() { return slot().back ? rolling_.candidate : rolling_.stable; }
  const std::string& coming_version() { return slot().back ? rolling_.stable : rolling_.candidate; }

  /// The version is known to have endpoints, and this is none of them any more.
  bool is_nowhere(const std::string& version, const std::string& authority) const {
    const auto& all = context_.evidence.endpoints;
    return authority.empty() ||
           (context_.evidence.find_endpoint(version, authority) == nullptr &&
            std::any_of(all.begin(), all.end(), [&](const EndpointEvidence& seen) { return seen.version == version; }));
  }

  /// Drain, replacement and readiness together; where stable only leaves at the end, its drain alone.
  bool is_late() {
    const WallTime from = slot().surge && slot().phase == SlotPhase::Draining ? slot().since : slot().begun;
    return context_.now - from >= rolling_.replace_timeout;
  }
  bool stays_too_long() { return context_.now - slot().since >= rolling_.replace_timeout; }

  Move wait(std::string what) { return {Move::Kind::Stays, "", std::move(what)}; }
  Move go(SlotPhase phase, std::string what) {
    put(slot(), phase, context_.now);
    return {Move::Kind::Moved, "", std::move(what)};
  }
  Move finish(SlotPhase phase, std::string what) {
    rest(slot(), phase, context_.now);
    return {Move::Kind::Finished, "", std::move(what)};
  }
  std::string serves_text() { return comer() + " serves '" + coming_version() + "'"; }

  /// Nothing is under way at the endpoint that goes, and nothing new comes. Empty: so it is.
  std::string still_busy() {
    const EndpointEvidence* seen = context_.evidence.find_endpoint(going_version(), goer());
    if (seen == nullptr) return "";
    if (!seen->withheld) return goer() + " is about to get nothing new";
    if (seen->in_flight <= 0) return "";
    return std::to_string(seen->in_flight) + " requests are under way at " + goer();
  }

  Move after_drain() {
    if (exchanges(rolling_)) return go(SlotPhase::Replacing, goer() + " is drained and is replaced");
    return go(SlotPhase::Readying, goer() + " is drained, " + comer() + " is to become ready");
  }

  Move drain() {
    if (auto busy = still_busy(); !busy.empty()) return wait(std::move(busy));
    if (comer().empty()) return finish(SlotPhase::New, goer() + " left '" + going_version() + "'");
    return after_drain();
  }

  /// The candidate has taken over; what stable has under way ends.
  Move leave() {
    if (auto busy = still_busy(); !busy.empty()) return wait(std::move(busy));
    return finish(SlotPhase::New, serves_text());
  }

  Move replace() {
    auto done = replace_instance(rolling_, context_, index_, transition_);
    if (done.kind == Progress::Kind::Waiting) return wait(std::move(done.message));
    if (done.kind == Progress::Kind::Failed) return {Move::Kind::Failed, "ReplaceFailed", std::move(done.message)};
    return go(SlotPhase::Readying, comer() + " is replaced and is to become ready");
  }

  /// Empty: the endpoint that comes is ready.
  std::string not_ready() {
    const auto model = model_is_ready(rolling_, context_, index_, transition_);
    const EndpointEvidence* seen = context_.evidence.find_endpoint(coming_version(), comer());
    if (seen == nullptr) return comer() + " is not known";
    if (!seen->ready) return comer() + " is not ready" + (seen->reason.empty() ? "" : ": " + seen->reason);
    if (model.kind != Progress::Kind::Done) return model.message;
    return "";
  }

  Move get_ready() {
    if (auto why = not_ready(); !why.empty()) return wait(std::move(why));
    return go(SlotPhase::Warming, comer() + " is ready and warms up");
  }

  /// Empty: it may get traffic.
  std::string not_in() {
    const EndpointEvidence* seen = context_.evidence.find_endpoint(coming_version(), comer());
    if (seen == nullptr) return comer() + " is not known";
    if (seen->withheld) return comer() + " is about to be let in";
    if (!seen->ready) return comer() + " warms up" + (seen->reason.empty() ? "" : ": " + seen->reason);
    return "";
  }

  Move warm_up() {
    if (auto why = not_in(); !why.empty()) return wait(std::move(why));
    Move move = go(SlotPhase::Settling, serves_text());
    move.admitted = true;
    return move;
  }

  Move settle(bool proven, bool at_once) {
    const EndpointEvidence* seen = context_.evidence.find_endpoint(coming_version(), comer());
    if (seen == nullptr || !seen->ready) return wait(comer() + " is no longer ready");
    const bool long_enough = context_.now - slot().since >= rolling_.min_ready && seen->ready_for >= rolling_.min_ready;
    if (!long_enough && !at_once) return wait(comer() + " is to be ready for " + short_duration(rolling_.min_ready));
    if (!proven) return wait(comer() + " is to pass its checks");
    if (slot().surge && !goer().empty()) return go(SlotPhase::Draining, serves_text() + ", " + goer() + " drains");
    return finish(SlotPhase::New, serves_text());
  }

  // ---- the way back never gives up

  Move drain_back() {
    if (auto busy = still_busy(); !busy.empty() && !stays_too_long()) return wait(std::move(busy));
    return after_drain();
  }

  Move replace_back() {
    auto done = replace_instance(rolling_, context_, index_, transition_);
    if (done.kind == Progress::Kind::Waiting) return wait(std::move(done.message));
    if (done.kind == Progress::Kind::Done) return go(SlotPhase::Readying, comer() + " is to become ready again");
    const Duration pause = std::min<Duration>(first_return * std::max<std::uint32_t>(slot().tries, 1), longest_return);
    if (context_.now - slot().since < pause) return wait(std::move(done.message));
    return go(SlotPhase::Replacing, "tries again: " + done.message);
  }

  Move get_ready_back() {
    auto why = not_ready();
    if (why.empty()) return go(SlotPhase::Warming, comer() + " is ready again and warms up");
    return stays_too_long() ? try_otherwise(std::move(why)) : wait(std::move(why));
  }

  Move warm_up_back() {
    auto why = not_in();
    if (why.empty()) return finish(SlotPhase::Old, serves_text() + " again");
    return stays_too_long() ? try_otherwise(std::move(why)) : wait(std::move(why));
  }

  /// A server is asked once more for its model. Where there is nobody to ask, stable's endpoint is what it was before
  /// the rollout, and the rest of stable does without it; but traffic must not go to a version of which nobody answers.
  Move try_otherwise(std::string why) {
    if (exchanges(rolling_)) return go(SlotPhase::Replacing, "tries again: " + why);
    const Capacity capacity(rolling_, context_.evidence, transition_.state.slots);
    const bool may = !slot().surge && (capacity.stable_serves() || capacity.serving() == 0);
    if (!may) return wait(std::move(why));
    return finish(SlotPhase::Old, comer() + " is given back to '" + coming_version() + "' as it is: " + why);
  }

  const policy::Rolling& rolling_;
  const Context& context_;
  const std::size_t index_;
  Transition& transition_;
};

}  // namespace

std::string start_slot(const policy::Rolling& rolling, SlotState& slot, bool surge, WallTime now) {
  slot.surge = surge;
  slot.begun = now;
  const bool comes_first = surge || slot.stable.empty();
  const SlotPhase coming = exchanges(rolling) ? SlotPhase::Replacing : SlotPhase::Readying;
  put(slot, comes_first ? coming : SlotPhase::Draining, now);
  if (slot.candidate.empty()) return slot.stable + " leaves '" + rolling.stable + "'";
  if (slot.stable.empty()) return slot.candidate + " comes to '" + rolling.candidate + "'";
  if (surge) return slot.candidate + " comes before " + slot.stable + " goes";
  return slot.stable + " gets nothing new and is replaced by '" + rolling.candidate + "'";
}

bool can_overlap(const policy::Rolling& rolling, const SlotState& slot) noexcept {
  return rolling.replace != policy::Replace::ModelRepository && is_pair(slot) && slot.stable != slot.candidate;
}

void turn_slot(const policy::Rolling& rolling, SlotState& slot, WallTime now) {
  const Sides sides = sides_of(slot);
  // Before an outside actor or a server has been asked, stable's endpoint is still what it was.
  const bool untouched = slot.phase == SlotPhase::Draining && !slot.surge;
  slot.begun = now;
  slot.back = true;
  slot.surge = sides.candidate_counts && can_overlap(rolling, slot);
  if (slot.stable.empty()) return rest(slot, SlotPhase::Old, now);
  if (sides.stable_in && !exchanges(rolling)) return rest(slot, SlotPhase::Old, now);
  if (untouched || slot.candidate.empty() || !exchanges(rolling)) return put(slot, SlotPhase::Readying, now);
  put(slot, sides.candidate_counts && !slot.surge ? SlotPhase::Draining : SlotPhase::Replacing, now);
}

void turn_forward(const policy::Rolling& rolling, SlotState& slot, WallTime now) {
  const bool serves = sides_of(slot).candidate_counts;
  slot.begun = now;
  slot.back = slot.surge = false;
  if (serves) return put(slot, SlotPhase::New, now);
  if (slot.candidate.empty()) return put(slot, SlotPhase::Draining, now);
  put(slot, exchanges(rolling) ? SlotPhase::Replacing : SlotPhase::Readying, now);
}

Move move_slot(const policy::Rolling& rolling, const Context& context, std::size_t index, bool proven, bool at_once,
               Transition& transition) {
  Mover mover(rolling, context, index, transition);
  Move last;
  // Bounded by the phases; each needs evidence of its own, so a step that is only wished now stops it.
  for (int steps = 0; steps < 6; ++steps) {
    const bool back = transition.state.slots[index].back;
    Move move = back ? mover.backwards() : mover.forwards(proven, at_once);
    if (move.kind == Move::Kind::Stays) return last.kind == Move::Kind::Moved ? last : move;
    move.admitted |= last.admitted;
    last = std::move(move);
    if (last.kind != Move::Kind::Moved || last.admitted) return last;
  }
  return last;
}

}  // namespace sluice::strategy
