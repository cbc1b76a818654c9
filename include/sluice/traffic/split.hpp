#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/base/result.hpp"

namespace sluice::traffic {

/// A version's place in the policy's list of versions.
using VersionIndex = std::uint16_t;

/// How much of a split a version gets, relative to the sum of the weights.
struct Weight {
  VersionIndex version = 0;
  double weight = 0;  ///< finite, 0 or more
};

/// What a position of the line is.
struct Place {
  VersionIndex version = 0;
  bool control = false;  ///< of the stable version: in its control slice
};

/// Divides the line of 2^32 positions among versions. Immutable and thread-safe.
///
/// Every version but the stable one grows from a home of its own, and the stable version has what is left. So a
/// position that belongs to a candidate stays with it while its share grows; with two versions always, with K as long
/// as no share passes 1/(K-1), beyond which only the excess is laid elsewhere. docs/traffic.md draws it.
///
/// A part of what is stable's may be set apart as its control slice: traffic to compare a candidate's with, as large
/// and drawn in the same way. It grows from the far ends of the homes, towards the candidates, so that a position in it
/// stays in it while both grow; with two versions up to 50 % each, with K up to 1/K each.
class Split {
 public:
  /// Fails on no weight above 0, a weight that is negative or not finite, a version listed twice. `control` is the
  /// share of the line that the control slice is to get; it gets at most what stable has.
  static Result<Split> build(std::span<const Weight> weights, VersionIndex stable, double control = 0);

  /// Whose position this is. Constant time in the number of versions: a guide of 256 slots and, on average, less than
  /// one step more.
  VersionIndex at(std::uint32_t position) const noexcept { return place(position).version; }
  Place place(std::uint32_t position) const noexcept {
    std::size_t i = guide_[position >> 24];
    while (position > pieces_[i].last) ++i;
    return pieces_[i].place;
  }

  /// The probability of a version, 0 for one that is not part of the split.
  double share(VersionIndex version) const noexcept { return version < shares_.size() ? shares_[version] : 0; }

  /// True when one version has everything, all or nothing of it as its control slice, so no position needs to be found.
  bool single() const noexcept { return pieces_.size() == 1; }

  /// How many pieces the line is cut into, and the most that `at` can look at: what its cost hangs on.
  std::size_t piece_count() const noexcept { return pieces_.size(); }
  std::size_t longest_walk() const noexcept;

 private:
  struct Piece {
    std::uint32_t last = 0;  // inclusive
    Place place;
  };
  std::array<std::uint16_t, 256> guide_{};
  std::vector<Piece> pieces_;
  std::vector<double> shares_;  // by version index
};

}  // namespace sluice::traffic
