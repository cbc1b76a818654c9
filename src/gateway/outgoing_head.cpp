#include "sluice/gateway/outgoing_head.hpp"

#include <algorithm>

#include "sluice/http/forward.hpp"

namespace sluice::gateway {

namespace {

using http::FieldId;

void write_start_line(const char* base, const http::RequestHead& head, GatherList& out) noexcept {
  const bool origin_form = head.authority.empty();
  if (origin_form && head.minor_version == 1) {
    out.add({base + head.start_line.offset, head.start_line.size + 2});  // with its CRLF
    return;
  }
  // We speak HTTP/1.1 to endpoints, and they know themselves: absolute-form becomes origin-form.
  out.add({base + head.method_text.offset, head.method_text.size + 1});
  if (origin_form) {
    out.add(head.target.in(base));
  } else {
    if (head.path.empty()) out.copy("/");
    const std::uint32_t after_authority = head.authority.end();
    out.add({base + after_authority, head.target.end() - after_authority});
  }
  out.copy(" HTTP/1.1\r\n");
}

/// The authority that a request of HTTP/1.0 left out: of its own target, else of the endpoint.
void write_host(const char* base, const http::RequestHead& head, std::string_view endpoint, GatherList& out) noexcept {
  out.copy("Host: ");
  if (head.authority.empty()) {
    out.copy(endpoint);  // a reload may replace the endpoint's settings while this is written
  } else {
    out.add(head.authority.in(base));
  }
  out.copy("\r\n");
}

void write_forwarded_for(const char* base, const http::RequestHead& head, std::string_view client,
                         GatherList& out) noexcept {
  out.copy("X-Forwarded-For: ");
  for (const http::Field& field : head.fields()) {
    if (field.id != FieldId::XForwardedFor || field.value.empty()) continue;
    out.add(field.value.in(base));
    out.add(", ");
  }
  out.copy(client);
  out.copy("\r\n");
}

bool is_dropped(std::string_view name, std::span<const std::string> drop) noexcept {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return std::any_of(drop.begin(), drop.end(), [&](const std::string& dropped) {
    return std::equal(name.begin(), name.end(), dropped.begin(), dropped.end(), same);
  });
}

/// The lines of a piece without those that are dropped.
void write_kept(const char* base, const http::RequestHead& head, http::Range piece, std::span<const std::string> drop,
                GatherList& out) noexcept {
  for (const http::Field& field : head.fields()) {
    if (field.line.offset < piece.offset || field.line.offset >= piece.end()) continue;
    if (!is_dropped(field.name.in(base), drop)) continue;
    out.add({base + piece.offset, field.line.offset - piece.offset});
    piece = {field.line.end(), piece.end() - field.line.end()};
  }
  out.add(piece.in(base));
}

}  // namespace

void write_request_head(const char* base, const http::RequestHead& head, const RequestAdditions& additions,
                        GatherList& out) noexcept {
  write_start_line(base, head, out);
  http::KeptFields kept;
  http::RequestForwarding how;
  how.drop_expect = additions.purpose != Purpose::Answer || !head.expects_continue;
  http::kept_request_fields(head, how, kept);
  for (const http::Range& piece : kept.span()) {
    additions.drop.empty() ? out.add(piece.in(base)) : write_kept(base, head, piece, additions.drop, out);
  }
  if (head.find(FieldId::Host) == nullptr) write_host(base, head, additions.host, out);
  if (!is_dropped("x-forwarded-for", additions.drop)) {
    write_forwarded_for(base, head, additions.client_address, out);
  }
  out.copy(head.minor_version == 1 ? "Via: 1.1 sluice\r\n" : "Via: 1.0 sluice\r\n");
  if (!additions.request_id.empty()) {
    out.copy("x-request-id: ");
    out.copy(additions.request_id);
    out.copy("\r\n");
  }
  if (additions.purpose == Purpose::Shadow) out.copy("x-sluice-shadow: true\r\n");
  if (additions.purpose == Purpose::WarmUp) out.copy("x-sluice-warmup: true\r\n");
  out.copy("\r\n");
}

namespace {

void write_status_line(const char* base, const http::ResponseHead& head, GatherList& out) noexcept {
  if (head.minor_version == 1) {
    out.add({base + head.start_line.offset, head.start_line.size + 2});
    return;
  }
  constexpr std::size_t kVersionBytes = 8;  // "HTTP/1.0": what we send is our own version
  out.copy("HTTP/1.1");
  out.add({base + head.start_line.offset + kVersionBytes, head.start_line.size - kVersionBytes + 2});
}

}  // namespace

void write_response_head(const char* base, const http::ResponseHead& head, const ResponseAdditions& additions,
                         GatherList& out) noexcept {
  write_status_line(base, head, out);
  http::KeptFields kept;
  http::kept_response_fields(head, additions.drop_framing, kept);
  for (const http::Range& piece : kept.span()) out.add(piece.in(base));
  if (!additions.version.empty()) {
    out.copy("x-sluice-version: ");
    out.copy(additions.version);
    out.copy("\r\n");
  }
  if (!additions.decision.empty()) {
    out.copy("x-sluice-decision: ");
    out.copy(additions.decision);
    out.copy("\r\n");
  }
  if (!additions.request_id.empty()) {
    constexpr std::size_t kCopied = 256;  // a longer one stays where it is
    out.copy("x-request-id: ");
    additions.request_id.size() <= kCopied ? out.copy(additions.request_id) : out.add(additions.request_id);
    out.copy("\r\n");
  }
  switch (additions.connection) {
    case ConnectionField::None:
      break;
    case ConnectionField::Close:
      out.copy("Connection: close\r\n");
      break;
    case ConnectionField::KeepAlive:
      out.copy("Connection: keep-alive\r\n");
      break;
  }
  out.copy("\r\n");
}

void write_interim_head(const char* base, const http::ResponseHead& head, GatherList& out) noexcept {
  write_status_line(base, head, out);
  http::KeptFields kept;
  http::kept_response_fields(head, true, kept);
  for (const http::Range& piece : kept.span()) out.add(piece.in(base));
  out.copy("\r\n");
}

}  // namespace sluice::gateway
