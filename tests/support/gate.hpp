#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "support/patience.hpp"

namespace sluice::test {

/// A door between two threads: closed until somebody opens it, then open for good. Thread-safe.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

  bool is_open() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

  /// True when the gate opened in time.
  bool wait(std::chrono::milliseconds patience = kPatience) const {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, patience, [this] { return open_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace sluice::test
