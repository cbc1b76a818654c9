#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "sluice/http/fetch.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::http {

/// Answers in the order in which they came.
class Answers {
 public:
  Fetcher::Callback next_slot() {
    return [this](FetchAnswer answer) {
      const std::lock_guard lock(mutex_);
      answers_.push_back(std::move(answer));
      came_.notify_all();
    };
  }
  FetchAnswer next() {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, test::kPatience, [this] { return !answers_.empty(); })) return {0, {}, "(no call back)"};
    FetchAnswer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return answers_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<FetchAnswer> answers_;
};

class FetcherTest : public testing::Test {
 protected:
  FetchAnswer get(Fetcher& fetcher, const std::string& url, Duration timeout = std::chrono::seconds(20)) {
    FetchRequest request;
    request.url = url;
    request.timeout = timeout;
    fetcher.start(std::move(request), answers.next_slot());
    return answers.next();
  }

  Answers answers;
};

}  // namespace sluice::http
