#include "sluice/app/control_thread.hpp"

#include <pthread.h>

#include <chrono>

namespace sluice::app {

void ControlThread::start(Duration period, std::function<void()> tick) {
  const std::lock_guard lock(mutex_);
  running_ = true;
  thread_ = std::thread([this, period, tick = std::move(tick)] { run(period, tick); });
}

void ControlThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  // Those who wait learn at once that nothing will come.
  const std::lock_guard lock(mutex_);
  asked_.clear();
}

bool ControlThread::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (!running_) return false;
    asked_.push_back(std::move(work));
  }
  wake_.notify_all();
  return true;
}

void ControlThread::run(Duration period, const std::function<void()>& tick) {
  ::pthread_setname_np(::pthread_self(), "sluice-control");
  auto next = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (running_) {
    if (!asked_.empty()) {
      auto work = std::move(asked_.front());
      asked_.pop_front();
      lock.unlock();
      work();
      lock.lock();
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= next) {
      next = now + period;
      lock.unlock();
      tick();
      lock.lock();
      continue;
    }
    wake_.wait_until(lock, next);
  }
}

}  // namespace sluice::app
