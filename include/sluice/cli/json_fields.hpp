#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

/// Fields of a gateway's answer, which may be of another version than this program: what is missing or of another type
/// reads as empty.
namespace sluice::cli {

using Json = nlohmann::ordered_json;

inline std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

inline bool has_number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number();
}

inline double number(const Json& object, const char* key) {
  return has_number(object, key) ? object.find(key)->get<double>() : 0;
}

inline std::uint64_t count(const Json& object, const char* key) {
  const double value = number(object, key);
  return value > 0 && value < 1e18 ? static_cast<std::uint64_t>(value) : 0;
}

inline bool flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

/// The list of that name; empty when there is none.
inline const Json& list(const Json& object, const char* key) {
  static const Json nothing = Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : nothing;
}

inline const Json& part(const Json& object, const char* key) {
  static const Json nothing = Json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : nothing;
}

/// On one line.
inline std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::cli
