#include "sluice/cli/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace sluice::cli {

namespace {

std::string formatted(const char* format, double number) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), format, number);
  return {text.data(), static_cast<std::size_t>(std::clamp(size, 0, 63))};
}

std::string two_digits(std::uint64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

const char* escape_of(Colour colour) {
  switch (colour) {
    case Colour::None:
      return "";
    case Colour::Green:
      return "\033[32m";
    case Colour::Yellow:
      return "\033[33m";
    case Colour::Red:
      return "\033[1;31m";
    case Colour::Bold:
      return "\033[1m";
  }
  return "";
}

/// On the screen: bytes that go on with a character take no place.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Nor do colours.
std::size_t width_without_colours(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\033') {
      at = std::min(text.find('m', at), text.size());
    } else {
      plain += text[at];
    }
  }
  return width_of(plain);
}

}  // namespace

bool is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return (no_colour == nullptr || *no_colour == '\0') && is_terminal();
}

bool wants_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string locale(value);
    return locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos ||
           locale.find("UTF8") != std::string::npos || locale.find("utf-8") != std::string::npos;
  }
  return false;
}

Style style_of_output() {
  return {wants_colour(), wants_unicode()};
}

ProgressLine::~ProgressLine() {
  if (shown_) std::cerr << "\r\033[K" << std::flush;
}

void ProgressLine::show(const std::string& text) {
  if (isatty(STDERR_FILENO) != 1) return;
  std::cerr << "\r\033[K" << painted(text, Colour::None, false) << std::flush;
  shown_ = true;
}

std::string painted(std::string_view text, Colour colour, bool enabled) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  if (!enabled || colour == Colour::None) return clean;
  return escape_of(colour) + clean + "\033[0m";
}

int failed(int exit_code, std::string_view message) {
  std::cerr << "sluice: " << painted(message, Colour::None, false) << '\n';
  return exit_code;
}

std::string Table::text(bool colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = width_of(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, width_of(row[i].text));
    widths.push_back(width);
  }
  std::string out;
  const auto line = [&](const auto& text_of, const auto& paint_of) {
    std::string gap;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string padding(widths[i] - width_of(text_of(i)), ' ');
      if (columns_[i].right) gap += padding;
      if (text_of(i).empty()) {
        gap += columns_[i].right ? "  " : padding + "  ";
        continue;
      }
      out += gap + paint_of(i);
      gap = columns_[i].right ? "  " : padding + "  ";
    }
    out += '\n';
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].title; },
       [&](std::size_t i) { return painted(columns_[i].title, Colour::Bold, colour); });
  for (const auto& row : rows_) {
    line([&](std::size_t i) -> const std::string& { return row[i].text; },
         [&](std::size_t i) { return row[i].painted ? row[i].text : painted(row[i].text, row[i].colour, colour); });
  }
  return out;
}

std::string in_columns(const std::vector<std::vector<std::string>>& lines) {
  constexpr std::size_t kGap = 3;
  std::vector<std::size_t> widths(lines.empty() ? 0 : lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_without_colours(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::size_t gap = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (!line[i].empty()) {
        out += std::string(gap, ' ') + line[i];
        gap = 0;
      }
      gap += widths[i] - width_without_colours(line[i]) + (widths[i] > 0 ? kGap : 0);
    }
    out += '\n';
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, " ");
  return digits;
}

std::string short_seconds(double seconds) {
  const double milliseconds = seconds * 1000;
  if (!(milliseconds > 0)) return "0";
  if (milliseconds < 1) return formatted("%.2fms", milliseconds);
  if (milliseconds < 9.95) return formatted("%.1fms", milliseconds);
  if (milliseconds < 999.5) return formatted("%.0fms", milliseconds);
  return formatted("%.2fs", seconds);
}

std::string age(double seconds) {
  const auto total = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e12));
  if (total < 60) return std::to_string(total) + "s";
  if (total < 3600) return std::to_string(total / 60) + "m" + two_digits(total % 60) + "s";
  if (total < 86400) return std::to_string(total / 3600) + "h" + two_digits(total % 3600 / 60) + "m";
  return std::to_string(total / 86400) + "d" + two_digits(total % 86400 / 3600) + "h";
}

std::string percent(double ratio) {
  constexpr double nothing = 1e-9;
  const double value = ratio * 100;
  const double whole = std::round(value) + 0.0;  // no -0
  // Little is not nothing, and nearly all is not all.
  const bool is_end = whole == 0 || whole == 100;
  if (std::abs(value - whole) < (is_end ? nothing : 0.05)) return formatted("%.0f%%", whole);
  if (value > 0 && value < 0.00995) return "<0.01%";
  if (value >= 99.995 && value < 100) return ">99.99%";
  if (value >= 99.95 && value < 100) return formatted("%.2f%%", value);
  return formatted(value < 0.1 ? "%.2g%%" : "%.1f%%", value);
}

}  // namespace sluice::cli
