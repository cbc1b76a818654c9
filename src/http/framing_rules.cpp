#include "sluice/http/framing_rules.hpp"

#include <limits>

#include "refusals.hpp"
#include "sluice/http/field_table.hpp"
#include "sluice/http/start_line.hpp"
#include "sluice/http/syntax.hpp"

namespace sluice::http {

namespace {

constexpr Refusal kConnectionNamesFramingField{400, "connection_names_framing_field"};
constexpr Refusal kContentLengthWithTransferEncoding{400, "content_length_with_transfer_encoding"};
constexpr Refusal kDuplicateContentLength{400, "duplicate_content_length"};
constexpr Refusal kDuplicateHost{400, "duplicate_host"};
constexpr Refusal kHostMismatch{400, "host_mismatch"};
constexpr Refusal kInvalidConnection{400, "invalid_connection"};
constexpr Refusal kInvalidContentLength{400, "invalid_content_length"};
constexpr Refusal kInvalidHost{400, "invalid_host"};
constexpr Refusal kInvalidTransferEncoding{400, "invalid_transfer_encoding"};
constexpr Refusal kMissingHost{400, "missing_host"};
constexpr Refusal kTransferEncodingInHttp10{400, "transfer_encoding_in_http_1_0"};
constexpr Refusal kUnexpectedBody{400, "body_not_allowed"};
constexpr Refusal kUnexpectedUpgrade{400, "unexpected_upgrade"};
constexpr Refusal kUnsupportedExpectation{417, "unsupported_expectation"};
constexpr Refusal kUnsupportedTransferEncoding{501, "unsupported_transfer_encoding"};

// Each option costs a walk over all fields; nobody sends more than a handful.
constexpr int kMaxConnectionOptions = 32;
constexpr std::size_t kLongestLength = std::numeric_limits<std::int64_t>::digits10;  // 18 digits: a billion GB

/// The fields that matter here, found in one walk.
struct Noted {
  const Field* content_length = nullptr;
  const Field* transfer_encoding = nullptr;
  const Field* host = nullptr;
  const Field* connection = nullptr;
  const Field* expect = nullptr;
  bool duplicate_content_length = false;
  bool duplicate_host = false;
};

Noted note_fields(const MessageHead& head) noexcept {
  Noted noted;
  const auto note = [](const Field*& first, const Field& field) {
    const bool again = first != nullptr;
    if (!again) first = &field;
    return again;
  };
  for (const Field& field : head.fields()) {
    switch (field.id) {
      case FieldId::ContentLength:
        noted.duplicate_content_length |= note(noted.content_length, field);
        break;
      case FieldId::TransferEncoding:
        note(noted.transfer_encoding, field);
        break;
      case FieldId::Host:
        noted.duplicate_host |= note(noted.host, field);
        break;
      case FieldId::Connection:
        note(noted.connection, field);
        break;
      case FieldId::Expect:
        note(noted.expect, field);
        break;
      default:
        break;
    }
  }
  return noted;
}

/// Some parsers take HTAB for a part of the value and some for white space; around framing values it has no business.
bool has_tab(const char* base, const Field& field) noexcept {
  return field.line.in(base).find('\t') != std::string_view::npos;
}

Refusal parse_content_length(const char* base, const Field& field, MessageHead& head) noexcept {
  const std::string_view text = field.value.in(base);
  if (!is_all(text, kDigitByte) || text.size() > kLongestLength || has_tab(base, field)) return kInvalidContentLength;
  // A leading zero makes some recipients read octal.
  if (text[0] == '0' && text.size() > 1) return kInvalidContentLength;
  std::uint64_t length = 0;
  for (const char c : text) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  head.content_length = length;
  head.framing = length == 0 ? Framing::None : Framing::Length;
  return kNotRefused;
}

/// Exactly one coding, and it is chunked; over all lines of the field.
Refusal check_transfer_encoding(const char* base, const MessageHead& head) noexcept {
  int codings = 0;
  int chunked = 0;
  bool chunked_is_last = false;
  for (const Field& field : head.fields()) {
    if (field.id != FieldId::TransferEncoding) continue;
    if (has_tab(base, field)) return kInvalidTransferEncoding;
    std::string_view list = field.value.in(base);
    std::string_view coding;
    while (next_element(list, coding)) {
      if (!is_all(coding, kTokenByte)) return kInvalidTransferEncoding;
      chunked_is_last = equals_ignoring_case(coding, "chunked");
      chunked += chunked_is_last ? 1 : 0;
      ++codings;
    }
  }
  if (codings == 1 && chunked == 1) return kNotRefused;
  if (chunked == 0 || (chunked == 1 && chunked_is_last)) return kUnsupportedTransferEncoding;
  return kInvalidTransferEncoding;
}

/// What Content-Length and Transfer-Encoding say; nothing changes when neither is there.
Refusal apply_body_fields(const char* base, const Noted& noted, MessageHead& head) noexcept {
  if (noted.transfer_encoding != nullptr) {
    if (head.minor_version == 0) return kTransferEncodingInHttp10;
    if (noted.content_length != nullptr) return kContentLengthWithTransferEncoding;
    if (const Refusal refusal = check_transfer_encoding(base, head)) return refusal;
    head.framing = Framing::Chunked;
    return kNotRefused;
  }
  if (noted.duplicate_content_length) return kDuplicateContentLength;
  if (noted.content_length != nullptr) return parse_content_length(base, *noted.content_length, head);
  return kNotRefused;
}

/// Marks the fields that a connection option names as hop-by-hop.
Refusal apply_option(const char* base, std::string_view option, MessageHead& head) noexcept {
  const FieldId id = field_id(option);
  if (is_framing_field(id)) return kConnectionNamesFramingField;
  if (is_always_hop_by_hop(id) || is_end_to_end(option)) return kNotRefused;
  for (std::size_t i = 0; i < head.field_count; ++i) {
    Field& field = head.field_store[i];
    field.hop_by_hop |= equal_names(field.name.in(base), option);
  }
  return kNotRefused;
}

Refusal apply_connection(const char* base, const Noted& noted, MessageHead& head) noexcept {
  head.keep_alive = head.minor_version >= 1;
  if (noted.connection == nullptr) return kNotRefused;
  bool close = false;
  bool keep_alive = false;
  int options = 0;
  for (std::size_t i = 0; i < head.field_count; ++i) {
    if (head.field_store[i].id != FieldId::Connection) continue;
    std::string_view list = head.field_store[i].value.in(base);
    std::string_view option;
    while (next_element(list, option)) {
      if (++options > kMaxConnectionOptions) return kInvalidConnection;
      if (option.empty()) continue;
      if (equals_ignoring_case(option, "close")) {
        close = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        keep_alive = true;
      } else if (!is_all(option, kTokenByte)) {
        return kInvalidConnection;
      } else if (const Refusal refusal = apply_option(base, option, head)) {
        return refusal;
      }
    }
  }
  head.keep_alive = !close && (keep_alive || head.keep_alive);
  return kNotRefused;
}

Refusal check_host(const char* base, const Noted& noted, const RequestHead& head) noexcept {
  if (noted.duplicate_host) return kDuplicateHost;
  if (noted.host == nullptr) return head.minor_version == 0 ? kNotRefused : kMissingHost;
  const std::string_view host = noted.host->value.in(base);
  if (!is_authority(host)) return kInvalidHost;
  if (head.authority.empty()) return kNotRefused;
  // RFC 9112 section 3.2 makes clients send both alike; a difference is an attempt to be routed by one and served by
  // the other.
  return equal_names(host, head.authority.in(base)) ? kNotRefused : kHostMismatch;
}

Refusal apply_expect(const char* base, const Noted& noted, RequestHead& head) noexcept {
  if (noted.expect == nullptr || head.minor_version == 0) return kNotRefused;
  for (const Field& field : head.fields()) {
    if (field.id == FieldId::Expect && !equals_ignoring_case(field.value.in(base), "100-continue")) {
      return kUnsupportedExpectation;
    }
  }
  head.expects_continue = head.framing != Framing::None;
  return kNotRefused;
}

/// 1xx, 204 and 304 end with their head. An empty Content-Length on 204 is harmless and common.
Refusal apply_bodiless_status(const Noted& noted, ResponseHead& head) noexcept {
  const bool announces_body = head.framing != Framing::None;
  head.framing = Framing::None;
  head.content_length = 0;
  if (head.status == 101) return kUnexpectedUpgrade;  // an Upgrade is never forwarded
  if (head.status < 200 && (noted.content_length != nullptr || announces_body)) return kUnexpectedBody;
  if (head.status == 204 && announces_body) return kUnexpectedBody;
  return kNotRefused;
}

}  // namespace

Refusal apply_request_rules(const char* base, RequestHead& head) noexcept {
  const Noted noted = note_fields(head);
  if (const Refusal refusal = check_host(base, noted, head)) return refusal;
  if (const Refusal refusal = apply_body_fields(base, noted, head)) return refusal;
  if (const Refusal refusal = apply_connection(base, noted, head)) return refusal;
  return apply_expect(base, noted, head);
}

Refusal apply_response_rules(const char* base, Method request_method, ResponseHead& head) noexcept {
  const Noted noted = note_fields(head);
  if (const Refusal refusal = apply_body_fields(base, noted, head)) return refusal;
  if (const Refusal refusal = apply_connection(base, noted, head)) return refusal;
  if (head.status < 200 || head.status == 204 || head.status == 304) return apply_bodiless_status(noted, head);
  const bool tunnels = request_method == Method::Connect && head.status < 300;
  if (request_method == Method::Head || tunnels) {
    head.framing = Framing::None;
    head.content_length = 0;
  } else if (noted.content_length == nullptr && noted.transfer_encoding == nullptr) {
    head.framing = Framing::UntilClose;
    head.keep_alive = false;
  }
  return kNotRefused;
}

}  // namespace sluice::http
