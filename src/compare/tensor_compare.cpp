#include "sluice/compare/tensor_compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::compare {

namespace {

std::uint32_t at_most_32_bits(std::uint64_t count) noexcept {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

double share_of(std::uint64_t part, std::uint64_t all) noexcept {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

/// Between two wide whole numbers that differ, which as doubles may be the same.
double whole_difference(std::uint64_t a, std::uint64_t b, double rounded) noexcept {
  const std::uint64_t apart = std::min(a - b, b - a);
  return std::max(rounded, apart < (std::uint64_t{1} << 53) ? static_cast<double>(apart) : rounded);
}

/// Of two datatypes the one with fewer representable numbers.
Precision coarser(const Datatype& one, const Datatype& other) noexcept {
  if (one.kind != ElementKind::Float || other.kind != ElementKind::Float) return fp64;
  return one.precision.fraction_bits <= other.precision.fraction_bits ? one.precision : other.precision;
}

}  // namespace

void TensorCompare::compare(TensorData live, TensorData other, std::uint64_t row, const ElementRules& rules,
                            std::string_view field, DifferenceList& differences) {
  if (live.type().kind == ElementKind::Bytes || other.type().kind == ElementKind::Bytes) {
    compare_bytes(live, other, field, differences);
    return;
  }
  const bool has_rows = row >= 2 && live.type().is_numeric() && other.type().is_numeric();
  const bool is_wide = live.type().is_wide && &live.type() == &other.type();
  const std::uint64_t rows = has_rows ? live.count() / row : 0;
  if (live.is_same_as(other)) {
    if (rows > 0) differences.note_rows(field, at_most_32_bits(rows), 0);
    return;
  }
  ElementRules by = rules;
  if (!has_rows) by.by = policy::Agreement::Values;
  const Precision precision = coarser(live.type(), other.type());
  Sums sums;
  begin_row(by);
  for (;;) {
    const std::size_t count = live.read(live_, TensorData::kBlock);
    if (count == 0) break;
    if (other.read(other_, count) != count) break;
    compare_block(count, is_wide, by, precision, sums);
    if (has_rows) look_at_rows(count, row, by, sums);
  }
  differences.note_relative(sums.relative_of_all);
  if (sums.rows > 0) differences.note_rows(field, at_most_32_bits(sums.rows), at_most_32_bits(sums.flips));
  switch (by.by) {
    case policy::Agreement::Values:
      if (sums.beyond == 0) break;
      differences.note(field, Change::Value, sums.largest, at_most_32_bits(sums.beyond),
                       gravity_of_number(sums.relative));
      break;
    case policy::Agreement::ArgMax:
      if (sums.flips == 0) break;
      differences.note(field, Change::ArgMax, share_of(sums.flips, sums.rows), at_most_32_bits(sums.flips),
                       gravity_of_share(Change::ArgMax, share_of(sums.flips, sums.rows)));
      break;
    case policy::Agreement::TopK:
      if (sums.unlike == 0) break;
      differences.note(field, Change::TopK, share_of(sums.unlike, sums.rows), at_most_32_bits(sums.unlike),
                       gravity_of_share(Change::TopK, share_of(sums.unlike, sums.rows)));
      break;
  }
}

void TensorCompare::compare_bytes(TensorData& live, TensorData& other, std::string_view field,
                                  DifferenceList& differences) {
  std::string live_scratch;
  std::string other_scratch;
  std::string_view mine;
  std::string_view theirs;
  std::uint64_t differing = 0;
  while (live.read_bytes(mine, live_scratch) && other.read_bytes(theirs, other_scratch)) {
    if (mine != theirs) ++differing;
  }
  if (differing == 0) return;
  differences.note(field, Change::Value, share_of(differing, live.count()), at_most_32_bits(differing),
                   gravity_of(Change::Value));
}

void TensorCompare::compare_block(std::size_t count, bool is_wide, const ElementRules& rules, Precision precision,
                                  Sums& sums) {
  for (std::size_t i = 0; i < count; ++i) {
    const double mine = live_.values[i];
    const double theirs = other_.values[i];
    const bool is_same = is_wide ? live_.exact[i] == other_.exact[i] : mine == theirs;
    if (is_same || (std::isnan(mine) && std::isnan(theirs))) continue;
    const double relative = relative_difference(mine, theirs);
    sums.relative_of_all = std::max(sums.relative_of_all, relative);
    const bool is_close =
        is_wide && rules.tolerance.is_exact() ? false : agree(mine, theirs, rules.tolerance, precision);
    if (is_close) continue;
    const double apart = finite_difference(mine, theirs);
    sums.largest = std::max(sums.largest, is_wide ? whole_difference(live_.exact[i], other_.exact[i], apart) : apart);
    sums.relative = std::max(sums.relative, relative);
    ++sums.beyond;
  }
}

void TensorCompare::begin_row(const ElementRules& rules) {
  in_row_ = 0;
  maxima_.begin();
  if (rules.by == policy::Agreement::TopK) top_.begin(rules.top);
}

void TensorCompare::look_at_rows(std::size_t count, std::uint64_t row, const ElementRules& rules, Sums& sums) {
  for (std::size_t at = 0; at < count;) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(count - at, row - in_row_));
    maxima_.add(live_.values.data() + at, other_.values.data() + at, piece);
    if (rules.by == policy::Agreement::TopK) top_.add(live_.values.data() + at, other_.values.data() + at, piece);
    at += piece;
    in_row_ += piece;
    if (in_row_ == row) end_row(rules, sums);
  }
}

void TensorCompare::end_row(const ElementRules& rules, Sums& sums) {
  ++sums.rows;
  if (maxima_.flipped()) ++sums.flips;
  // A share that was written as 60 % of five is three of five.
  if (rules.by == policy::Agreement::TopK && top_.overlap() < rules.overlap - 1e-9) ++sums.unlike;
  begin_row(rules);
}

}  // namespace sluice::compare
