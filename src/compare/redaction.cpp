#include "sluice/compare/redaction.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "sluice/compare/field_rules.hpp"

namespace sluice::compare {

namespace {

constexpr std::string_view redacted_value = "\"<redacted>\"";

std::string in_bytes_only(std::size_t bytes) {
  return "<" + std::to_string(bytes) + " bytes, not shown>";
}

/// Whether it is called so, as tensors are: fields that differ name them by that, not by their place.
bool is_called(const simdjson::dom::element& element, std::string_view wanted) noexcept {
  if (!element.is_object()) return false;
  const simdjson::dom::object object = element.get_object().value_unsafe();
  for (const auto& member : object) {
    if (member.key == "name" && member.value.is_string() && member.value.get_string().value_unsafe() == wanted) {
      return true;
    }
  }
  return false;
}

bool continues_character(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Writes JSON again, without what nobody may see. Stops where nothing more would be shown.
class RedactedText {
 public:
  using Pointer = std::vector<std::string>;

  RedactedText(const std::vector<Pointer>& pointers, std::size_t most) : pointers_(pointers), most_(most) {}

  std::string write(const simdjson::dom::element& document) {
    Matching all;
    bool is_hidden = false;
    for (const Pointer& pointer : pointers_) {
      is_hidden = is_hidden || pointer.empty();
      all.push_back(&pointer);
    }
    if (is_hidden) {
      text_ += redacted_value;
    } else {
      write_value(document, all, 0);
    }
    text_.resize(utf8_prefix(text_, most_).size());
    return std::move(text_);
  }

 private:
  using Matching = std::vector<const Pointer*>;  // whose first tokens lead here, and that go on

  bool is_full() const noexcept { return text_.size() >= most_; }

  void write_value(const simdjson::dom::element& value, const Matching& matching, std::size_t depth) {
    using simdjson::dom::element_type;
    switch (value.type()) {
      case element_type::OBJECT:
        return write_object(value.get_object().value_unsafe(), matching, depth);
      case element_type::ARRAY:
        return write_array(value.get_array().value_unsafe(), matching, depth);
      case element_type::STRING:
        return write_text(value.get_string().value_unsafe());
      case element_type::INT64:
        text_ += std::to_string(value.get_int64().value_unsafe());
        return;
      case element_type::UINT64:
        text_ += std::to_string(value.get_uint64().value_unsafe());
        return;
      case element_type::DOUBLE:
        return write_number(value.get_double().value_unsafe());
      case element_type::BOOL:
        text_ += value.get_bool().value_unsafe() ? "true" : "false";
        return;
      case element_type::NULL_VALUE:
        text_ += "null";
        return;
    }
  }

  void write_object(const simdjson::dom::object& object, const Matching& matching, std::size_t depth) {
    text_.push_back('{');
    bool is_first = true;
    for (const auto& member : object) {
      if (is_full()) return;
      if (!std::exchange(is_first, false)) text_.push_back(',');
      write_text(member.key);
      text_.push_back(':');
      write_below(member.value, member.key, false, matching, depth);
    }
    text_.push_back('}');
  }

  void write_array(const simdjson::dom::array& array, const Matching& matching, std::size_t depth) {
    text_.push_back('[');
    std::size_t index = 0;
    for (const auto& value : array) {
      if (is_full()) return;
      if (index > 0) text_.push_back(',');
      if (matching.empty()) {
        write_value(value, matching, depth + 1);
      } else {
        write_below(value, std::to_string(index), true, matching, depth);
      }
      ++index;
    }
    text_.push_back(']');
  }

  void write_below(const simdjson::dom::element& value, std::string_view token, bool in_list, const Matching& matching,
                   std::size_t depth) {
    Matching below;
    for (const Pointer* const pointer : matching) {
      const std::string& wanted = (*pointer)[depth];
      if (wanted != "*" && wanted != token && !(in_list && is_called(value, wanted))) continue;
      if (pointer->size() == depth + 1) {
        text_ += redacted_value;
        return;
      }
      below.push_back(pointer);
    }
    write_value(value, below, depth + 1);
  }

  void write_number(double number) {
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    const std::string_view shown(digits.data(), static_cast<std::size_t>(written.ptr - digits.data()));
    text_ += shown;
    if (shown.find_first_of(".en") == std::string_view::npos) text_ += ".0";  // so it is not taken for an integer
  }

  void write_text(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::size_t more_than_a_character = 4;  // so that the end of a text that is cut is not shown
    text_.push_back('"');
    for (const char one : utf8_prefix(text, most_ + more_than_a_character)) {
      const auto byte = static_cast<unsigned char>(one);
      if (byte == '"' || byte == '\\') {
        text_.push_back('\\');
        text_.push_back(one);
      } else if (byte < 0x20) {
        text_ += "\\u00";
        text_.push_back(hex[byte >> 4]);
        text_.push_back(hex[byte & 15]);
      } else {
        text_.push_back(one);
      }
    }
    text_.push_back('"');
  }

  const std::vector<Pointer>& pointers_;
  const std::size_t most_;
  std::string text_;
};

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  constexpr std::size_t longest_character = 4;
  std::size_t end = most;
  while (end > 0 && most - end < longest_character && continues_character(text[end])) --end;
  return text.substr(0, continues_character(text[end]) ? most : end);
}

struct Redactor::Impl {
  std::string show(const Answer& answer, std::size_t json, const std::vector<std::string>& pointers, std::size_t most);

  simdjson::dom::parser parser;
};

std::string Redactor::Impl::show(const Answer& answer, std::size_t json, const std::vector<std::string>& pointers,
                                 std::size_t most) {
  simdjson::dom::element document;
  const bool is_json = !answer.events && !answer.encoded && json <= answer.body.size() &&
                       !parser.parse(answer.body.data(), json, true).get(document);
  if (!is_json) return in_bytes_only(answer.body.size());
  std::vector<std::vector<std::string>> parsed;
  parsed.reserve(pointers.size());
  for (const std::string& pointer : pointers) parsed.push_back(pointer_tokens(pointer));
  std::string text = RedactedText(parsed, most).write(document);
  if (json < answer.body.size()) text += " " + in_bytes_only(answer.body.size() - json);
  return text;
}

Redactor::Redactor() : impl_(std::make_unique<Impl>()) {}
Redactor::~Redactor() = default;

std::string Redactor::show(const Answer& answer, const std::vector<std::string>& pointers, std::size_t most) {
  if (answer.body.empty()) return {};
  const std::size_t json = answer.json_bytes > 0 ? answer.json_bytes : answer.body.size();
  std::string text = impl_->show(answer, json, pointers, most);
  if (json > kKept) impl_->parser = simdjson::dom::parser();  // it would keep many times as much
  return text;
}

}  // namespace sluice::compare
