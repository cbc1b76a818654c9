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

/// A number or boolean, or the first of a list of them.
Unread read_scalar(json::value place, policy::OutcomeType type, float& value) noexcept {
  for (int depth = 0; depth < kDeepest; ++depth) {
    json::json_type kind{};
    if (place.type().get(kind)) return Unread::Absent;
    if (kind == json::json_type::null) return Unread::Absent;
    if (kind == json::json_type::number || kind == json::json_type::boolean) {
      return read_number(place.raw_json_token(), type, value);
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
  float value = 0;
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

Unread read_binary(std::string_view bytes, std::string_view datatype, policy::OutcomeType type, float& value) noexcept {
  const auto* const known = std::find_if(std::begin(kDatatypes), std::end(kDatatypes),
                                         [&](const Datatype& one) { return one.name == datatype; });
  if (known == std::end(kDatatypes)) return Unread::NoNumber;
  if (bytes.size() < known->bytes) return Unread::Absent;
  return settle(known->number(bytes.data()), type, value);
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
    output.unread = read_scalar(place, field.type, output.value);
  } else if (key == "parameters") {
    json::object parameters;
    std::uint64_t bytes = 0;
    if (place.get_object().get(parameters)) return true;
    if (!parameters.find_field_unordered("binary_data_size").get_uint64().get(bytes)) output.binary_bytes = bytes;
  }
  return true;
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

Unread read_tensor(json::document& document, const AnswerField& field, const AnswerBody& body, float& value) noexcept {
  json::array outputs;
  if (document.find_field("outputs").get_array().get(outputs)) return Unread::Absent;
  std::uint64_t offset = body.json_bytes;  // of its bytes, behind the JSON and in the order of the outputs
  for (auto one : outputs) {
    json::object object;
    Output output;
    if (std::move(one).get_object().get(object) || !read_output(object, field, output)) return Unread::Absent;
    if (output.is_wanted && !output.binary_bytes) {
      value = output.value;
      return output.unread;
    }
    const std::uint64_t bytes = output.binary_bytes.value_or(0);
    if (bytes > 0 && (body.json_bytes == 0 || bytes > body.text.size() - offset)) return Unread::Absent;
    if (output.is_wanted) return read_binary(body.text.substr(offset, bytes), output.datatype, field.type, value);
    offset += bytes;
  }
  return Unread::Absent;
}

Unread follow(json::document& document, const std::vector<std::string>& pointer, policy::OutcomeType type,
              float& value) noexcept {
  json::value place;
  if (pointer.empty() || !go_down(document, pointer.front(), place)) return Unread::Absent;
  for (std::size_t i = 1; i < pointer.size(); ++i) {
    json::value next;
    if (!go_down(place, pointer[i], next)) return Unread::Absent;
    place = next;
  }
  return read_scalar(place, type, value);
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

struct AnswerParser::Impl {
  json::parser parser;
  const std::vector<std::string> tokens{"usage", "completion_tokens"};

  Unread count_tokens(json::document* document, const AnswerField& field, const AnswerBody& body,
                      float& value) const noexcept {
    float counted = static_cast<float>(body.events);
    bool is_known = body.events > 0;
    float told = 0;
    if (document != nullptr && follow(*document, tokens, policy::OutcomeType::Value, told) == Unread::NotLooked) {
      counted = told;
      is_known = told >= 0;
    }
    const double seconds = std::chrono::duration<double>(body.took).count();
    const bool is_rate = field.part == policy::AnswerPart::TokensPerSecond;
    if (!is_known || (is_rate && !(seconds > 0))) return Unread::Absent;
    return settle(is_rate ? static_cast<double>(counted) / seconds : static_cast<double>(counted), field.type, value);
  }
};

AnswerParser::AnswerParser() : impl_(std::make_unique<Impl>()) {}
AnswerParser::~AnswerParser() = default;
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;

Unread AnswerParser::read(const AnswerField& field, const AnswerBody& body, float& value) noexcept {
  const bool counts_tokens =
      field.part == policy::AnswerPart::Tokens || field.part == policy::AnswerPart::TokensPerSecond;
  std::string_view text = body.text;
  if (body.json_bytes > 0) text = text.substr(0, body.json_bytes);
  json::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + AnswerText::kPadding);
  const bool is_json =
      !text.empty() && body.json_bytes <= body.text.size() && !impl_->parser.iterate(padded).get(document);
  if (counts_tokens) return impl_->count_tokens(is_json ? &document : nullptr, field, body, value);
  if (!is_json) return Unread::Absent;
  switch (field.part) {
    case policy::AnswerPart::JsonPointer:
      return follow(document, field.pointer, field.type, value);
    case policy::AnswerPart::Tensor:
      return read_tensor(document, field, body, value);
    default:
      return Unread::NotLooked;
  }
}

}  // namespace sluice::outcomes
