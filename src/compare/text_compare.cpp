#include "sluice/compare/text_compare.hpp"

#include <algorithm>

#include "sluice/base/stable_hash.hpp"

namespace sluice::compare {

namespace {

bool is_inner_byte(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_inner_byte(c); }));
}

/// Bytes that both begin with, whole characters only.
std::size_t common_prefix(std::string_view a, std::string_view b) noexcept {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t same = 0;
  while (same < most && a[same] == b[same]) ++same;
  const auto splits = [&](std::string_view text) { return same < text.size() && is_inner_byte(text[same]); };
  while (same > 0 && (splits(a) || splits(b))) --same;
  return same;
}

std::size_t common_suffix(std::string_view a, std::string_view b) noexcept {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t same = 0;
  while (same < most && a[a.size() - 1 - same] == b[b.size() - 1 - same]) ++same;
  while (same > 0 && is_inner_byte(a[a.size() - same])) --same;
  return same;
}

void split_characters(std::string_view text, std::vector<std::uint64_t>& units) {
  units.clear();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_inner_byte(c) && !units.empty()) {
      units.back() = units.back() << 8 | byte;
    } else {
      units.push_back(byte);
    }
  }
}

bool is_word_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Where the word that begins at `at` ends: letters and digits, or one other character, and the blanks behind it.
std::size_t word_end(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t longest = 32;
  const std::size_t begin = at++;
  if (is_word_byte(text[begin])) {
    while (at < text.size() && at < begin + longest && is_word_byte(text[at])) ++at;
  } else {
    while (at < text.size() && is_inner_byte(text[at])) ++at;
  }
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n')) ++at;
  return at;
}

std::size_t count_words(std::string_view text) noexcept {
  std::size_t words = 0;
  for (std::size_t at = 0; at < text.size(); at = word_end(text, at)) ++words;
  return words;
}

/// Runs of about so many words; 1: every word by itself.
void split_words(std::string_view text, std::size_t run, std::vector<std::uint64_t>& units) {
  units.clear();
  std::uint64_t hash = 0;
  std::size_t words = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(text, at);
    const std::uint64_t word = stable_hash(0, text.substr(at, end - at));
    hash = mix_bits(hash + word);
    ++words;
    at = end;
    // The word alone decides where a run ends, so that runs find back into step behind an insertion.
    if ((2 * words > run && word % run == 0) || words >= 4 * run) {
      units.push_back(hash);
      hash = 0;
      words = 0;
    }
  }
  if (words > 0) units.push_back(hash);
}

}  // namespace

double TextCompare::edit_ratio(std::string_view one, std::string_view other) {
  if (one == other) return 0;
  const std::string_view whole_one = one;
  const std::string_view whole_other = other;
  const std::size_t prefix = common_prefix(one, other);
  one.remove_prefix(prefix);
  other.remove_prefix(prefix);
  const std::size_t suffix = common_suffix(one, other);
  one.remove_suffix(suffix);
  other.remove_suffix(suffix);
  const std::size_t most = steps_ < kSteps ? kUnits : kFewUnits;
  if (std::max(count_characters(one), count_characters(other)) <= most) {
    split_characters(one, one_);
    split_characters(other, other_);
    const std::size_t longer = std::max(count_characters(whole_one), count_characters(whole_other));
    return std::min(
        1.0, static_cast<double>(distance(one_, other_)) / static_cast<double>(std::max<std::size_t>(longer, 1)));
  }
  const std::size_t words = std::max(count_words(one), count_words(other));
  std::size_t run = 1;
  // A run has at least half as many words as it is meant to have.
  while (words / run > (run == 1 ? most : most / 2 - 1)) run *= 2;
  split_words(one, run, one_);
  split_words(other, run, other_);
  const double share = static_cast<double>(distance(one_, other_)) /
                       static_cast<double>(std::max({one_.size(), other_.size(), std::size_t{1}}));
  const std::size_t longer = std::max(count_words(whole_one), count_words(whole_other));
  return std::min(1.0, share * static_cast<double>(words) / static_cast<double>(std::max<std::size_t>(longer, 1)));
}

// Bit-parallel, 64 cells of the table at once: Myers 1999, in the form of Hyyrö, "Explaining and extending the
// bit-parallel approximate string matching algorithm of Myers" (2001), with carries between the words of a column.
std::size_t TextCompare::distance(const Units& pattern, const Units& text) {
  if (pattern.empty() || text.empty()) return std::max(pattern.size(), text.size());
  symbols_ = pattern;
  std::sort(symbols_.begin(), symbols_.end());
  symbols_.erase(std::unique(symbols_.begin(), symbols_.end()), symbols_.end());
  const std::size_t blocks = (pattern.size() + 63) / 64;
  // One row of zeros more, for what the pattern does not have.
  table_.assign((symbols_.size() + 1) * blocks, 0);
  const auto row_of = [&](std::uint64_t symbol) {
    const auto place = std::lower_bound(symbols_.begin(), symbols_.end(), symbol);
    const bool is_there = place != symbols_.end() && *place == symbol;
    return (is_there ? static_cast<std::size_t>(place - symbols_.begin()) : symbols_.size()) * blocks;
  };
  for (std::size_t i = 0; i < pattern.size(); ++i) table_[row_of(pattern[i]) + i / 64] |= std::uint64_t{1} << i % 64;
  positive_.assign(blocks, ~std::uint64_t{0});
  negative_.assign(blocks, 0);
  const std::uint64_t last = std::uint64_t{1} << (pattern.size() - 1) % 64;
  std::size_t score = pattern.size();
  steps_ += blocks * text.size();
  for (const std::uint64_t symbol : text) {
    const std::uint64_t* const equal_row = table_.data() + row_of(symbol);
    std::uint64_t up = 1;  // of the row above: each column begins one higher than the one before
    std::uint64_t down = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::uint64_t pv = positive_[block];
      const std::uint64_t mv = negative_[block];
      const std::uint64_t equal = equal_row[block] | down;
      const std::uint64_t vertical = equal_row[block] | mv;
      const std::uint64_t horizontal = (((equal & pv) + pv) ^ pv) | equal;
      std::uint64_t ph = mv | ~(horizontal | pv);
      std::uint64_t mh = pv & horizontal;
      if (block + 1 == blocks) {
        if ((ph & last) != 0) ++score;
        if ((mh & last) != 0) --score;
      }
      const std::uint64_t next_up = ph >> 63;
      const std::uint64_t next_down = mh >> 63;
      ph = ph << 1 | up;
      mh = mh << 1 | down;
      positive_[block] = mh | ~(vertical | ph);
      negative_[block] = ph & vertical;
      up = next_up;
      down = next_down;
    }
  }
  return score;
}

void TextCompare::trim() {
  constexpr std::size_t most = 32768;
  for (Units* units : {&one_, &other_, &symbols_, &table_}) {
    if (units->capacity() > most) Units().swap(*units);
  }
}

}  // namespace sluice::compare
