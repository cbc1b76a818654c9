#include "sluice/strategy/dispatch.hpp"

#include <variant>

#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/blue_green.hpp"
#include "sluice/strategy/canary.hpp"
#include "sluice/strategy/plain.hpp"
#include "sluice/strategy/rolling.hpp"
#include "sluice/strategy/shadow.hpp"

namespace sluice::strategy {

RolloutState begin(const policy::StageStrategy& strategy, RolloutState state, const Context& context) {
  return std::visit([&](const auto& one) { return begin(one, std::move(state), context); }, strategy);
}

Transition advance(const policy::StageStrategy& strategy, const RolloutState& state, const Context& context) {
  return std::visit([&](const auto& one) { return advance(one, state, context); }, strategy);
}

Result<Steering> steer(const policy::StageStrategy& strategy, const policy::ModelRoute& route,
                       const RolloutState& state) {
  return std::visit([&](const auto& one) { return steer(one, route, state); }, strategy);
}

}  // namespace sluice::strategy
