#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sluice/stats/drift.hpp"

namespace sluice::compare {

/// From which bin to which a score goes when the candidate answers instead of live. Bins are the deciles of both
/// answers of the first kEnough pairs, frozen with them. Of both: then the two may be exchanged without another bin
/// coming of it, which is all the test on moves asks for, and even these pairs count. Plain data, some 3 KiB.
class ScoreMoves {
 public:
  static constexpr std::size_t kEnough = 100;

  /// Scores that are not finite are left out with their pair.
  void add(double live, double other);

  /// 0 until they are frozen.
  std::size_t bins() const noexcept { return bins_.size(); }
  /// `moves()[i * bins() + j]`: pairs whose live answer lies in bin i and whose other one lies in bin j.
  const std::vector<std::uint64_t>& moves() const noexcept { return moves_; }

 private:
  void freeze();
  void count(double live, double other) noexcept;

  stats::ScoreBins bins_;
  std::vector<std::pair<double, double>> waiting_;
  std::vector<std::uint64_t> moves_;
};

/// The same of classes, told by the hashes of their names: the kClasses commonest in the first kEnough pairs have a bin
/// each, the last bin is for all others. Plain data, up to 9 KiB.
class LabelMoves {
 public:
  static constexpr std::size_t kEnough = 100;
  static constexpr std::size_t kClasses = 32;

  void add(std::uint64_t live, std::uint64_t other);

  std::size_t bins() const noexcept { return moves_.empty() ? 0 : classes_.size() + 1; }
  const std::vector<std::uint64_t>& moves() const noexcept { return moves_; }

 private:
  void freeze();
  void count(std::uint64_t live, std::uint64_t other) noexcept;
  std::size_t bin_of(std::uint64_t label) const noexcept;

  std::vector<std::uint64_t> classes_;  // ascending
  std::vector<std::pair<std::uint64_t, std::uint64_t>> waiting_;
  std::vector<std::uint64_t> moves_;
};

}  // namespace sluice::compare
