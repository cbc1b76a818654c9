#include "sluice/strategy/dispatch.hpp"

#include <utility>
#include <variant>

#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/blue_green.hpp"
#include "sluice/strategy/canary.hpp"
#include "sluice/strategy/plain.hpp"
#include "sluice/strategy/rolling.hpp"
#include "sluice/strategy/shadow.hpp"

namespace sluice::strategy {
namespace {

// The types of a strategy's own functions. Called by name alone, a strategy whose header is missing above would become
// the variant again, and the functions below would call themselves without end; asked for by type, it does not compile.
template <typename One>
using Begin = RolloutState (*)(const One&, RolloutState, const Context&);
template <typename One>
using Advance = Transition (*)(const One&, const RolloutState&, const Context&);
template <typename One>
using Steer = Result<Steering> (*)(const One&, const policy::ModelRoute&, const RolloutState&);

}  // namespace

RolloutState begin(const policy::StageStrategy& strategy, RolloutState state, const Context& context) {
  return std::visit(
      [&]<typename One>(const One& one) { return static_cast<Begin<One>>(begin)(one, std::move(state), context); },
      strategy);
}

Transition advance(const policy::StageStrategy& strategy, const RolloutState& state, const Context& context) {
  return std::visit(
      [&]<typename One>(const One& one) { return static_cast<Advance<One>>(advance)(one, state, context); }, strategy);
}

Result<Steering> steer(const policy::StageStrategy& strategy, const policy::ModelRoute& route,
                       const RolloutState& state) {
  return std::visit([&]<typename One>(const One& one) { return static_cast<Steer<One>>(steer)(one, route, state); },
                    strategy);
}

}  // namespace sluice::strategy
