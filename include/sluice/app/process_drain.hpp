#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "sluice/app/drain_plan.hpp"
#include "sluice/base/result.hpp"

namespace sluice::app {

/// The drain plan of this process, fed by several threads: signals come on the main one, orders on the admin server's.
/// What is to be done is done on the main thread alone, in order.
class ProcessDrain {
 public:
  /// `facts` is asked with every event, on its thread, and `wake` called when there is something to do; neither may
  /// call back.
  ProcessDrain(std::function<DrainFacts()> facts, std::function<void()> wake);

  /// SIGTERM or SIGINT.
  void signal() { feed(DrainEvent::Signal); }
  /// Drains, or with `undo` calls it off. Idempotent; fails with a sentence when it is too late to call it off.
  Result<DrainStatus, std::string> order(bool undo);

  /// The next thing to do; looks at the time when there is nothing yet. Main thread.
  DrainAction next();

  DrainStatus status() const;
  /// True while time passing may bring something to do.
  bool in_progress() const;

 private:
  void feed(DrainEvent event);
  void step(DrainEvent event);

  const std::function<DrainFacts()> facts_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  DrainStatus status_;
  std::deque<DrainAction> to_do_;
};

}  // namespace sluice::app
