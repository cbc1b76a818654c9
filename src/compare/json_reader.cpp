#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "sluice/compare/json_tree.hpp"

namespace sluice::compare {

namespace ondemand = simdjson::ondemand;

namespace {

constexpr double kExactBelow = 9007199254740992.0;  // 2^53

std::string_view without_trailing_blanks(std::string_view token) noexcept {
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

/// The quote that ends the text which begins here; nullptr: none does.
const char* find_text_end(const char* begin, const char* limit) noexcept {
  for (const char* at = begin; at < limit;) {
    const auto* quote = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(limit - at)));
    if (quote == nullptr) return nullptr;
    const char* slash = quote;
    while (slash > begin && slash[-1] == '\\') --slash;
    if ((quote - slash) % 2 == 0) return quote;
    at = quote + 1;
  }
  return nullptr;
}

/// A number as JSON writes it; the parser gives up where no double holds it.
bool is_json_number(std::string_view token) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < token.size() && token[at] >= '0' && token[at] <= '9') ++at;
    return at - from;
  };
  if (at < token.size() && token[at] == '-') ++at;
  const std::size_t whole = at;
  const std::size_t count = digits();
  if (count == 0 || (count > 1 && token[whole] == '0')) return false;
  if (at < token.size() && token[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == token.size();
}

}  // namespace

/// Writes the words while the parser goes through the text once.
class JsonTreeBuilder {
 public:
  /// `buffer`: where the parser reads, as large as `size` and padded.
  JsonTreeBuilder(const char* buffer, std::size_t size, std::vector<std::uint64_t>& words) noexcept
      : buffer_(buffer), size_(size), words_(words) {}

  bool build(ondemand::document& document);

 private:
  void push(std::uint64_t word);
  void push_boxed(JsonKind kind, std::uint64_t payload) {
    push(JsonTree::kBoxed | static_cast<std::uint64_t>(kind) << 48 | payload);
  }
  std::uint64_t offset(const char* at) const noexcept { return static_cast<std::uint64_t>(at - buffer_); }
  void close(std::size_t head, std::uint64_t count) noexcept {
    words_[head] |= words_.size();
    words_[head + 1] = count;
  }

  bool add(ondemand::value& value, int depth);
  bool add_list(ondemand::array& list, int depth);
  bool add_object(ondemand::object& object, int depth);
  bool add_text(const char* begin);
  bool add_number(double number, std::string_view token);
  /// All that is neither list, object, text nor a number that a double holds.
  bool add_word(std::string_view token);
  bool add_root_scalar(std::string_view token);

  const char* buffer_;
  std::size_t size_;
  std::vector<std::uint64_t>& words_;
};

void JsonTreeBuilder::push(std::uint64_t word) {
  if (words_.size() == words_.capacity()) {
    // No text has more words than bytes, but for what it leaves open; doubling would go beyond.
    const std::size_t most = size_ + 2 * JsonTree::kDeepest + 8;
    words_.reserve(std::max(std::min(2 * words_.capacity(), most), words_.size() + 64));
  }
  words_.push_back(word);
}

bool JsonTreeBuilder::build(ondemand::document& document) {
  words_.reserve(size_ / 8 + 16);
  std::string_view token;
  if (document.raw_json_token().get(token) || token.empty()) return false;
  if (token.front() == '[') {
    ondemand::array list;
    if (document.get_array().get(list) || !add_list(list, 0)) return false;
  } else if (token.front() == '{') {
    ondemand::object object;
    if (document.get_object().get(object) || !add_object(object, 0)) return false;
  } else {
    const bool is_all = token.data() + token.size() == buffer_ + size_;
    return is_all && add_root_scalar(without_trailing_blanks(token));
  }
  const char* at = nullptr;
  return document.current_location().get(at) != simdjson::SUCCESS || at >= buffer_ + size_;
}

bool JsonTreeBuilder::add(ondemand::value& value, int depth) {
  const std::string_view token = value.raw_json_token();
  if (token.empty()) return false;
  switch (token.front()) {
    case '[': {
      ondemand::array list;
      return depth < JsonTree::kDeepest && !value.get_array().get(list) && add_list(list, depth);
    }
    case '{': {
      ondemand::object object;
      return depth < JsonTree::kDeepest && !value.get_object().get(object) && add_object(object, depth);
    }
    case '"':
      return add_text(token.data() + 1);
    default:
      break;
  }
  double number = 0;
  const bool may_be_number = token.front() == '-' || (token.front() >= '0' && token.front() <= '9');
  if (may_be_number && !value.get_double().get(number) && std::isfinite(number)) return add_number(number, token);
  return add_word(without_trailing_blanks(token));
}

bool JsonTreeBuilder::add_list(ondemand::array& list, int depth) {
  const std::size_t head = words_.size();
  push_boxed(JsonKind::List, 0);
  push(0);
  std::uint64_t count = 0;
  for (auto one : list) {
    ondemand::value element;
    if (std::move(one).get(element) || !add(element, depth + 1)) return false;
    ++count;
  }
  close(head, count);
  return true;
}

bool JsonTreeBuilder::add_object(ondemand::object& object, int depth) {
  const std::size_t head = words_.size();
  push_boxed(JsonKind::Object, 0);
  push(0);
  std::uint64_t count = 0;
  for (auto one : object) {
    ondemand::field member;
    if (std::move(one).get(member) || !add_text(member.key().raw())) return false;
    ondemand::value& value = member.value();
    if (!add(value, depth + 1)) return false;
    ++count;
  }
  close(head, count);
  return true;
}

bool JsonTreeBuilder::add_text(const char* begin) {
  const char* const end = find_text_end(begin, buffer_ + size_);
  if (end == nullptr) return false;
  const auto size = static_cast<std::size_t>(end - begin);
  const bool is_escaped = std::memchr(begin, '\\', size) != nullptr;
  push_boxed(JsonKind::Text, offset(begin));
  push(size | (is_escaped ? JsonTree::kEscaped : 0));
  return true;
}

bool JsonTreeBuilder::add_number(double number, std::string_view token) {
  if (std::abs(number) >= kExactBelow) {
    token = without_trailing_blanks(token);
    if (is_whole_number(token)) {
      push_boxed(JsonKind::Exact, offset(token.data()));
      push(token.size());
      return true;
    }
  }
  push(std::bit_cast<std::uint64_t>(number));
  return true;
}

bool JsonTreeBuilder::add_word(std::string_view token) {
  if (token == "null") {
    push_boxed(JsonKind::Null, 0);
  } else if (token == "true") {
    push_boxed(JsonKind::True, 0);
  } else if (token == "false") {
    push_boxed(JsonKind::False, 0);
  } else if (token == "NaN") {
    push(std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN()));
  } else if (token == "Infinity") {
    push(std::bit_cast<std::uint64_t>(std::numeric_limits<double>::infinity()));
  } else if (token == "-Infinity") {
    push(std::bit_cast<std::uint64_t>(-std::numeric_limits<double>::infinity()));
  } else if (is_json_number(token)) {
    push_boxed(JsonKind::Exact, offset(token.data()));
    push(token.size());
  } else {
    return false;
  }
  return true;
}

bool JsonTreeBuilder::add_root_scalar(std::string_view token) {
  if (token.empty()) return false;
  if (token.front() == '"') {
    return find_text_end(token.data() + 1, token.data() + token.size()) == token.data() + token.size() - 1 &&
           add_text(token.data() + 1);
  }
  if (!is_json_number(token)) return add_word(token);
  double number = 0;
  const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), number);
  return problem == std::errc{} ? add_number(number, token) : add_word(token);
}

struct JsonReader::Impl {
  ondemand::parser parser;
  std::vector<char> buffer;  ///< the text, and zeros behind it: the parser reads a block past the end
};

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::~JsonReader() = default;
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

bool JsonReader::read(std::string_view text, JsonTree& tree) {
  tree.words_.clear();
  tree.text_ = text.data();
  if (text.empty() || text.size() >= std::size_t{1} << 31) return false;
  std::vector<char>& buffer = impl_->buffer;
  const std::size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
  if (buffer.size() < needed) std::vector<char>(needed).swap(buffer);
  std::memcpy(buffer.data(), text.data(), text.size());
  std::memset(buffer.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  const simdjson::padded_string_view padded(buffer.data(), text.size(), needed);
  if (!impl_->parser.iterate(padded).get(document) &&
      JsonTreeBuilder(buffer.data(), text.size(), tree.words_).build(document)) {
    return true;
  }
  tree.words_.clear();
  return false;
}

void JsonTree::trim(std::size_t words) {
  if (words_.capacity() > words) std::vector<std::uint64_t>().swap(words_);
}

void JsonReader::trim(std::size_t bytes) {
  if (impl_->buffer.size() > bytes + simdjson::SIMDJSON_PADDING) impl_ = std::make_unique<Impl>();
}

}  // namespace sluice::compare
