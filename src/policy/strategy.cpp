#include "sluice/policy/strategy.hpp"

#include <array>

namespace sluice::policy {

std::string_view strategy_name(const Strategy& strategy) noexcept {
  static constexpr std::array<std::string_view, 8> names{"",       "shadow",  "abTest",    "bandit",
                                                         "canary", "rolling", "blueGreen", "stages"};
  static_assert(names.size() == std::variant_size_v<Strategy>);
  return strategy.valueless_by_exception() ? std::string_view() : names[strategy.index()];
}

}  // namespace sluice::policy
