#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sluice/http/head.hpp"

namespace sluice::http {

/// The pieces of a head that go on to the other side: kept field lines, neighbours merged. Ranges of the original
/// bytes.
///
/// `pieces` is bounded by half the fields plus one: only removed lines split a run.
struct KeptFields {
  std::array<Range, kMaxFields / 2 + 2> pieces;
  std::uint16_t count = 0;

  std::span<const Range> span() const noexcept { return {pieces.data(), count}; }
  void add(Range line) noexcept;  ///< merges with the last piece when it touches it
};

/// What a request loses on its way to an upstream beyond hop-by-hop fields (which always stay here).
struct RequestForwarding {
  bool drop_x_forwarded_for = true;  ///< it is written anew with the client's address appended
  bool drop_expect = false;          ///< for copies and for retries after 100 (Continue) was sent
  bool drop_pin = true;              ///< x-sluice-version; other x-sluice-* always go
  bool drop_request_id = false;
};

/// Collects the field lines of a request that go to the upstream. `Via` stays (ours is added as a further line);
/// `Transfer-Encoding: chunked` and `Trailer` stay, since the body is forwarded as framed; `Host` stays (absolute-form:
/// replaced by the caller).
void kept_request_fields(const RequestHead& head, const RequestForwarding& how, KeptFields& out) noexcept;

/// Collects the field lines of a response that go to the client. x-sluice-* from the upstream goes; x-request-id goes
/// (ours is added). `drop_framing` removes Transfer-Encoding and Trailer, for a client of HTTP/1.0 whose body is
/// de-chunked.
void kept_response_fields(const ResponseHead& head, bool drop_framing, KeptFields& out) noexcept;

}  // namespace sluice::http
