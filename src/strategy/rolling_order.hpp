#pragma once

#include <cstddef>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// Which instance of a rolling update is next, within what may be out of service and what may run beyond.
namespace sluice::strategy {

enum class WayIn : std::uint8_t {
  NotNow,
  GoesFirst,   ///< stable's endpoint is drained, then the candidate's comes
  ComesFirst,  ///< the candidate's endpoint serves before stable's goes
};

/// How the slot, which is Old, may begin now. Instances are exchanged first; what one version has more of comes or goes
/// at the end.
WayIn way_in(const policy::Rolling& rolling, const Evidence& evidence, const std::vector<SlotState>& slots,
             std::size_t index);

/// Turns as many slots back as rollbackBatch lets at a time: those that serve nobody first, and never the last one that
/// serves while there are others. One that is late takes nobody's place. A candidate that serves only until stable is
/// back goes at once where the others are enough, and as soon as stable is late where somebody else of stable serves.
void turn_back(const policy::Rolling& rolling, const Evidence& evidence, std::vector<SlotState>& slots, WallTime now);

/// The slot is on its way back for longer than replaceTimeout.
bool is_late_back(const policy::Rolling& rolling, const SlotState& slot, WallTime now) noexcept;

}  // namespace sluice::strategy
