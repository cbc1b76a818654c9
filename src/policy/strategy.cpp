#include "sluice/policy/strategy.hpp"

#include <array>

namespace sluice::policy {
namespace {

/// In the order of both variants.
constexpr std::array<std::string_view, 8> strategy_names{"",       "shadow",  "abTest",    "bandit",
                                                         "canary", "rolling", "blueGreen", "stages"};
static_assert(strategy_names.size() == std::variant_size_v<Strategy>);

}  // namespace

std::string_view strategy_name(const Strategy& strategy) noexcept {
  return strategy.valueless_by_exception() ? std::string_view() : strategy_names[strategy.index()];
}

std::string_view strategy_name(const StageStrategy& strategy) noexcept {
  return strategy.valueless_by_exception() ? std::string_view() : strategy_names[strategy.index()];
}

}  // namespace sluice::policy
