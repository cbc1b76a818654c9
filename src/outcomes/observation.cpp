#include "sluice/outcomes/observation.hpp"

#include <algorithm>

#include "sluice/base/stable_hash.hpp"

namespace sluice::outcomes {

void Label::set(std::string_view whole) noexcept {
  hash = stable_hash(0, whole);
  text = {};
  std::copy_n(whole.begin(), std::min(whole.size(), text.size()), text.begin());
}

std::string_view Label::shown() const noexcept {
  return {text.data(), static_cast<std::size_t>(std::find(text.begin(), text.end(), '\0') - text.begin())};
}

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
