#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/comparison.hpp"

namespace sluice::compare {

/// What people may see of fields that differ, where the policy redacts: keys below a redacted pointer are as much of
/// the answer as what stands there, and by how much it differs says something of it, too.
///
/// Rather too much is hidden than too little: a `*` of the path and an index of the pointer stand for anything, for
/// outputs and other elements of lists are called by their names in one of the two. Immutable.
class HiddenFields {
 public:
  HiddenFields() = default;
  explicit HiddenFields(const std::vector<std::string>& pointers);

  /// The beginning of a field's path, to the first pointer that leads to it or above it.
  std::string_view shown(std::string_view field) const noexcept;
  /// Each field once; of those at or above a pointer no size, and below it no change either.
  std::vector<Difference> shown(std::vector<Difference> differences) const;

 private:
  enum class Relation { Apart, Above, Below };
  using Pointer = std::vector<std::string>;  // tokens, as paths spell them
  static Relation relation(const Pointer& pointer, std::string_view field, std::size_t& end) noexcept;

  std::vector<Pointer> pointers_;
};

}  // namespace sluice::compare
