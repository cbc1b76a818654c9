#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "sluice/base/clock.hpp"

namespace sluice::gateway {

/// What makes two requests the same one: 128 bits of hash over method, target and body as they are on the wire.
struct RequestHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static RequestHash of(std::string_view method, std::string_view target, std::string_view body) noexcept;
  friend bool operator==(const RequestHash&, const RequestHash&) = default;
};

/// Which requests of a route were copied a short while ago, of all workers. Bounded: 16 384 of them in 384 KiB, of four
/// that fall together the oldest goes. Any thread, no locks: two workers that ask for the same request within a
/// microsecond may both be told that it is new.
class CopiedRequests {
 public:
  CopiedRequests();

  /// Whether it was claimed, and its time is not over.
  bool knows(const RequestHash& hash, TimePoint now) const noexcept;
  /// True where it is not known; from then on it is, for that long.
  bool claim(const RequestHash& hash, TimePoint now, Duration within) noexcept;

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 4096;
  // Read and written field by field: a torn one is another request's, and at worst a copy is made once more.
  struct Slot {
    std::atomic<std::uint64_t> low{0};
    std::atomic<std::uint64_t> high{0};
    std::atomic<TimePoint::rep> until{0};
  };
  Slot* set_of(const RequestHash& hash) const noexcept { return &slots_[hash.low % kSets * kWays]; }
  static bool holds(const Slot& slot, const RequestHash& hash, TimePoint now) noexcept;

  std::unique_ptr<Slot[]> slots_;
};

}  // namespace sluice::gateway
