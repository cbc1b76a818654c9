#pragma once

#include <string_view>

namespace sluice::traffic {

/// The value of the first cookie of that name in a Cookie field ("a=1; b=2"), without blanks around it; names compare
/// with case. Absent when there is none. One pass over the field.
std::string_view find_cookie(std::string_view field, std::string_view name) noexcept;

}  // namespace sluice::traffic
