#include "sluice/http/field_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "sluice/http/syntax.hpp"

namespace sluice::http {

namespace {

using namespace std::string_view_literals;

constexpr std::array kEndToEnd = {
    "accept"sv,
    "authorization"sv,
    "cache-control"sv,
    "content-encoding"sv,
    "content-type"sv,
    "cookie"sv,
    "date"sv,
    "expect"sv,
    "forwarded"sv,
    "set-cookie"sv,
    "traceparent"sv,
    "tracestate"sv,
    "trailer"sv,
    "via"sv,
    "x-forwarded-for"sv,
    "x-forwarded-host"sv,
    "x-forwarded-proto"sv,
    "x-real-ip"sv,
    "x-request-id"sv,
};

constexpr std::array kForbiddenTrailers = {
    "age"sv,
    "authorization"sv,
    "cache-control"sv,
    "connection"sv,
    "content-encoding"sv,
    "content-length"sv,
    "content-range"sv,
    "content-type"sv,
    "cookie"sv,
    "date"sv,
    "expect"sv,
    "expires"sv,
    "forwarded"sv,
    "host"sv,
    "keep-alive"sv,
    "location"sv,
    "max-forwards"sv,
    "pragma"sv,
    "proxy-authenticate"sv,
    "proxy-authorization"sv,
    "proxy-connection"sv,
    "range"sv,
    "retry-after"sv,
    "set-cookie"sv,
    "te"sv,
    "trailer"sv,
    "transfer-encoding"sv,
    "upgrade"sv,
    "vary"sv,
    "via"sv,
    "warning"sv,
    "www-authenticate"sv,
    "x-forwarded-for"sv,
    "x-forwarded-host"sv,
    "x-forwarded-proto"sv,
    "x-real-ip"sv,
    "x-request-id"sv,
};

static_assert(std::all_of(kForbiddenTrailers.begin(), kForbiddenTrailers.end(),
                          [](std::string_view name) { return name.size() < kTrailerNameBytes; }));

constexpr std::string_view kOurPrefix = "x-sluice-";

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view known) { return equals_ignoring_case(name, known); });
}

/// Whether a token is this known name, which holds letters and '-' only: for those, setting the bit that tells cases
/// apart maps no other token byte onto them.
bool is_name(std::string_view token, std::string_view known) noexcept {
  if (token.size() != known.size()) return false;
  constexpr std::uint64_t kCaseBits = 0x2020202020202020;
  const auto differ = [&](std::size_t at) {
    std::uint64_t left;
    std::uint64_t right;
    std::memcpy(&left, token.data() + at, 8);
    std::memcpy(&right, known.data() + at, 8);
    return (left | kCaseBits) != right;
  };
  if (token.size() >= 8) {
    for (std::size_t at = 0; at + 8 < token.size(); at += 8) {
      if (differ(at)) return false;
    }
    return !differ(token.size() - 8);
  }
  for (std::size_t at = 0; at < token.size(); ++at) {
    if ((token[at] | 0x20) != known[at]) return false;
  }
  return true;
}

FieldId if_equal(std::string_view name, std::string_view known, FieldId id) noexcept {
  return is_name(name, known) ? id : FieldId::Other;
}

/// Names that begin with x-.
FieldId extension_id(std::string_view name) noexcept {
  if (name.size() >= kOurPrefix.size() && is_name(name.substr(0, kOurPrefix.size()), kOurPrefix)) {
    return is_name(name, "x-sluice-version") ? FieldId::XSluiceVersion : FieldId::XSluice;
  }
  if (name.size() == 12) return if_equal(name, "x-request-id", FieldId::XRequestId);
  return if_equal(name, "x-forwarded-for", FieldId::XForwardedFor);
}

}  // namespace

FieldId field_id(std::string_view name) noexcept {
  if (name.size() < 2) return FieldId::Other;
  const char first = static_cast<char>(name[0] | 0x20);
  if (first == 'x') return name[1] == '-' ? extension_id(name) : FieldId::Other;
  switch (name.size()) {
    case 2:
      return if_equal(name, "te", FieldId::Te);
    case 3:
      return if_equal(name, "via", FieldId::Via);
    case 4:
      return first == 'h' ? if_equal(name, "host", FieldId::Host) : if_equal(name, "date", FieldId::Date);
    case 6:
      return first == 'e' ? if_equal(name, "expect", FieldId::Expect) : FieldId::Other;
    case 7:
      return first == 't' ? if_equal(name, "trailer", FieldId::Trailer) : if_equal(name, "upgrade", FieldId::Upgrade);
    case 10:
      return first == 'c' ? if_equal(name, "connection", FieldId::Connection)
                          : if_equal(name, "keep-alive", FieldId::KeepAlive);
    case 14:
      return first == 'c' ? if_equal(name, "content-length", FieldId::ContentLength) : FieldId::Other;
    case 16:
      return if_equal(name, "proxy-connection", FieldId::ProxyConnection);
    case 17:
      return if_equal(name, "transfer-encoding", FieldId::TransferEncoding);
    case 18:
      return if_equal(name, "proxy-authenticate", FieldId::ProxyAuthenticate);
    case 19:
      return if_equal(name, "proxy-authorization", FieldId::ProxyAuthorization);
    default:
      return FieldId::Other;
  }
}

bool is_always_hop_by_hop(FieldId id) noexcept {
  switch (id) {
    case FieldId::Connection:
    case FieldId::KeepAlive:
    case FieldId::ProxyAuthenticate:
    case FieldId::ProxyAuthorization:
    case FieldId::ProxyConnection:
    case FieldId::Te:
    case FieldId::Upgrade:
      return true;
    default:
      return false;
  }
}

bool is_framing_field(FieldId id) noexcept {
  return id == FieldId::ContentLength || id == FieldId::Host || id == FieldId::TransferEncoding;
}

bool is_end_to_end(std::string_view name) noexcept {
  return contains(kEndToEnd, name) || starts_with_ignoring_case(name, kOurPrefix);
}

bool is_forbidden_in_trailer(std::string_view name) noexcept {
  return contains(kForbiddenTrailers, name) || starts_with_ignoring_case(name, kOurPrefix);
}

}  // namespace sluice::http
