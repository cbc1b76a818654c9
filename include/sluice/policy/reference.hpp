#pragma once

#include <string>
#include <vector>

#include "sluice/policy/type.hpp"

namespace sluice::policy {

/// Every object type of the schema, in the order in which a reader meets them from the documents on.
std::vector<const Type*> object_types();

/// docs/policy-reference.md: every field with type, default, bounds and meaning.
std::string reference_markdown();

/// docs/error-codes.md: every code and what to do about it.
std::string error_codes_markdown();

}  // namespace sluice::policy
