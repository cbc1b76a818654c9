#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/comparison.hpp"

namespace sluice::compare {

/// The field that is being looked at, as a path: "/choices/*/message/content". Keeps its memory.
class FieldPath {
 public:
  /// A longer path, or a longer key within it, is cut off, so that fields that differ only behind that are one.
  static constexpr std::size_t kLongest = 256;
  static constexpr std::size_t kLongestKey = 64;

  /// One step down; what pop() takes to come back.
  std::size_t push(std::string_view key);
  std::size_t push_index() { return push_plain("*"); }
  void pop(std::size_t mark) noexcept { path_.resize(mark); }
  void clear() noexcept { path_.clear(); }
  /// "body" for the whole of it.
  std::string_view text() const noexcept { return path_.empty() ? std::string_view("body") : path_; }

 private:
  std::size_t push_plain(std::string_view token);

  std::string path_;
};

/// What differs, by field, each once: a field that differs in several ways is told by the gravest.
class DifferenceList {
 public:
  void clear();
  /// `gravity`: 0…1, see the functions below.
  void note(std::string_view field, Change change, double size, std::uint32_t count, double gravity);
  /// Of numbers that were compared.
  void note_relative(double difference) noexcept {
    if (difference > relative_) relative_ = difference;
  }
  void note_rows(std::string_view field, std::uint32_t rows, std::uint32_t flips);
  bool empty() const noexcept { return entries_.empty() && other_count_ == 0; }
  /// Moves all into the comparison, by field; also its rows and flips.
  void finish(Comparison& comparison);

 private:
  std::size_t place_of(std::string_view field) const noexcept;

  std::vector<Difference> entries_;
  std::vector<std::size_t> hashes_;  ///< of their fields: bodies may have many thousands that find no room
  std::size_t last_ = 0;             ///< the one that was noted last: many elements of a list are one field
  std::uint32_t other_count_ = 0;    ///< places in fields that found no room
  double other_gravity_ = 0;
  double relative_ = 0;
  std::vector<OutputFlips> outputs_;
  std::uint32_t rows_ = 0;
  std::uint32_t flips_ = 0;
};

/// The beginning of UTF-8 text: at most so many bytes, and no part of a character.
std::string_view cut_at_character(std::string_view text, std::size_t most) noexcept;

/// How grave a change is where nothing more is known of it.
double gravity_of(Change change) noexcept;
/// Of numbers that differ by this share of the larger.
double gravity_of_number(double relative) noexcept;
/// Of a share of rows or of a text, 0…1.
double gravity_of_share(Change change, double share) noexcept;

}  // namespace sluice::compare
