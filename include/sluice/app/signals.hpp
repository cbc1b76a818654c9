#pragma once

#include <chrono>

namespace sluice::app {

/// The signals that this process waits for instead of being interrupted by them: SIGTERM, SIGINT, SIGHUP. They are
/// blocked before any thread starts, so that all threads inherit it. A peer that is gone (SIGPIPE) and a file that has
/// reached the process's limit (SIGXFSZ) are errors of the write at hand. Main thread, except `wake`.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next signal; 0 when none came in time or somebody called `wake`.
  int wait(std::chrono::milliseconds patience) const;
  /// Ends the wait under way, or else the next one. Any thread.
  void wake() const noexcept;

 private:
  int signals_ = -1;
  int wake_ = -1;
};

}  // namespace sluice::app
