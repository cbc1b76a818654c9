#pragma once

#include <string>

namespace sluice::cli {

/// The JSON Schema (draft 7) of one policy document, from the same declarations as the reader; pretty-printed.
std::string json_schema();

}  // namespace sluice::cli
