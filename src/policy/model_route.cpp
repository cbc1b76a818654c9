#include "sluice/policy/model_route.hpp"

#include "sluice/policy/schema.hpp"

namespace sluice::policy {

std::string_view to_string(Protocol protocol) noexcept {
  return type_of(Tag<Protocol>{}).choices[static_cast<std::size_t>(protocol)].name;
}

}  // namespace sluice::policy
