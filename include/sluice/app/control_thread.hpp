#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include "sluice/base/clock.hpp"

namespace sluice::app {

/// One thread that does the same thing again and again, and in between whatever others ask it to. What it owns needs no
/// lock.
class ControlThread {
 public:
  ControlThread() = default;
  ~ControlThread() { stop(); }
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  /// Calls `tick` every `period` from now on; the first time at once. A tick that takes longer delays the next one,
  /// and none is made up for. Once.
  void start(Duration period, std::function<void()> tick);

  /// Ends the thread after what it does now; what was asked and not begun is never done. Harmless when repeated.
  void stop();

  /// Runs `work` on the thread and waits for what it returns, at most `patience`. Nothing when the thread has ended, or
  /// does not come to it in time: then it will still be done. `work` must not throw. Any thread but this one.
  template <typename Work, typename Answer = std::invoke_result_t<Work>>
  std::optional<Answer> ask(Work work, Duration patience) {
    auto promise = std::make_shared<std::promise<Answer>>();
    std::future<Answer> answer = promise->get_future();
    // The queue alone holds the promise: work that is dropped with it breaks the promise, and nobody waits in vain.
    const bool accepted =
        post([work = std::move(work), promise = std::move(promise)]() mutable { promise->set_value(work()); });
    if (!accepted || answer.wait_for(patience) != std::future_status::ready) return std::nullopt;
    return answer_of(answer);
  }

  /// Whether work that was asked for is still wanted. Called once, before the first change that others see.
  using StillWanted = std::function<bool()>;

  /// The same for work that must not come to pass behind the back of one who gave up: nothing means that nothing was
  /// changed. `work(StillWanted)` changes nothing once that said no; once it said yes, its end is waited for.
  template <typename Work, typename Answer = std::invoke_result_t<Work, StillWanted>>
  std::optional<Answer> ask_or_withdraw(Work work, Duration patience) {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto settled = std::make_shared<std::atomic<bool>>(false);  // by whoever is first: the work, or who waits for it
    std::future<Answer> answer = promise->get_future();
    const bool accepted = post([work = std::move(work), promise = std::move(promise), settled]() mutable {
      promise->set_value(work([settled] { return !settled->exchange(true); }));
    });
    if (!accepted) return std::nullopt;
    if (answer.wait_for(patience) != std::future_status::ready && !settled->exchange(true)) return std::nullopt;
    return answer_of(answer);
  }

 private:
  template <typename Answer>
  static std::optional<Answer> answer_of(std::future<Answer>& answer) {
    try {
      return answer.get();
    } catch (const std::future_error&) {
      return std::nullopt;  // the thread ended before its turn came
    }
  }

  bool post(std::function<void()> work);
  void run(Duration period, const std::function<void()>& tick);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> asked_;
  bool running_ = false;
  std::thread thread_;
};

}  // namespace sluice::app
