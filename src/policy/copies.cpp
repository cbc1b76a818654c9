// Which routes make copies of requests, and how the answers to them are compared.
#include <algorithm>
#include <type_traits>
#include <variant>

#include "sluice/policy/model_route.hpp"

namespace sluice::policy {
namespace {

/// Whether it holds of the strategy or, with stages, of one of them.
template <typename Holds>
bool holds_anywhere(const Strategy& strategy, Holds holds) noexcept {
  const auto* stages = std::get_if<Stages>(&strategy);
  if (stages == nullptr) return std::visit(holds, strategy);
  return std::any_of(stages->stages.begin(), stages->stages.end(),
                     [&](const Stage& stage) { return std::visit(holds, stage.strategy); });
}

struct CopiesByItself {
  template <typename Chosen>
  bool operator()(const Chosen& chosen) const noexcept {
    if constexpr (std::is_same_v<Chosen, BlueGreen>) return chosen.pre_promotion.mirror.fraction > 0;
    return std::is_same_v<Chosen, Shadow>;
  }
};

struct Splits {
  template <typename Chosen>
  bool operator()(const Chosen& /*chosen*/) const noexcept {
    return std::is_same_v<Chosen, Canary> || std::is_same_v<Chosen, AbTest> || std::is_same_v<Chosen, Bandit> ||
           std::is_same_v<Chosen, Rolling>;
  }
};

/// The shadow that says how answers are compared; null: there is none.
const Shadow* first_shadow(const Strategy& strategy) noexcept {
  if (const auto* shadow = std::get_if<Shadow>(&strategy)) return shadow;
  const auto* stages = std::get_if<Stages>(&strategy);
  if (stages == nullptr) return nullptr;
  for (const Stage& stage : stages->stages) {
    if (const auto* shadow = std::get_if<Shadow>(&stage.strategy)) return shadow;
  }
  return nullptr;
}

}  // namespace

bool splits_requests(const Strategy& strategy) noexcept {
  return holds_anywhere(strategy, Splits());
}

bool makes_copies(const ModelRoute& route) noexcept {
  if (holds_anywhere(route.strategy, CopiesByItself())) return true;
  return route.mirror && route.mirror->percent > 0 && splits_requests(route.strategy);
}

const Compare* compare_of(const ModelRoute& route) noexcept {
  if (const Shadow* shadow = first_shadow(route.strategy)) return shadow->compare ? &*shadow->compare : nullptr;
  return route.mirror && route.mirror->compare ? &*route.mirror->compare : nullptr;
}

}  // namespace sluice::policy
