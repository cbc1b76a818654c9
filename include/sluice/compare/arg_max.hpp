#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "sluice/compare/number_compare.hpp"

namespace sluice::compare {

/// Where the largest number of a row stands in two answers. The row comes in pieces. NaN is never the largest; of
/// several equal ones the first counts.
class RowMaxima {
 public:
  void begin() noexcept {
    live_ = other_ = Largest{};
    seen_ = 0;
  }
  /// The next numbers of the row.
  void add(const double* live, const double* other, std::size_t count) noexcept;
  /// It stands elsewhere. Not where both places hold equally large numbers in one of the answers: a tie is no class.
  bool flipped() const noexcept;

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  struct Largest {
    double value = -std::numeric_limits<double>::infinity();
    double across = 0;  ///< what the other answer has there
    std::size_t place = kNone;
  };
  static void look(Largest& largest, double value, double across, std::size_t place) noexcept;

  Largest live_;
  Largest other_;
  std::size_t seen_ = 0;
};

/// The places of the `top` largest numbers of a row in two answers. The row comes in pieces. NaN is never among them;
/// of equal ones the first count. Grows with the logarithm of `top` per number; keeps its memory.
class RowTop {
 public:
  /// `top` is at least 1.
  void begin(std::size_t top);
  void add(const double* live, const double* other, std::size_t count);
  /// Share of the places that both have, of those that the one with more has; 1 when neither has any.
  double overlap();

 private:
  using Ranked = std::pair<double, std::size_t>;
  void look(std::vector<Ranked>& best, double value, std::size_t place);

  std::vector<Ranked> live_;
  std::vector<Ranked> other_;
  std::size_t top_ = 1;
  std::size_t seen_ = 0;
};

}  // namespace sluice::compare
