#include "rolling_slots.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::strategy {
namespace {

std::string authority_of(const policy::Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

bool contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

using Side = std::string SlotState::*;

/// Forgets endpoints that are gone, where nothing hangs on them any more.
void drop_gone(std::vector<SlotState>& slots, Side side, const std::vector<std::string>& known) {
  if (known.empty()) return;
  for (SlotState& slot : slots) {
    if (!is_under_way(slot) && !contains(known, slot.*side)) (slot.*side).clear();
  }
}

/// The slot that a newcomer belongs to: its own server's, then the first that has a place for it.
SlotState* place_for(std::vector<SlotState>& slots, Side side, Side other, const std::string& authority) {
  SlotState* free = nullptr;
  for (SlotState& slot : slots) {
    if (slot.phase != SlotPhase::Old || !(slot.*side).empty()) continue;
    if (slot.*other == authority) return &slot;
    if (free == nullptr) free = &slot;
  }
  return free;
}

void add_new(std::vector<SlotState>& slots, Side side, Side other, const std::vector<std::string>& known) {
  const auto is_placed = [&](const std::string& authority) {
    return std::any_of(slots.begin(), slots.end(), [&](const SlotState& slot) { return slot.*side == authority; });
  };
  for (const bool same_server : {true, false}) {
    for (const std::string& authority : known) {
      if (is_placed(authority)) continue;
      SlotState* place = place_for(slots, side, other, authority);
      if (same_server && (place == nullptr || place->*other != authority)) continue;
      if (place == nullptr) place = &slots.emplace_back();
      place->*side = authority;
    }
  }
}

/// Not beyond `total`; a share of it rounded as asked.
std::size_t amount(const policy::CountOrRatio& value, std::size_t total, bool up) noexcept {
  if (!value.ratio) return std::min<std::size_t>(value.count, total);
  // A share that was written as a decimal must not miss its whole number by the last bit.
  const double exact = value.ratio->fraction * static_cast<double>(total);
  const double rounded = up ? std::ceil(exact - 1e-9) : std::floor(exact + 1e-9);
  return std::min(static_cast<std::size_t>(std::max(rounded, 0.0)), total);
}

}  // namespace

bool is_under_way(const SlotState& slot) noexcept {
  return slot.phase != SlotPhase::Old && slot.phase != SlotPhase::New;
}

bool is_pair(const SlotState& slot) noexcept {
  return !slot.stable.empty() && !slot.candidate.empty();
}

Sides sides_of(const SlotState& slot) noexcept {
  const SlotPhase phase = slot.phase;
  // Of the one that goes and the one that comes, whichever way.
  const bool goes = slot.surge && (phase == SlotPhase::Replacing || phase == SlotPhase::Readying ||
                                   phase == SlotPhase::Warming || phase == SlotPhase::Settling);
  const bool counts = phase == SlotPhase::Settling || (slot.surge && phase == SlotPhase::Draining);
  const bool comes = counts || phase == SlotPhase::Warming;
  Sides sides;
  if (phase == SlotPhase::Old) {
    sides = {true, true, false, false};
  } else if (phase == SlotPhase::New) {
    sides = {false, false, true, true};
  } else {
    sides = slot.back ? Sides{comes, counts, goes, goes} : Sides{goes, goes, comes, counts};
  }
  if (slot.stable.empty()) sides.stable_in = sides.stable_counts = false;
  if (slot.candidate.empty()) sides.candidate_in = sides.candidate_counts = false;
  return sides;
}

double weight_of(const std::vector<SlotState>& slots) noexcept {
  double stable = 0;
  double candidate = 0;
  for (const SlotState& slot : slots) {
    const Sides sides = sides_of(slot);
    stable += sides.stable_counts ? 1 : 0;
    candidate += sides.candidate_counts ? 1 : 0;
  }
  return candidate == 0 ? 0 : candidate / (stable + candidate);
}

std::size_t count_in(const std::vector<SlotState>& slots, SlotPhase phase) noexcept {
  return static_cast<std::size_t>(
      std::count_if(slots.begin(), slots.end(), [phase](const SlotState& slot) { return slot.phase == phase; }));
}

std::vector<std::string> endpoints_of(const policy::ModelRoute& route, const Evidence& evidence,
                                      const std::string& version) {
  std::vector<std::string> made;
  for (const EndpointEvidence& endpoint : evidence.endpoints) {
    if (endpoint.version == version) made.push_back(endpoint.authority);
  }
  if (!made.empty()) return made;
  for (const policy::Version& named : route.versions) {
    if (named.name != version) continue;
    for (const policy::Endpoint& endpoint : named.endpoints) {
      if (endpoint.scheme != policy::Scheme::Dns) made.push_back(authority_of(endpoint));
    }
  }
  return made;
}

void reconcile(std::vector<SlotState>& slots, const std::vector<std::string>& stable,
               const std::vector<std::string>& candidate) {
  drop_gone(slots, &SlotState::stable, stable);
  drop_gone(slots, &SlotState::candidate, candidate);
  add_new(slots, &SlotState::stable, &SlotState::candidate, stable);
  add_new(slots, &SlotState::candidate, &SlotState::stable, candidate);
  std::erase_if(slots, [](const SlotState& slot) { return slot.stable.empty() && slot.candidate.empty(); });
}

Limits limits_of(const policy::Rolling& rolling, const std::vector<SlotState>& slots) noexcept {
  Limits limits;
  // Also an instance whose stable endpoint was taken away once the candidate had its place.
  limits.total = static_cast<std::size_t>(std::count_if(slots.begin(), slots.end(), [](const SlotState& slot) {
    return !slot.stable.empty() || slot.phase == SlotPhase::New;
  }));
  // The servers that are there are all there is.
  limits.surge =
      rolling.replace == policy::Replace::ModelRepository ? 0 : amount(rolling.max_surge, limits.total, true);
  limits.unavailable = amount(rolling.max_unavailable, limits.total, false);
  if (limits.surge == 0) limits.unavailable = std::max<std::size_t>(limits.unavailable, 1);
  limits.at_least = limits.total - std::min(limits.unavailable, limits.total);
  const double share = rolling.rollback_batch.fraction * static_cast<double>(slots.size());
  limits.batch = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(share - 1e-9)));
  return limits;
}

/// It has traffic, be it for a moment after a start only because nobody has doubted it yet.
static bool answers(const Evidence& evidence, const std::string& version, const std::string& authority) noexcept {
  const EndpointEvidence* seen = evidence.find_endpoint(version, authority);
  return seen != nullptr && (seen->ready || seen->unchecked);
}

bool Capacity::is_ready(const std::string& version, const std::string& authority) const noexcept {
  const EndpointEvidence* seen = evidence_.find_endpoint(version, authority);
  return seen != nullptr && seen->ready;
}

bool Capacity::serves(const SlotState& slot) const noexcept {
  const Sides sides = sides_of(slot);
  return (sides.stable_counts && answers(evidence_, rolling_.stable, slot.stable)) ||
         (sides.candidate_counts && answers(evidence_, rolling_.candidate, slot.candidate));
}

bool Capacity::is_available(const SlotState& slot) const noexcept {
  const bool proves_itself = slot.phase == SlotPhase::Settling && !slot.surge;
  return !proves_itself && serves(slot);
}

bool Capacity::stable_serves() const noexcept {
  return std::any_of(slots_.begin(), slots_.end(), [this](const SlotState& slot) {
    return sides_of(slot).stable_counts && is_ready(rolling_.stable, slot.stable);
  });
}

bool Capacity::has_stable() const noexcept {
  return std::any_of(slots_.begin(), slots_.end(),
                     [this](const SlotState& slot) { return is_ready(rolling_.stable, slot.stable); });
}

std::size_t Capacity::serving() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [this](const SlotState& slot) { return serves(slot); }));
}

std::size_t Capacity::available() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [this](const SlotState& slot) { return is_available(slot); }));
}

}  // namespace sluice::strategy
