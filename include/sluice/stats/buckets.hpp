#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "sluice/base/clock.hpp"

/// Where a duration falls: log-linear buckets from 0.5 µs to 73 min in steps of 2^(1/8), cut once more wherever an
/// exported Prometheus bucket ends. So exported counts are exact, and a bucket's middle is at most 4.34 % from any of
/// its values. All arithmetic is on whole nanoseconds; a bucket is the interval (previous bound, own bound].
namespace sluice::stats {

namespace buckets_detail {

inline constexpr unsigned kSteps = 8;        // per octave
inline constexpr unsigned kFirstOctave = 9;  // 2^9 ns: everything shorter is one bucket
inline constexpr unsigned kLastOctave = 42;  // 2^42 ns: everything longer is one bucket
inline constexpr unsigned kCells = (kLastOctave - kFirstOctave) * kSteps + 2;

/// 2^63 * 2^(k/8): where step k begins in a value that was shifted until its top bit is set.
inline constexpr std::array<std::uint64_t, kSteps + 1> kStepAt = {
    0x8000000000000000, 0x8b95c1e3ea8bd6e7, 0x9837f0518db8a96f,
    0xa5fed6a9b15138ea, 0xb504f333f9de6484, 0xc5672a115506dadd,
    0xd744fccad69d6af4, 0xeac0c6e7dd24392f, std::numeric_limits<std::uint64_t>::max()};

/// The step that the lower end of each sixteenth of an octave lies in; a sixteenth holds at most one boundary.
inline constexpr std::array<std::uint8_t, 16> kStepOfSixteenth = {0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7};

/// The cell of 2^(1/8) that holds a value, without looking at the cuts.
constexpr unsigned cell_of(std::uint64_t nanoseconds) noexcept {
  const std::uint64_t value = nanoseconds == 0 ? 0 : nanoseconds - 1;  // upper bounds belong to their bucket
  if (value < (std::uint64_t{1} << kFirstOctave)) return 0;
  if (value >= (std::uint64_t{1} << kLastOctave)) return kCells - 1;
  const unsigned octave = static_cast<unsigned>(std::bit_width(value)) - 1;
  const std::uint64_t fraction = value << (63 - octave);
  unsigned step = kStepOfSixteenth[(fraction >> 59) & 15];
  step += fraction >= kStepAt[step + 1] ? 1 : 0;
  return 1 + (octave - kFirstOctave) * kSteps + step;
}

/// The last nanosecond that belongs to a cell.
constexpr std::uint64_t cell_bound(unsigned cell) noexcept {
  if (cell == kCells - 1) return std::numeric_limits<std::uint64_t>::max();
  const unsigned shift = 63 - (kFirstOctave + cell / kSteps);
  const std::uint64_t start = kStepAt[cell % kSteps];
  return (start >> shift) + ((start & ((std::uint64_t{1} << shift) - 1)) != 0 ? 1 : 0);
}

}  // namespace buckets_detail

/// Every bound that any exported Prometheus histogram uses, in nanoseconds, ascending.
inline constexpr std::array<std::uint64_t, 26> kExportedBounds = {
    10'000,         25'000,         50'000,         100'000,         250'000,        500'000,       1'000'000,
    2'500'000,      5'000'000,      10'000'000,     25'000'000,      50'000'000,     75'000'000,    100'000'000,
    250'000'000,    500'000'000,    750'000'000,    1'000'000'000,   2'500'000'000,  5'000'000'000, 7'500'000'000,
    10'000'000'000, 30'000'000'000, 60'000'000'000, 120'000'000'000, 300'000'000'000};

inline constexpr std::size_t kBuckets = buckets_detail::kCells + kExportedBounds.size();

namespace buckets_detail {

struct Layout {
  std::array<std::uint64_t, kBuckets> bounds{};  // inclusive upper ends
  std::array<std::uint64_t, kCells> cut{};       // the exported bound inside a cell, or none
  std::array<std::uint16_t, kCells> first{};     // a cell's first bucket
};

constexpr Layout make_layout() {
  Layout layout;
  std::size_t bucket = 0;
  std::size_t exported = 0;
  for (unsigned cell = 0; cell < kCells; ++cell) {
    layout.first[cell] = static_cast<std::uint16_t>(bucket);
    layout.cut[cell] = std::numeric_limits<std::uint64_t>::max();
    if (exported < kExportedBounds.size() && kExportedBounds[exported] < cell_bound(cell)) {
      layout.cut[cell] = kExportedBounds[exported];
      layout.bounds[bucket++] = kExportedBounds[exported++];
    }
    layout.bounds[bucket++] = cell_bound(cell);
  }
  return layout;
}

inline constexpr Layout kLayout = make_layout();
static_assert(kLayout.bounds[kBuckets - 1] == std::numeric_limits<std::uint64_t>::max(), "every bound cuts one cell");

}  // namespace buckets_detail

/// The bucket of a duration, 0 … kBuckets-1; negative durations count as zero. About 2 ns, no branch on the value's
/// size.
constexpr std::size_t bucket_of(Duration value) noexcept {
  const std::uint64_t nanoseconds = value.count() < 0 ? 0 : static_cast<std::uint64_t>(value.count());
  const unsigned cell = buckets_detail::cell_of(nanoseconds);
  return buckets_detail::kLayout.first[cell] + (nanoseconds > buckets_detail::kLayout.cut[cell] ? 1U : 0U);
}

/// The longest duration, in nanoseconds, that belongs to a bucket; the last bucket has no end (the largest integer).
constexpr std::uint64_t bucket_bound(std::size_t bucket) noexcept {
  return buckets_detail::kLayout.bounds[bucket];
}

}  // namespace sluice::stats
