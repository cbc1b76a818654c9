#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace sluice::state {

/// One thread that does one thing after the other, while those who asked for them wait if they like.
class WriterThread {
 public:
  WriterThread();
  /// Does what was asked for, then ends.
  ~WriterThread();
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  /// Any thread but this one.
  template <typename Work>
  std::invoke_result_t<Work> run(Work work) {
    return begin(std::move(work)).get();
  }

  /// The same without waiting: `work` owns what it needs, since whoever asked may be gone.
  template <typename Work>
  std::future<std::invoke_result_t<Work>> begin(Work work) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Work>()>>(std::move(work));
    auto done = task->get_future();
    post([task] { (*task)(); });
    return done;
  }

 private:
  void post(std::function<void()> work);
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::state
