#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "e2e/tries.hpp"

namespace sluice::test {

/// A model server that the gateway looks after: the test says how it feels, and reads what it was asked.
class WatchedUpstream {
 public:
  explicit WatchedUpstream(std::string name) : name_(std::move(name)), upstream_(script()) {}

  std::atomic<int> health{200};   ///< answer to a check; 0: silence
  std::atomic<int> status{200};   ///< answer to a request; 0: a reset
  std::atomic<int> warm_up{200};  ///< answer to a warm-up request; 0: silence
  std::atomic<int> delay{0};      ///< milliseconds before an answer to a request
  std::atomic<bool> mute{false};  ///< a request gets no answer at all

  std::uint64_t checks() const noexcept { return checks_; }
  std::uint64_t served() const noexcept { return served_; }
  std::uint64_t warmed() const noexcept { return warmed_; }
  FakeUpstream& upstream() noexcept { return upstream_; }
  std::string url() const { return upstream_.url(); }

 private:
  FakeUpstream::Script script() {
    return [this](Conversation& gateway) {
      for (;;) {
        const auto request = gateway.read_request();
        int answer = status;
        if (request.method() == "GET" && request.target() == "/v2/health/ready") {
          answer = health;
          ++checks_;
        } else if (request.has("x-sluice-warmup")) {
          answer = warm_up;
          ++warmed_;
        } else {
          ++served_;
          if (delay > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay));
          if (answer == 0) return gateway.reset();
          if (mute) answer = 0;
        }
        if (answer == 0) {
          gateway.sees_close();
          return;
        }
        gateway.answer(answer, name_);
      }
    };
  }

  std::string name_;
  std::atomic<std::uint64_t> checks_{0};
  std::atomic<std::uint64_t> served_{0};
  std::atomic<std::uint64_t> warmed_{0};
  FakeUpstream upstream_;
};

/// Checks that come quickly, and no ramp that a test would have to sit out.
inline const std::string kQuickChecks =
    std::string(kSanitized
                    ? "health: {interval: 800ms, unhealthyInterval: 80ms, timeout: 750ms, unhealthyThreshold: 2}"
                    : "health: {interval: 200ms, unhealthyInterval: 40ms, timeout: 190ms, unhealthyThreshold: 2}") +
    "\nslowStart: {duration: 0s}\n";

inline bool endpoints_become(const SluiceProcess& sluice, int count, std::string state, Labels labels = {}) {
  labels["state"] = std::move(state);
  return sluice.metric_becomes(count, "sluice_endpoints", labels) == count;
}

/// How many of `count` requests were answered with this body.
inline int answers_by(RawClient& client, const std::string& body, int count) {
  int answered = 0;
  for (int i = 0; i < count; ++i) answered += client.post("/", "x").body == body ? 1 : 0;
  return answered;
}

}  // namespace sluice::test
