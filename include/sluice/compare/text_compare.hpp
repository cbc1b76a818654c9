#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::compare {

/// How much of two texts differs: insertions, deletions and replacements that turn one into the other (Levenshtein), as
/// a share of the longer one. 0: they are equal … 1.
///
/// What both begin and end with costs nothing. Of the rest at most kUnits characters are compared exactly; of longer
/// ones words, and where these are too many, runs of words, whose ends depend on the words around them alone, so that
/// what was inserted does not move them. A run with one other word counts as another run, so there the share is rather
/// too large than too small. Some 10 ms per MiB of text, 2 ms more and 4 MiB, whatever they hold; where a pair has
/// many, those beyond kSteps are told with kFewUnits. Keeps its memory. One thread.
class TextCompare {
 public:
  static constexpr std::size_t kUnits = 4096;
  static constexpr std::size_t kFewUnits = 256;
  static constexpr std::size_t kSteps = 4'000'000;  ///< of 64 cells, for one pair: some 10 ms

  /// Before the texts of another pair.
  void begin() noexcept { steps_ = 0; }
  double edit_ratio(std::string_view one, std::string_view other);
  void trim();

 private:
  using Units = std::vector<std::uint64_t>;

  /// Insertions, deletions and replacements; at most kUnits on either side.
  std::size_t distance(const Units& pattern, const Units& text);

  Units one_;
  Units other_;
  Units symbols_;  ///< of the pattern, sorted
  Units table_;    ///< bit i of symbol s: the pattern has it at i
  Units positive_;
  Units negative_;
  std::size_t steps_ = 0;
};

}  // namespace sluice::compare
