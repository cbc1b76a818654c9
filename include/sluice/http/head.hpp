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
  None,        ///< there is no body; also what Content-Length: 0 means
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
  std::uint8_t minor_version = 1;  ///< HTTP/1.minor as sent; above 1 the rules of 1.1 hold
  Framing framing = Framing::None;
  bool keep_alive = true;            ///< what the sender allows after this message
  std::uint64_t content_length = 0;  ///< of Framing::Length, never 0 there; 0 with every other framing
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
  Range target;     ///< as sent
  Range path;       ///< without the query; of absolute-form, what follows the authority; may be empty there ("/")
  Range query;      ///< after '?', without it; empty when there is none
  Range authority;  ///< from absolute-form only
  bool expects_continue = false;  ///< Expect: 100-continue on HTTP/1.1, and there is a body to wait for
};

/// A parsed response head.
struct ResponseHead : MessageHead {
  std::uint16_t status = 0;  ///< 100…599
};

/// Why a message was refused: the status for the client and one token for `x-sluice-error`, metrics and log.
struct Refusal {
  std::uint16_t status = 0;  ///< 400, 413, 414, 417, 431, 501, 505; for responses always 502; 0: not refused
  std::string_view
      reason{};  ///< static, snake_case, for example "duplicate_content_length"; all are in docs/protocol.md

  explicit operator bool() const noexcept { return status != 0; }
};

/// How far a head that is still arriving was examined. Whole lines are checked once, as they come.
struct HeadProgress {
  std::uint32_t line_start = 0;  ///< where the line that has not ended yet begins
  std::uint32_t scanned = 0;     ///< bytes known to hold no end of that line
};

enum class ParseStatus : std::uint8_t {
  NeedMore,  ///< the head is not complete yet
  Done,      ///< `out` describes it
  Refused,   ///< `refusal()` says why; the connection must end
};

/// Parses one request head at the front of a buffer; applies every framing rule of RFC 9112 before it says Done.
///
/// Call with all bytes received so far of this head and the same `out`, again and again as they grow; a line that was
/// checked is not looked at again, and a bad one is refused as soon as it ended, so the verdict does not depend on how
/// the bytes arrive. `out` is complete only with Done. The buffer may move between calls. After Done or Refused the
/// next call starts a new head. Empty lines before a request line are the caller's to drop with `leading_empty_lines`
/// before every call until a byte of the head is there.
/// No allocation, no exceptions; about 150 ns for a usual head. Not thread-safe.
class RequestHeadParser {
 public:
  explicit RequestHeadParser(const HeadLimits& limits = {}) noexcept : limits_(limits) {}
  ParseStatus parse(std::string_view bytes, RequestHead& out) noexcept;
  /// Forgets a head that is not complete; the next call starts a new one.
  void reset() noexcept { progress_ = {}; }
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  HeadLimits limits_;
  HeadProgress progress_;
  Refusal refusal_;
};

/// The same for responses. What the request was decides the framing (HEAD and CONNECT have no body).
/// Every refusal has status 502. A 1xx head is Done like any other; the caller parses on for the final one.
class ResponseHeadParser {
 public:
  explicit ResponseHeadParser(const HeadLimits& limits = {}) noexcept : limits_(limits) {}
  ParseStatus parse(std::string_view bytes, Method request_method, ResponseHead& out) noexcept;
  void reset() noexcept { progress_ = {}; }
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  HeadLimits limits_;
  HeadProgress progress_;
  Refusal refusal_;
};

/// How many bytes of empty lines (CRLF each) stand before a request line (RFC 9112 section 2.2).
/// Any number: the time limit on a head bounds them.
std::size_t leading_empty_lines(std::string_view bytes) noexcept;

}  // namespace sluice::http
