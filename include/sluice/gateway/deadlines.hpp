#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "sluice/base/clock.hpp"

namespace sluice::gateway {

/// Everything on a client connection that may take too long.
enum class DeadlineKind : std::uint8_t {
  KeepAlive,   ///< the next request's first byte
  Header,      ///< a head, or the TLS handshake
  BodyIdle,    ///< the next piece of a request body
  Continue,    ///< the endpoint's word on Expect: 100-continue
  Backend,     ///< the head of the answer
  Request,     ///< the whole exchange
  StreamIdle,  ///< the next piece of an answer, read or written
  Backoff,     ///< the pause before another attempt
  Hedge,       ///< the patience with the first attempt, before a second goes beside it
  Linger,      ///< the client's end after we closed
};
inline constexpr std::size_t kDeadlineKinds = 10;

/// How long a client that was told that we close may take to close too.
inline constexpr Duration kLinger = std::chrono::seconds(2);

/// Several deadlines behind one timer: plain data. `kNever` is off.
class Deadlines {
 public:
  static constexpr TimePoint kNever = TimePoint::max();

  Deadlines() noexcept { at_.fill(kNever); }
  void set(DeadlineKind kind, TimePoint at) noexcept { at_[static_cast<std::size_t>(kind)] = at; }
  void clear(DeadlineKind kind) noexcept { set(kind, kNever); }
  void clear_all() noexcept { at_.fill(kNever); }
  TimePoint earliest() const noexcept { return *std::min_element(at_.begin(), at_.end()); }
  bool is_set(DeadlineKind kind) const noexcept { return at_[static_cast<std::size_t>(kind)] != kNever; }
  bool is_due(DeadlineKind kind, TimePoint now) const noexcept { return at_[static_cast<std::size_t>(kind)] <= now; }

 private:
  std::array<TimePoint, kDeadlineKinds> at_;
};

}  // namespace sluice::gateway
