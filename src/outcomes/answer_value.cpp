#include "sluice/outcomes/answer_value.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "sluice/outcomes/answer_text.hpp"
#include "sluice/state/ledger.hpp"

namespace sluice::outcomes {

namespace {

namespace json = simdjson::ondemand;

static_assert(std::endian::native == std::endian::little, "binary tensors are read as they come");

/// Values deeper within lists than this are none.
constexpr int kDeepest = 8;

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

Unread settle(double number, policy::OutcomeType type, float& value) noexcept {
  if (!(std::abs(number) <= state::most_reported_value)) return Unread::NoNumber;
  value = type == policy::OutcomeType::Binary ? (number != 0 ? 1.0F : 0.0F) : static_cast<float>(number);
  return Unread::NotLooked;
}

/// What is found where a value stands: a number or, for a label, a class.
struct Leaf {
  float number = 0;
  Label label;
};

/// Beyond that a JSON number does not say which whole number it is.
constexpr double kWholeNumbers = 9007199254740992.0;

/// 3, 3.0 and 3e0 are the same class.
Unread settle_whole(double number, Label& label) noexcept {
  if (!(std::abs(number) <= kWholeNumbers) || std::trunc(number) != number) return Unread::NoNumber;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(number)).ptr;
  label.set({text, static_cast<std::size_t>(end - text)});
  return Unread::NotLooked;
}

Unread settle(double number, const AnswerField& field, Leaf& leaf) noexcept {
  return field.purpose == ReadFor::Label ? settle_whole(number, leaf.label) : settle(number, field.type, leaf.number);
}

Unread read_leaf_label(json::value place, json::json_type kind, Label& label) noexcept {
  if (kind == json::json_type::string) {
    std::string_view text;
    if (place.get_string().get(text)) return Unread::Absent;
    label.set(text);
    return Unread::NotLooked;
  }
  if (kind == json::json_type::boolean) return read_label(place.raw_json_token(), label);
  const std::string_view token = without_blanks(place.raw_json_token());
  double number = 0;
  const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (problem != std::errc{} || end != token.data() + token.size()) return Unread::NoNumber;
  return settle_whole(number, label);
}

/// A number or boolean, for a label also a text, or the first of a list of them.
Unread read_scalar(json::value place, const AnswerField& field, Leaf& leaf) noexcept {
  for (int depth = 0; depth < kDeepest; ++depth) {
    json::json_type kind{};
    if (place.type().get(kind)) return Unread::Absent;
    if (kind == json::json_type::null) return Unread::Absent;
    const bool is_number = kind == json::json_type::number || kind == json::json_type::boolean;
    if (field.purpose == ReadFor::Label) {
      if (is_number || kind == json::json_type::string) return read_leaf_label(place, kind, leaf.label);
    } else if (is_number) {
      return read_number(place.raw_json_token(), field.type, leaf.number);
    }
    if (kind != json::json_type::array) return Unread::NoNumber;
    json::array list;
    json::value first;
    bool is_empty = false;
    if (place.get_array().get(list) || list.is_empty().get(is_empty) || is_empty) return Unread::Absent;
    json::array_iterator begin;
    if (list.begin().get(begin) || (*begin).get(first)) return Unread::Absent;
    place = first;
  }
  return Unread::NoNumber;
}

/// One token down from a document or a value; false when there is no such place.
template <typename Place>
bool go_down(Place& place, const std::string& token, json::value& next) noexcept {
  json::json_type kind{};
  if (place.type().get(kind)) return false;
  if (kind == json::json_type::object) {
    json::object object;
    return !place.get_object().get(object) && !object.find_field(token).get(next);
  }
  if (kind != json::json_type::array) return false;
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [stop, problem] = std::from_chars(token.data(), end, index);
  if (problem != std::errc{} || stop != end || (token.size() > 1 && token.front() == '0')) return false;
  json::array list;
  return !place.get_array().get(list) && !list.at(index).get(next);
}

/// An entry of `outputs`.
struct Output {
  bool is_wanted = false;
  Unread unread = Unread::Absent;  ///< of `data`
  Leaf leaf;
  std::string_view datatype;
  std::optional<std::uint64_t> binary_bytes;
};

template <typename T>
double element_at(const char* bytes) noexcept {
  T number{};
  std::memcpy(&number, bytes, sizeof number);
  return static_cast<double>(number);
}

struct Datatype {
  std::string_view name;
  std::size_t bytes;
  double (*number)(const char* bytes) noexcept;
};
constexpr Datatype kDatatypes[] = {
    {"FP32", 4, element_at<float>},           {"FP64", 8, element_at<double>},
    {"INT8", 1, element_at<std::int8_t>},     {"INT16", 2, element_at<std::int16_t>},
    {"INT32", 4, element_at<std::int32_t>},   {"INT64", 8, element_at<std::int64_t>},
    {"UINT8", 1, element_at<std::uint8_t>},   {"UINT16", 2, element_at<std::uint16_t>},
    {"UINT32", 4, element_at<std::uint32_t>}, {"UINT64", 8, element_at<std::uint64_t>},
    {"BOOL", 1, element_at<std::uint8_t>},
};

/// Each element of a BYTES tensor has its length before it.
Unread read_bytes(std::string_view bytes, const AnswerField& field, Leaf& leaf) noexcept {
  if (field.purpose != ReadFor::Label) return Unread::NoNumber;
  std::uint32_t size = 0;
  if (bytes.size() < sizeof size) return Unread::Absent;
  std::memcpy(&size, bytes.data(), sizeof size);
  if (size > bytes.size() - sizeof size) return Unread::Absent;
  leaf.label.set(bytes.substr(sizeof size, size));
  return Unread::NotLooked;
}

Unread read_binary(std::string_view bytes, std::string_view datatype, const AnswerField& field, Leaf& leaf) noexcept {
  if (datatype == "BYTES") return read_bytes(bytes, field, leaf);
  const auto* const known = std::find_if(std::begin(kDatatypes), std::end(kDatatypes),
                                         [&](const Datatype& one) { return one.name == datatype; });
  if (known == std::end(kDatatypes)) return Unread::NoNumber;
  if (bytes.size() < known->bytes) return Unread::Absent;
  return settle(known->number(bytes.data()), field, leaf);
}

bool read_member(json::field& member, std::string_view key, const AnswerField& field, Output& output) noexcept {
  json::value place = member.value();
  std::string_view text;
  if (key == "name") {
    if (place.get_string().get(text)) return false;
    output.is_wanted = text == field.name;
  } else if (key == "datatype") {
    if (place.get_string().get(text)) return false;
    output.datatype = text;
  } else if (key == "data") {
    output.unread = read_scalar(place, field, output.leaf);
  } else if (key == "parameters") {
    json::object parameters;
    std::uint64_t bytes = 0;
    if (place.get_object().get(parameters)) return true;
    if (!parameters.find_field_unordered("binary_data_size").get_uint64().get(bytes)) output.binary_bytes = bytes;
  }
  return true;
}

/// A boolean is written as a word, a number or a byte, and is one class however it is.
Unread name_boolean(Unread unread, std::string_view datatype, const AnswerField& field, Label& label) noexcept {
  if (unread != Unread::NotLooked || datatype != "BOOL" || field.purpose != ReadFor::Label) return unread;
  const std::string_view shown = label.shown();
  label.set(shown == "0" || shown == "false" ? "false" : "true");
  return unread;
}

/// False where the JSON breaks.
bool read_output(json::object& object, const AnswerField& field, Output& output) noexcept {
  for (auto one : object) {
    json::field member;
    std::string_view key;
    if (std::move(one).get(member) || member.unescaped_key().get(key)) return false;
    if (!read_member(member, key, field, output)) return false;
  }
  return true;
}

Unread read_tensor(json::document& document, const AnswerField& field, const AnswerBody& body, Leaf& leaf) noexcept {
  json::array outputs;
  if (document.find_field("outputs").get_array().get(outputs)) return Unread::Absent;
  std::uint64_t offset = body.json_bytes;  // of its bytes, behind the JSON and in the order of the outputs
  for (auto one : outputs) {
    json::object object;
    Output output;
    if (std::move(one).get_object().get(object) || !read_output(object, field, output)) return Unread::Absent;
    if (output.is_wanted && !output.binary_bytes) {
      leaf = output.leaf;
      return name_boolean(output.unread, output.datatype, field, leaf.label);
    }
    const std::uint64_t bytes = output.binary_bytes.value_or(0);
    if (bytes > 0 && (body.json_bytes == 0 || bytes > body.text.size() - offset)) return Unread::Absent;
    if (output.is_wanted) {
      const Unread unread = read_binary(body.text.substr(offset, bytes), output.datatype, field, leaf);
      return name_boolean(unread, output.datatype, field, leaf.label);
    }
    offset += bytes;
  }
  return Unread::Absent;
}

Unread follow(json::document& document, const std::vector<std::string>& pointer, const AnswerField& field,
              Leaf& leaf) noexcept {
  json::value place;
  if (pointer.empty() || !go_down(document, pointer.front(), place)) return Unread::Absent;
  for (std::size_t i = 1; i < pointer.size(); ++i) {
    json::value next;
    if (!go_down(place, pointer[i], next)) return Unread::Absent;
    place = next;
  }
  return read_scalar(place, field, leaf);
}

}  // namespace

Unread read_number(std::string_view text, policy::OutcomeType type, float& value) noexcept {
  text = without_blanks(text);
  if (text.empty()) return Unread::Absent;
  if (text == "true" || text == "false") {
    return type == policy::OutcomeType::Binary ? settle(text == "true" ? 1 : 0, type, value) : Unread::NoNumber;
  }
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return Unread::NoNumber;
  return settle(number, type, value);
}

Unread read_label(std::string_view text, Label& label) noexcept {
  text = without_blanks(text);
  if (text.empty()) return Unread::Absent;
  label.set(text);
  return Unread::NotLooked;
}

struct AnswerParser::Impl {
  json::parser parser;
  const AnswerField token_count = [] {
    AnswerField field;
    field.type = policy::OutcomeType::Value;
    field.pointer = {"usage", "completion_tokens"};
    return field;
  }();

  Unread count_tokens(json::document* document, const AnswerField& field, const AnswerBody& body,
                      float& value) const noexcept {
    float counted = static_cast<float>(body.events);
    bool is_known = body.events > 0;
    Leaf told;
    if (document != nullptr && follow(*document, token_count.pointer, token_count, told) == Unread::NotLooked) {
      counted = told.number;
      is_known = told.number >= 0;
    }
    const double seconds = std::chrono::duration<double>(body.took).count();
    const bool is_rate = field.part == policy::AnswerPart::TokensPerSecond;
    if (!is_known || (is_rate && !(seconds > 0))) return Unread::Absent;
    return settle(is_rate ? static_cast<double>(counted) / seconds : static_cast<double>(counted), field.type, value);
  }

  Unread read(const AnswerField& field, const AnswerBody& body, Leaf& leaf) noexcept {
    const bool counts_tokens =
        field.part == policy::AnswerPart::Tokens || field.part == policy::AnswerPart::TokensPerSecond;
    std::string_view text = body.text;
    if (body.json_bytes > 0) text = text.substr(0, body.json_bytes);
    json::document document;
    const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + AnswerText::kPadding);
    const bool is_json = !text.empty() && body.json_bytes <= body.text.size() && !parser.iterate(padded).get(document);
    if (counts_tokens) return count_tokens(is_json ? &document : nullptr, field, body, leaf.number);
    if (!is_json) return Unread::Absent;
    switch (field.part) {
      case policy::AnswerPart::JsonPointer:
        return follow(document, field.pointer, field, leaf);
      case policy::AnswerPart::Tensor:
        return read_tensor(document, field, body, leaf);
      default:
        return Unread::NotLooked;
    }
  }
};

AnswerParser::AnswerParser() : impl_(std::make_unique<Impl>()) {}
AnswerParser::~AnswerParser() = default;
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;

Unread AnswerParser::read(const AnswerField& field, const AnswerBody& body, float& value) noexcept {
  Leaf leaf;
  const Unread unread = impl_->read(field, body, leaf);
  if (unread == Unread::NotLooked) value = leaf.number;
  return unread;
}

Unread AnswerParser::read_label(const AnswerField& field, const AnswerBody& body, Label& label) noexcept {
  Leaf leaf;
  const Unread unread = impl_->read(field, body, leaf);
  if (unread == Unread::NotLooked) label = leaf.label;
  return unread;
}

}  // namespace sluice::outcomes
