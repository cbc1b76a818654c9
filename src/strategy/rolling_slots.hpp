#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// The instances of a rolling update as plain data: who is paired with whom, who gets traffic, and how many may be out
/// of service. Nothing here moves a slot.
namespace sluice::strategy {

/// Which endpoints of a slot get traffic, and which of them count for the weights, by the state alone.
struct Sides {
  bool stable_in = false;  ///< not withheld
  bool stable_counts = false;
  bool candidate_in = false;
  bool candidate_counts = false;
};
Sides sides_of(const SlotState& slot) noexcept;

/// Neither Old nor New.
bool is_under_way(const SlotState& slot) noexcept;
/// An instance that is exchanged, not one that only comes or only goes.
bool is_pair(const SlotState& slot) noexcept;
/// The rollout's word on who serves: candidate's endpoints over all, 0…1.
double weight_of(const std::vector<SlotState>& slots) noexcept;
std::size_t count_in(const std::vector<SlotState>& slots, SlotPhase phase) noexcept;

/// The authorities of a version's endpoints: as they are watched, or before that as the policy names them, those behind
/// a name that is looked up aside.
std::vector<std::string> endpoints_of(const policy::ModelRoute& route, const Evidence& evidence,
                                      const std::string& version);

/// Brings the slots in line with the endpoints that there are: those with the same authority are one instance, the rest
/// are paired in order; the ones that are left over come in or go at the end. Slots under way keep what they have, and
/// a version without endpoints is one that nothing is known of.
void reconcile(std::vector<SlotState>& slots, const std::vector<std::string>& stable,
               const std::vector<std::string>& candidate);

/// How many instances may be out of service, and how many may run beyond.
struct Limits {
  std::size_t total = 0;     ///< instances of the stable version
  std::size_t at_least = 0;  ///< must serve at any time
  std::size_t unavailable = 1;
  std::size_t surge = 0;
  std::size_t batch = 1;  ///< go back at the same time
};
/// Rounds as a Deployment does: what may be missing down, what may be too many up; one is missing when both are 0.
Limits limits_of(const policy::Rolling& rolling, const std::vector<SlotState>& slots) noexcept;

/// Who serves now: let in by the rollout, and ready as far as is known.
class Capacity {
 public:
  Capacity(const policy::Rolling& rolling, const Evidence& evidence, const std::vector<SlotState>& slots)
      : rolling_(rolling), evidence_(evidence), slots_(slots) {}

  bool is_ready(const std::string& version, const std::string& authority) const noexcept;
  /// Some endpoint of the slot serves.
  bool serves(const SlotState& slot) const noexcept;
  /// The same, and has done so for long enough to be relied upon: a candidate that settles has not.
  bool is_available(const SlotState& slot) const noexcept;
  std::size_t serving() const noexcept;
  std::size_t available() const noexcept;
  /// Some endpoint of the stable version serves.
  bool stable_serves() const noexcept;
  /// The same, or it would if it were let in.
  bool has_stable() const noexcept;

 private:
  const policy::Rolling& rolling_;
  const Evidence& evidence_;
  const std::vector<SlotState>& slots_;
};

}  // namespace sluice::strategy
