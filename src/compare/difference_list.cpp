#include "sluice/compare/difference_list.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace sluice::compare {

namespace {

std::uint32_t sum_up_to_most(std::uint32_t a, std::uint32_t b) noexcept {
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  return a > most - b ? most : a + b;
}

}  // namespace

std::string_view cut_at_character(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::size_t FieldPath::push_plain(std::string_view token) {
  const std::size_t mark = path_.size();
  if (mark + 1 + token.size() <= kLongest) {
    path_ += '/';
    path_ += token;
  }
  return mark;
}

std::size_t FieldPath::push(std::string_view key) {
  key = cut_at_character(key, kLongestKey);
  if (key.find_first_of("~/") == std::string_view::npos) return push_plain(key);
  std::string escaped;
  for (const char c : key) {
    if (c == '~' || c == '/') {
      escaped += c == '~' ? "~0" : "~1";
    } else {
      escaped += c;
    }
  }
  return push_plain(escaped);
}

double gravity_of(Change change) noexcept {
  switch (change) {
    case Change::Status:
      return 1;
    case Change::Unread:
      return 0.95;
    case Change::Type:
      return 0.85;
    case Change::Missing:
    case Change::Added:
    case Change::Shape:
      return 0.8;
    case Change::ArgMax:
      return 0.65;
    case Change::Value:
      return 0.6;
    case Change::TopK:
      return 0.5;
    case Change::Text:
      return 0.2;
  }
  return 0;
}

double gravity_of_number(double relative) noexcept {
  return 0.1 + 0.5 * std::min(relative, 1.0);
}

double gravity_of_share(Change change, double share) noexcept {
  return gravity_of(change) + (change == Change::Text ? 0.5 : 0.3) * std::clamp(share, 0.0, 1.0);
}

void DifferenceList::clear() {
  entries_.clear();
  hashes_.clear();
  outputs_.clear();
  last_ = 0;
  other_count_ = rows_ = flips_ = 0;
  other_gravity_ = relative_ = 0;
}

std::size_t DifferenceList::place_of(std::string_view field) const noexcept {
  const std::size_t hash = std::hash<std::string_view>()(field);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (hashes_[i] == hash && entries_[i].field == field) return i;
  }
  return entries_.size();
}

void DifferenceList::note(std::string_view field, Change change, double size, std::uint32_t count, double gravity) {
  if (last_ >= entries_.size() || entries_[last_].field != field) {
    last_ = place_of(field);
  }
  if (last_ == entries_.size()) {
    if (entries_.size() + 1 >= max_differences) {
      other_count_ = sum_up_to_most(other_count_, count);
      other_gravity_ = std::max(other_gravity_, gravity);
      return;
    }
    hashes_.push_back(std::hash<std::string_view>()(field));
    entries_.push_back({std::string(field), change, size, count, gravity});
    return;
  }
  Difference& known = entries_[last_];
  known.count = sum_up_to_most(known.count, count);
  if (change == known.change) {
    known.size = std::max(known.size, size);
  } else if (gravity > known.gravity) {
    known.change = change;
    known.size = size;
  }
  known.gravity = std::max(known.gravity, gravity);
}

void DifferenceList::note_rows(std::string_view field, std::uint32_t rows, std::uint32_t flips) {
  rows_ = sum_up_to_most(rows_, rows);
  flips_ = sum_up_to_most(flips_, flips);
  for (OutputFlips& known : outputs_) {
    if (known.field != field) continue;
    known.rows = sum_up_to_most(known.rows, rows);
    known.flips = sum_up_to_most(known.flips, flips);
    return;
  }
  if (outputs_.size() < max_outputs) outputs_.push_back({std::string(field), rows, flips});
}

void DifferenceList::finish(Comparison& comparison) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Difference& a, const Difference& b) { return a.field < b.field; });
  comparison.differences.clear();
  for (Difference& one : entries_) comparison.differences.push_back(std::move(one));
  if (other_count_ > 0) {
    comparison.differences.push_back({std::string(other_fields), Change::Value, 0, other_count_, other_gravity_});
  }
  comparison.relative_difference = relative_;
  comparison.rows = rows_;
  comparison.flips = flips_;
  comparison.outputs = std::move(outputs_);
  clear();
}

}  // namespace sluice::compare
