#include "sluice/base/error.hpp"

namespace sluice {

std::string_view to_string(Origin origin) noexcept {
  switch (origin) {
    case Origin::Client:
      return "client";
    case Origin::Upstream:
      return "upstream";
    case Origin::Internal:
      return "internal";
  }
  return "internal";
}

}  // namespace sluice
