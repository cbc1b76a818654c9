#include "sluice/http/start_line.hpp"

#include <algorithm>

#include "refusals.hpp"
#include "sluice/http/syntax.hpp"

namespace sluice::http {

namespace {

constexpr Refusal kInvalidRequestLine{400, "invalid_request_line"};
constexpr Refusal kInvalidTarget{400, "invalid_target"};
constexpr Refusal kInvalidVersion{400, "invalid_version"};
constexpr Refusal kUnsupportedMethod{501, "unsupported_method"};
constexpr Refusal kUnsupportedTarget{501, "unsupported_target"};
constexpr Refusal kUnsupportedVersion{505, "unsupported_version"};

constexpr std::size_t kVersionSize = 8;  // HTTP/1.1

Method method_of(std::string_view text) noexcept {
  switch (text.size()) {
    case 3:
      return text == "GET" ? Method::Get : text == "PUT" ? Method::Put : Method::Other;
    case 4:
      return text == "POST" ? Method::Post : text == "HEAD" ? Method::Head : Method::Other;
    case 5:
      return text == "PATCH" ? Method::Patch : text == "TRACE" ? Method::Trace : Method::Other;
    case 6:
      return text == "DELETE" ? Method::Delete : Method::Other;
    case 7:
      return text == "OPTIONS" ? Method::Options : text == "CONNECT" ? Method::Connect : Method::Other;
    default:
      return Method::Other;
  }
}

Refusal parse_version(std::string_view text, MessageHead& out) noexcept {
  if (text.size() != kVersionSize || !text.starts_with("HTTP/") || !is(text[5], kDigitByte) || text[6] != '.' ||
      !is(text[7], kDigitByte)) {
    return kInvalidVersion;
  }
  if (text[5] != '1') return kUnsupportedVersion;
  out.minor_version = static_cast<std::uint8_t>(text[7] - '0');
  return kNotRefused;
}

/// Path and query from `at` to the end of `text`. Routes are matched on these bytes, so a broken escape or an escaped
/// NUL in the path is refused.
Refusal parse_path(std::string_view text, std::size_t at, std::size_t end, RequestHead& out) noexcept {
  const std::size_t start = at;
  const std::string_view up_to_end = text.substr(0, end);
  for (;;) {
    at = skip(up_to_end, at, kPathByte);
    if (at == end || text[at] == '?') break;
    if (text[at] != '%' || end - at < 3 || !is(text[at + 1], kHexByte) || !is(text[at + 2], kHexByte) ||
        (text[at + 1] == '0' && text[at + 2] == '0')) {
      return kInvalidTarget;
    }
    at += 3;
  }
  out.path = range(start, at);
  if (at == end) return kNotRefused;
  out.query = range(at + 1, end);
  return skip(up_to_end, at + 1, kQueryByte) == end ? kNotRefused : kInvalidTarget;
}

Refusal parse_absolute_form(std::string_view text, std::size_t at, std::size_t end, RequestHead& out) noexcept {
  const std::string_view target = text.substr(at, end - at);
  const std::size_t scheme = starts_with_ignoring_case(target, "http://")    ? 7
                             : starts_with_ignoring_case(target, "https://") ? 8
                                                                             : 0;
  if (scheme == 0) return kInvalidTarget;
  const std::size_t authority_end = std::min(target.find_first_of("/?", scheme), target.size());
  if (!is_authority(target.substr(scheme, authority_end - scheme))) return kInvalidTarget;
  out.authority = range(at + scheme, at + authority_end);
  return parse_path(text, at + authority_end, end, out);
}

bool is_port(std::string_view text) noexcept {
  if (text.size() > 5 || skip(text, 0, kDigitByte) != text.size()) return false;
  std::uint32_t port = 0;
  for (const char c : text) port = port * 10 + static_cast<std::uint32_t>(c - '0');
  return port <= 65535;
}

/// Not the whole grammar of IPv6, only its alphabet: nothing here depends on more.
bool is_ipv6_text(std::string_view text) noexcept {
  bool has_colon = false;
  for (const char c : text) {
    if (!is(c, kHexByte) && c != ':' && c != '.') return false;
    has_colon |= c == ':';
  }
  return has_colon;
}

}  // namespace

bool is_authority(std::string_view text) noexcept {
  std::size_t host_end = 0;
  if (text.starts_with('[')) {
    host_end = text.find(']');
    if (host_end == std::string_view::npos || !is_ipv6_text(text.substr(1, host_end - 1))) return false;
    ++host_end;
  } else {
    host_end = skip(text, 0, kHostByte);
    if (host_end == 0) return false;
  }
  return host_end == text.size() || (text[host_end] == ':' && is_port(text.substr(host_end + 1)));
}

Refusal parse_request_line(std::string_view line, std::uint32_t target_limit, RequestHead& out) noexcept {
  const std::size_t method_end = skip(line, 0, kTokenByte);
  if (method_end == 0) return kInvalidMethod;
  if (method_end == line.size()) return kInvalidRequestLine;
  if (line[method_end] != ' ') return kInvalidMethod;
  const std::size_t target_start = method_end + 1;
  const std::size_t target_end = line.find(' ', target_start);
  if (target_end == std::string_view::npos || target_end == target_start) return kInvalidRequestLine;
  const std::string_view version = line.substr(target_end + 1);
  if (version.find(' ') != std::string_view::npos) return kInvalidRequestLine;
  if (const Refusal refusal = parse_version(version, out)) return refusal;

  out.method_text = range(0, method_end);
  out.method = method_of(line.substr(0, method_end));
  if (out.method == Method::Connect || out.method == Method::Trace || method_end > kLongestMethod) {
    return kUnsupportedMethod;
  }
  if (target_end - target_start > target_limit) return kTargetTooLong;
  out.target = range(target_start, target_end);
  if (line[target_start] == '/') return parse_path(line, target_start, target_end, out);
  if (out.target.in(line.data()) == "*") return out.method == Method::Options ? kUnsupportedTarget : kInvalidTarget;
  return parse_absolute_form(line, target_start, target_end, out);
}

Refusal parse_status_line(std::string_view line, ResponseHead& out) noexcept {
  if (line.size() < kVersionSize + 4 || line[kVersionSize] != ' ') return kInvalidStatusLine;
  if (const Refusal refusal = parse_version(line.substr(0, kVersionSize), out)) return refusal;
  const std::string_view code = line.substr(kVersionSize + 1, 3);
  if (!is_all(code, kDigitByte) || code[0] < '1' || code[0] > '5') return kInvalidStatusLine;
  out.status = static_cast<std::uint16_t>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
  const std::string_view rest = line.substr(kVersionSize + 4);
  if (!rest.empty() && rest[0] != ' ') return kInvalidStatusLine;
  return find_control_byte(rest) == std::string_view::npos ? kNotRefused : kInvalidStatusLine;
}

}  // namespace sluice::http
