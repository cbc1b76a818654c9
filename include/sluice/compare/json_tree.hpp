#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::compare {

enum class JsonKind : std::uint8_t {
  Null,
  False,
  True,
  Exact,  ///< a number that is not told by a double: a whole one from 2^53 on, one beyond its range
  Text,
  List,
  Object,
  Number,
};

/// A JSON text as a row of 64-bit words, in the order of the text: a number is one word and so is null, true or false;
/// a text, list or object has one more. So a list of numbers lies in memory like an array of doubles, and all is walked
/// without going back. Texts stay where they are: what was read outlives the tree.
class JsonTree {
 public:
  /// Index of a value's first word.
  using Place = std::uint32_t;
  /// A list within lists deeper than this is not read.
  static constexpr int kDeepest = 128;

  bool empty() const noexcept { return words_.empty(); }
  void clear() noexcept { words_.clear(); }
  Place root() const noexcept { return 0; }

  JsonKind kind(Place place) const noexcept {
    const std::uint64_t word = words_[place];
    return is_number(word) ? JsonKind::Number : static_cast<JsonKind>(word >> 48 & 7);
  }
  /// The value of a Number.
  double number(Place place) const noexcept { return std::bit_cast<double>(words_[place]); }
  /// A Number or Exact as a double, an Exact rounded.
  double rounded(Place place) const noexcept;
  /// An Exact as it is written.
  std::string_view token(Place place) const noexcept { return {text_ + payload(place), words_[place + 1]}; }
  /// A Text as it is written, without its quotes.
  std::string_view raw(Place place) const noexcept {
    return {text_ + payload(place), static_cast<std::size_t>(words_[place + 1] & ~kEscaped)};
  }
  bool is_escaped(Place place) const noexcept { return (words_[place + 1] & kEscaped) != 0; }
  /// A Text as it is meant; `scratch` is used where something in it is escaped.
  std::string_view text(Place place, std::string& scratch) const;
  /// The place behind this value.
  Place next(Place place) const noexcept {
    switch (kind(place)) {
      case JsonKind::Exact:
      case JsonKind::Text:
        return place + 2;
      case JsonKind::List:
      case JsonKind::Object:
        return static_cast<Place>(payload(place));
      default:
        return place + 1;
    }
  }
  /// First element of a list; of an object its first key, which its value follows.
  static Place first(Place container) noexcept { return container + 2; }
  /// Behind the last one.
  Place end(Place container) const noexcept { return static_cast<Place>(payload(container)); }
  /// Elements of a list, members of an object.
  std::uint32_t count(Place container) const noexcept { return static_cast<std::uint32_t>(words_[container + 1]); }
  /// Every element takes one word: numbers, null, true and false.
  bool is_flat(Place list) const noexcept { return end(list) - first(list) == count(list); }
  const std::uint64_t* words(Place place) const noexcept { return words_.data() + place; }

  /// Value of a member; false when there is none. Of several of that name the first. Grows with the object.
  bool find(Place object, std::string_view key, Place& value) const;

  /// Empties a tree that has room for more words than these.
  void trim(std::size_t words);

  static bool is_number(std::uint64_t word) noexcept { return (word & kBoxed) != kBoxed; }

 private:
  friend class JsonReader;
  friend class JsonTreeBuilder;
  /// No double that is read looks like this: a NaN with a sign.
  static constexpr std::uint64_t kBoxed = 0xFFF8'0000'0000'0000;
  static constexpr std::uint64_t kPayload = 0x0000'FFFF'FFFF'FFFF;
  static constexpr std::uint64_t kEscaped = std::uint64_t{1} << 63;

  std::uint64_t payload(Place place) const noexcept { return words_[place] & kPayload; }

  const char* text_ = nullptr;
  std::vector<std::uint64_t> words_;
};

/// What `raw` means, in UTF-8; an escape that is none stays as it is.
void unescape_json(std::string_view raw, std::string& plain);
/// Whether two Texts mean the same.
bool same_text(const JsonTree& one, JsonTree::Place place, const JsonTree& two, JsonTree::Place other);
/// Digits, perhaps with a minus before them.
bool is_whole_number(std::string_view token) noexcept;

/// Reads JSON as RFC 8259 has it, and NaN, Infinity and -Infinity, which Python writes. Keeps its memory. One thread.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;

  /// False, and an empty tree, when the text is no JSON, no UTF-8, 2 GiB or more, or deeper than kDeepest. `text` must
  /// outlive the tree. About a millisecond per MiB of numbers.
  bool read(std::string_view text, JsonTree& tree);
  /// Gives back what texts larger than so many bytes needed.
  void trim(std::size_t bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::compare
