#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/compare/arg_max.hpp"
#include "sluice/compare/difference_list.hpp"
#include "sluice/compare/tensor_data.hpp"
#include "sluice/policy/shadow.hpp"

namespace sluice::compare {

/// By what the elements of one output agree.
struct ElementRules {
  policy::Agreement by = policy::Agreement::Values;
  Tolerance tolerance;
  std::size_t top = 5;
  double overlap = 1;
};

/// Compares the elements of two tensors of one shape, block by block, so it needs a few kilobytes whatever their size.
/// About a nanosecond per element where they are alike bit for bit, some five where not. One thread.
class TensorCompare {
 public:
  /// Both have the same number of elements. `row`: length of the last axis; rows of two and more numbers are searched
  /// for their largest one, whatever the rules say.
  void compare(TensorData live, TensorData other, std::uint64_t row, const ElementRules& rules, std::string_view field,
               DifferenceList& differences);

 private:
  struct Sums {
    double largest = 0;   ///< difference beyond the tolerances
    double relative = 0;  ///< the same, by the larger number
    double relative_of_all = 0;
    std::uint64_t beyond = 0;
    std::uint64_t rows = 0;
    std::uint64_t flips = 0;
    std::uint64_t unlike = 0;  ///< rows with too little overlap
  };
  void compare_bytes(TensorData& live, TensorData& other, std::string_view field, DifferenceList& differences);
  void compare_block(std::size_t count, bool is_wide, const ElementRules& rules, Precision precision, Sums& sums);
  void look_at_rows(std::size_t count, std::uint64_t row, const ElementRules& rules, Sums& sums);
  void end_row(const ElementRules& rules, Sums& sums);
  void begin_row(const ElementRules& rules);

  TensorData::Block live_;
  TensorData::Block other_;
  RowMaxima maxima_;
  RowTop top_;
  std::uint64_t in_row_ = 0;  ///< numbers of the row that were looked at
};

}  // namespace sluice::compare
