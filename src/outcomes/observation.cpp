#include "sluice/outcomes/observation.hpp"

namespace sluice::outcomes {

std::string_view to_string(Unread unread) noexcept {
  switch (unread) {
    case Unread::NotLooked:
      break;
    case Unread::Absent:
      return "absent";
    case Unread::NoNumber:
      return "no_number";
    case Unread::TooLarge:
      return "too_large";
    case Unread::Encoded:
      return "encoded";
  }
  return "not_looked";
}

}  // namespace sluice::outcomes
