#include "sluice/outcomes/decision.hpp"

#include "sluice/base/stable_hash.hpp"

namespace sluice::outcomes {

std::uint64_t name_hash(std::string_view name) noexcept {
  return stable_hash(0, name);
}

}  // namespace sluice::outcomes
