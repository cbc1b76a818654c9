#include "sluice/traffic/json_value.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>

namespace sluice::traffic {
namespace {

namespace json = simdjson::ondemand;

constexpr std::size_t max_tokens = 32;
constexpr std::size_t max_token_size = 256;

// The parser reads a block past the end, and compares a key by reading as many bytes as the wanted one has.
constexpr std::size_t padding = simdjson::SIMDJSON_PADDING + max_token_size;

/// The parser and the padded copy of a body that it needs; one per thread, so that nothing is allocated per request.
class Reader {
 public:
  simdjson::simdjson_result<json::document> start(std::string_view body) noexcept {
    if (body.size() + padding > capacity_ && !grow(body.size() + padding)) return simdjson::MEMALLOC;
    std::memcpy(buffer_.get(), body.data(), body.size());
    std::memset(buffer_.get() + body.size(), 0, padding);
    return parser_.iterate(simdjson::padded_string_view(buffer_.get(), body.size(), capacity_));
  }

 private:
  bool grow(std::size_t size) noexcept {
    const std::size_t capacity = std::bit_ceil(std::max<std::size_t>(size, 4096));
    std::unique_ptr<char[]> larger(new (std::nothrow) char[capacity]);
    if (!larger) return false;
    buffer_ = std::move(larger);
    capacity_ = capacity;
    return true;
  }

  json::parser parser_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
};

/// One token down from a document or a value; false when there is no such place.
template <typename Place>
bool descend(Place& place, const std::string& token, json::value& next) noexcept {
  json::json_type type{};
  if (place.type().get(type)) return false;
  if (type == json::json_type::object) {
    json::object object;
    return !place.get_object().get(object) && !object.find_field(token).get(next);
  }
  if (type != json::json_type::array) return false;
  std::size_t index = 0;
  const char* end = token.data() + token.size();
  const auto [stop, problem] = std::from_chars(token.data(), end, index);
  if (problem != std::errc{} || stop != end || (token.size() > 1 && token.front() == '0')) return false;
  json::array array;
  return !place.get_array().get(array) && !array.at(index).get(next);
}

std::string_view scalar_text(json::value value) noexcept {
  json::json_type type{};
  if (value.type().get(type)) return {};
  if (type == json::json_type::string) {
    std::string_view text;
    return value.get_string().get(text) ? std::string_view{} : text;
  }
  if (type != json::json_type::number && type != json::json_type::boolean) return {};
  std::string_view token = value.raw_json_token();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

Result<std::string> unescape(std::string_view token) {
  std::string plain;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const char c = token[i];
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) {
      return fail(Error::internal("a key in a JSON pointer cannot hold a quote, a backslash or a control character"));
    }
    if (c != '~') {
      plain += c;
    } else if (++i < token.size() && (token[i] == '0' || token[i] == '1')) {
      plain += token[i] == '0' ? '~' : '/';
    } else {
      return fail(Error::internal("in a JSON pointer, '~' must be written as ~0 and '/' inside a key as ~1"));
    }
  }
  if (plain.size() > max_token_size) return fail(Error::internal("a key in a JSON pointer is longer than 256 bytes"));
  return plain;
}

}  // namespace

Result<std::vector<std::string>> parse_json_pointer(std::string_view pointer) {
  if (pointer.empty())
    return fail(Error::internal("a JSON pointer must name a value inside the body, such as /user/id"));
  if (pointer.front() != '/') return fail(Error::internal("a JSON pointer begins with '/', such as /user/id"));
  std::vector<std::string> tokens;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    auto token = unescape(pointer.substr(0, end));
    if (!token) return fail(token.error());
    tokens.push_back(std::move(token).value());
    pointer.remove_prefix(end);
  }
  if (tokens.size() > max_tokens) return fail(Error::internal("a JSON pointer goes at most 32 levels deep"));
  return tokens;
}

std::string_view find_json_value(std::string_view body, const std::vector<std::string>& tokens) noexcept {
  if (body.empty() || body.size() > max_json_body || tokens.empty()) return {};
  static thread_local Reader reader;
  json::document document;
  if (reader.start(body).get(document)) return {};
  json::value value;
  if (!descend(document, tokens.front(), value)) return {};
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    json::value next;
    if (!descend(value, tokens[i], next)) return {};
    value = next;
  }
  return scalar_text(value);
}

}  // namespace sluice::traffic
