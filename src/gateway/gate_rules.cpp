#include "sluice/gateway/gate_rules.hpp"

namespace sluice::gateway {

GateRules::Arrival GateRules::arrive(TimePoint now) noexcept {
  if (enter_at_once()) return Arrival::Enters;
  if (limits_.waiting == 0) return Arrival::Refused;
  if (waiting_ >= limits_.waiting) return is_standing(now) ? Arrival::WaitsForOldest : Arrival::Refused;
  if (waiting_ == 0) filled_ = now;
  ++waiting_;
  return Arrival::Waits;
}

GateRules::Turn GateRules::next(TimePoint now) noexcept {
  if (waiting_ == 0 || !has_room()) return Turn::Nobody;
  const Turn turn = is_standing(now) ? Turn::Newest : Turn::Oldest;
  --waiting_;
  ++in_flight_;
  return turn;
}

}  // namespace sluice::gateway
