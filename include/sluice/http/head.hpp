#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::http {

/// A run of bytes within the buffer that holds a message head. Offsets, not pointers: the buffer may move.
struct Range {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  std::uint32_t end() const noexcept { return offset + size; }
  bool empty() const noexcept { return size == 0; }
  std::string_view in(const char* base) const noexcept { return {base + offset, size}; }
};

/// Fields that the gateway treats by name; everything else is Other and passes through untouched.
enum class FieldId : std::uint8_t {
  Other,
  Connection,
  ContentLength,
  Date,
  Expect,
  Host,
  KeepAlive,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  Via,
  XForwardedFor,
  XRequestId,
  XSluice,         ///< any other field whose name begins with x-sluice-
  XSluiceVersion,  ///< x-sluice-version: the pin on requests
};

/// One field line of a head.
struct Field {
  Range line;   ///< from the first byte of the name to after the line's CRLF
  Range name;   ///< as sent, any case
  Range value;  ///< without optional white space around it
  FieldId id = FieldId::Other;
  bool hop_by_hop = false;  ///< stops at this hop: by its name, or because Connection names it
};

/// How the end of a body is known (RFC 9112 section 6).
enum class Framing : std::uint8_t {
  None,        ///< there is no body
  Length,      ///< exactly content_length bytes
  Chunked,     ///< the chunked coding
  UntilClose,  ///< responses only: everything until the connection ends
};

enum class Method : std::uint8_t { Get, Head, Post, Put, Delete, Options, Patch, Trace, Connect, Other };

/// Limits on a head. A head beyond them is refused with 414 (target) or 431 (fields).
struct HeadLimits {
  std::uint32_t bytes = 60 * 1024;  ///< the whole head; at most 64 KiB − 1
  std::uint16_t fields = 100;       ///< at most kMaxFields
  std::uint32_t target = 8 * 1024;  ///< the request target
};

inline constexpr std::size_t kMaxFields = 128;

/// What requests and responses share.
struct MessageHead {
  std::uint32_t size = 0;          ///< bytes of the head, the empty line included
  Range start_line;                ///< without its CRLF
  std::uint8_t minor_version = 1;  ///< HTTP/1.minor
  Framing framing = Framing::None;
  bool keep_alive = true;          ///< what the sender allows after this message
  std::uint64_t content_length = 0;
  std::uint16_t field_count = 0;
  std::array<Field, kMaxFields> field_store;

  std::span<const Field> fields() const noexcept { return {field_store.data(), field_count}; }
  /// The first field with this id, or nullptr.
  const Field* find(FieldId id) const noexcept;
  /// The value of the first field with this lower-case name; data() is nullptr when there is none.
  std::string_view find(const char* base, std::string_view lower_case_name) const noexcept;
};

/// A parsed request head: ranges over the client's own bytes.
struct RequestHead : MessageHead {
  Method method = Method::Other;
  Range method_text;
  Range target;          ///< as sent
  Range path;            ///< without the query; of absolute-form, what follows the authority; may be empty there ("/")
  Range query;           ///< after '?', without it; empty when there is none
  Range authority;       ///< from absolute-form only
  bool expects_continue = false;  ///< Expect: 100-continue on HTTP/1.1
};

/// A parsed response head.
struct ResponseHead : MessageHead {
  std::uint16_t status = 0;  ///< 100…599
};

/// Why a message was refused: the status for the client and one token for `x-sluice-error`, metrics and log.
struct Refusal {
  std::uint16_t status = 0;   ///< 400, 413, 414, 431, 501, 505; for responses always 502
  std::string_view reason{};  ///< static, snake_case, for example "conflicting_content_length"
};

enum class ParseStatus : std::uint8_t {
  NeedMore,  ///< the head is not complete yet
  Done,      ///< `out` describes it
  Refused,   ///< `refusal()` says why; the connection must end
};

/// Finds and parses one request head at the front of a buffer; applies every framing rule of RFC 9112 before it says Done.
///
/// Call with all bytes received so far of this head, again and again as they grow; what was scanned is not scanned again.
/// Leading empty lines (CRLF) before a request line are the caller's to skip with `leading_empty_lines`.
/// No allocation; about 300 ns for a usual head. Not thread-safe.
class RequestHeadParser {
 public:
  explicit RequestHeadParser(const HeadLimits& limits = {}) noexcept : limits_(limits) {}
  ParseStatus parse(std::string_view bytes, RequestHead& out) noexcept;
  /// Forgets the last head; the next call starts a new one.
  void reset() noexcept { scanned_ = 0; }
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  HeadLimits limits_;
  std::uint32_t scanned_ = 0;
  Refusal refusal_;
};

/// The same for responses. What the request was decides the framing (HEAD and CONNECT have no body).
class ResponseHeadParser {
 public:
  explicit ResponseHeadParser(const HeadLimits& limits = {}) noexcept : limits_(limits) {}
  ParseStatus parse(std::string_view bytes, Method request_method, ResponseHead& out) noexcept;
  void reset() noexcept { scanned_ = 0; }
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  HeadLimits limits_;
  std::uint32_t scanned_ = 0;
  Refusal refusal_;
};

/// How many bytes of empty lines (CRLF, at most a few) stand before a request line (RFC 9112 section 2.2).
std::size_t leading_empty_lines(std::string_view bytes) noexcept;

}  // namespace sluice::http
