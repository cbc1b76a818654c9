#pragma once

#include <span>
#include <string_view>

namespace sluice::traffic {

/// The percent-decoded value of the first parameter of that name in a query ("a=1&b=2", without the '?').
///
/// Absent when there is none or when its decoded value does not fit into `buffer`. '+' is a space; '%' without two
/// hexadecimal digits stands for itself; a parameter without '=' has the empty value. A value with nothing to decode
/// is returned as it stands in the query, anything else in `buffer`. Any bytes are fine; one pass; no allocation.
std::string_view find_query_param(std::string_view query, std::string_view name, std::span<char> buffer) noexcept;

}  // namespace sluice::traffic
