#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sluice/outcomes/door.hpp"
#include "support/patience.hpp"

namespace sluice::gateway {

/// A door that keeps what is handed in and answers when the test says so, from the test's thread. Thread-safe.
class FakeDoor final : public outcomes::Door {
 public:
  /// From now on everything is answered at once, on the worker's own thread, and not by the test.
  void answer_at_once(std::function<outcomes::Answer(const outcomes::Post&)> by) {
    const std::lock_guard lock(mutex_);
    at_once_ = std::move(by);
  }

  void submit(outcomes::Post post, std::function<void(outcomes::Answer)> done) override {
    outcomes::Answer answer;
    {
      const std::lock_guard lock(mutex_);
      posts_.push_back(post);
      if (!at_once_) return waiting_.push_back(std::move(done));
      answer = at_once_(post);
    }
    done(std::move(answer));
  }

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return posts_.size();
  }
  bool has(std::size_t posts) const {
    return test::eventually([&] { return count() >= posts; });
  }
  outcomes::Post post(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return posts_.at(index);
  }
  /// Answers the oldest that waits.
  void answer(outcomes::Answer answer) {
    std::unique_lock lock(mutex_);
    const auto done = std::move(waiting_.at(0));
    waiting_.erase(waiting_.begin());
    lock.unlock();
    done(std::move(answer));
  }
  std::size_t unanswered() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::function<outcomes::Answer(const outcomes::Post&)> at_once_;
  std::vector<outcomes::Post> posts_;
  std::vector<std::function<void(outcomes::Answer)>> waiting_;
};

}  // namespace sluice::gateway
