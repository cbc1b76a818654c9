#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What verbs print for people.
namespace sluice::cli {

/// Standard output is a terminal and nobody asked for NO_COLOR.
bool wants_colour();

enum class Colour : unsigned char { None, Green, Yellow, Red, Bold };
/// The text in that colour; control characters of the text itself become `?`.
std::string painted(std::string_view text, Colour colour, bool enabled);

/// Columns as wide as their widest cell, two spaces between them, no space at the end of a line.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  ///< numbers stand under one another
  };
  struct Cell {
    Cell(std::string text, Colour colour = Colour::None) : text(std::move(text)), colour(colour) {}  // NOLINT
    std::string text;
    Colour colour;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::string text(bool colour) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// `18 204`.
std::string grouped(std::uint64_t number);
/// `0`, `0.42ms`, `8.1ms`, `40ms`, `1.25s`.
std::string short_seconds(double seconds);
/// `12s`, `3m20s`, `5h03m`, `2d04h`.
std::string age(double seconds);
/// `75%`, `0.5%`.
std::string percent(double ratio);

}  // namespace sluice::cli
