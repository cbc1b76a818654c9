#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What verbs print for people.
namespace sluice::cli {

/// Standard output is one.
bool is_terminal();
/// Standard output is a terminal and nobody asked for NO_COLOR.
bool wants_colour();

/// What the terminal shows: LC_ALL, LC_CTYPE or LANG, the first that is set, names UTF-8.
bool wants_unicode();
/// How to write for people.
struct Style {
  bool colour = false;
  bool unicode = false;
};
/// As standard output wants it.
Style style_of_output();

/// A line on standard error that is written over and over; nothing when that is no terminal. It is gone in the end.
class ProgressLine {
 public:
  ProgressLine() = default;
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const std::string& text);

 private:
  bool shown_ = false;
};

enum class Colour : unsigned char { None, Green, Yellow, Red, Bold };
/// The text in that colour; control characters of the text itself become `?`.
std::string painted(std::string_view text, Colour colour, bool enabled);

/// Says on standard error why the verb ends, control characters as `?`, and gives back the exit code for it.
int failed(int exit_code, std::string_view message);

/// Columns as wide as their widest cell, two spaces between them, no space at the end of a line.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  ///< numbers stand under one another
  };
  struct Cell {
    Cell(std::string text, Colour colour = Colour::None) : text(std::move(text)), colour(colour) {}  // NOLINT
    /// Has its colours already, and stands in the last column.
    static Cell ready(std::string text) {
      Cell cell(std::move(text));
      cell.painted = true;
      return cell;
    }
    std::string text;
    Colour colour;
    bool painted = false;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const noexcept { return rows_.empty(); }
  std::string text(bool colour) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// Lines of cells under one another, three spaces between them; the cells may have colours. As many in each line; a
/// column without a text takes no room.
std::string in_columns(const std::vector<std::vector<std::string>>& lines);

/// `18 204`.
std::string grouped(std::uint64_t number);
/// `0`, `0.42ms`, `8.1ms`, `40ms`, `1.25s`.
std::string short_seconds(double seconds);
/// `12s`, `3m20s`, `5h03m`, `2d04h`.
std::string age(double seconds);
/// `75%`, `0.5%`, `<0.01%`. `0%` and `100%` are never rounded.
std::string percent(double ratio);

}  // namespace sluice::cli
