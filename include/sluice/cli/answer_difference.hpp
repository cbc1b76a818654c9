#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

/// What stands in one field of two answers, each as short JSON; "-" where there is nothing.
struct FieldValues {
  std::string live;
  std::string candidate;
  std::string place;  ///< where exactly, for a field with `*` or a list of numbers: "[3]"; else empty
};

/// Looks up a field as comparisons name it: a JSON pointer in which `*` is any index, and an element of a list of
/// objects goes by its `name` ("/outputs/scores"); of many places the first that differs. Nothing when one of the
/// bodies is no whole JSON, or when nothing differs there.
std::optional<FieldValues> values_of(std::string_view field, const std::string& live_body,
                                     const std::string& candidate_body);

}  // namespace sluice::cli
