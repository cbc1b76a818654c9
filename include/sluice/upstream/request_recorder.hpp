#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::upstream {

/// The last few real requests of a route, kept so that a new endpoint can be warmed up with them. Only where the policy
/// says so: these are clients' data. Bounded. Any thread; `offer` never waits.
class RequestRecorder {
 public:
  RequestRecorder(std::uint32_t kept, std::uint32_t body_bytes) : kept_(kept), body_bytes_(body_bytes) {}

  std::uint32_t body_bytes() const noexcept { return body_bytes_; }
  /// True when a request with a body of this size may be offered.
  bool wants(std::uint64_t body_bytes) const noexcept { return body_bytes <= body_bytes_; }
  /// Keeps a copy of head (as it goes to an endpoint) and body in place of the oldest; not while another thread is
  /// here.
  void offer(std::string_view head, std::string_view body);
  /// How many are kept; never shrinks.
  std::size_t size() const;
  /// Copies of what is kept, oldest first, each head and body in one piece.
  std::vector<std::string> requests() const;

 private:
  const std::uint32_t kept_;
  const std::uint32_t body_bytes_;
  mutable std::mutex mutex_;
  std::vector<std::string> ring_;
  std::size_t next_ = 0;
};

}  // namespace sluice::upstream
