#include "sluice/policy/formats.hpp"

#include <algorithm>
#include <cctype>

#include "sluice/policy/address.hpp"

namespace sluice::policy {
namespace {

bool is_alnum(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

std::string any_text(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (text.size() > 1024) return "is longer than 1024 bytes";
  if (has_control(text)) return "contains a control character or a line break";
  return {};
}

std::string name(std::string_view text) {
  if (text.empty() || text.size() > 63) return "a name has 1 to 63 characters";
  const auto allowed = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  if (!std::all_of(text.begin(), text.end(), allowed) || !is_alnum(text.front()) || !is_alnum(text.back())) {
    return "a name has letters, digits, \"-\", \"_\" and \".\", and begins and ends with a letter or digit";
  }
  return {};
}

std::string header_name(std::string_view text) {
  const auto allowed = [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  if (text.empty() || text.size() > 256 || !std::all_of(text.begin(), text.end(), allowed)) {
    return "is not a name that a header or cookie can have";
  }
  return {};
}

std::string json_pointer(std::string_view text) {
  if (!text.starts_with('/')) return "a JSON pointer begins with \"/\"";
  if (text.size() > 1024) return "is longer than 1024 bytes";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) {
      return "in a JSON pointer \"~\" is written ~0 and \"/\" in a key ~1";
    }
  }
  return {};
}

std::string http_url(std::string_view text) {
  const bool http = text.starts_with("http://") || text.starts_with("https://");
  if (!http) return "a URL begins with http:// or https://";
  if (text.size() > 1024) return "is longer than 1024 bytes";
  const std::size_t host = text.find("//") + 2;
  const std::size_t end = std::min(text.find_first_of("/?#", host), text.size());
  const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!printable) return "a URL has no blanks and only ASCII characters";
  if (!parse_endpoint(text.substr(0, end)).endpoint) return "the URL has no valid host and port";
  return {};
}

std::string method(std::string_view text) {
  const auto allowed = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.empty() || text.size() > 20 || !std::all_of(text.begin(), text.end(), allowed)) {
    return "a method is written in upper-case letters, as in POST";
  }
  return {};
}

std::string label_key(std::string_view text) {
  return text.empty() || text.size() > 253 || has_control(text) ? "a key has 1 to 253 characters" : std::string();
}

std::string host(std::string_view text) {
  if (text.find_first_of("/@?#") != std::string_view::npos) return "is not a host name";
  const bool valid = parse_endpoint("http://" + std::string(text)).endpoint.has_value();
  return valid ? std::string() : "is not a host name";
}

std::string path(std::string_view text) {
  if (!text.starts_with('/')) return "a path begins with \"/\"";
  if (text.size() > 1024) return "is longer than 1024 bytes";
  const bool visible = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!visible || text.find('#') != std::string_view::npos) {
    return "a path has neither blanks nor \"#\", and only ASCII characters; write others as %XX";
  }
  return {};
}

std::string body(std::string_view text) {
  if (text.empty()) return "must not be empty";
  return text.size() > 64 * 1024 ? "is longer than 64 KiB" : std::string();
}

}  // namespace

const TextFormat name_format{"name", "^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", name};
const TextFormat any_text_format{"text", "", any_text};
const TextFormat header_name_format{"header name", "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", header_name};
const TextFormat json_pointer_format{"JSON pointer", "^(/([^~/]|~[01])*)+$", json_pointer};
const TextFormat http_url_format{"URL", "^https?://[^ /]+.*$", http_url};
const TextFormat method_format{"method", "^[A-Z]+$", method};
const TextFormat label_key_format{"key", "", label_key};
const TextFormat host_format{"host", "^[^/@?# ]+$", host};
const TextFormat path_format{"path", "^/[^ #]*$", path};
const TextFormat body_format{"text", "", body};

}  // namespace sluice::policy
