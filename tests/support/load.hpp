#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::test {

/// Clients that ask one after the other on keep-alive connections until stopped; a closed one is reopened only when the
/// gateway announced it (`Connection: close`), everything else counts as a failure.
class Load {
 public:
  Load(std::uint16_t port, std::size_t clients, std::string request);
  /// Each request is another: made by the thread that is about to send it.
  Load(std::uint16_t port, std::size_t clients, std::function<std::string()> make);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::uint64_t answered() const noexcept { return answered_; }
  /// Waits until that many more requests were answered; false when they were not in time.
  bool answers(std::uint64_t more) const;
  /// Stops after the request each client is in. What failed, in words; empty is what a test wants.
  std::vector<std::string> stop();

 private:
  void ask(std::uint16_t port, const std::function<std::string()>& make);
  void fail(std::string what);

  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::test
