#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <thread>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"
#include "sluice/http/buffer_pool.hpp"
#include "sluice/http/deadline_wheel.hpp"
#include "sluice/http/net.hpp"
#include "sluice/upstream/connection.hpp"

namespace sluice::upstream {

/// The thread on which endpoints are looked after: checks, warm-ups, names. Its own loop, wheel and buffers, like a
/// worker's, so that the same connections and pools run on it. No request ever waits for it.
class ServiceLoop {
 public:
  explicit ServiceLoop(const Clock& clock);
  ~ServiceLoop();

  void start();
  /// Ends the loop once `is_quiet` says that nothing is pending; asked on the loop's thread with every tick. Waits.
  void stop(std::function<bool()> is_quiet);

  /// Runs `work` on the loop's thread; at once when called there. Any thread. After `stop` it is thrown away.
  void dispatch(std::function<void()> work);

  WorkerContext& context() noexcept { return context_; }
  bool on_loop() noexcept { return io_.get_executor().running_in_this_thread(); }

 private:
  void arm_tick();

  boost::asio::io_context io_;
  http::DeadlineWheel wheel_;
  http::BufferPool buffers_{4};
  Random random_;
  WorkerContext context_;
  http::Timer tick_;
  std::function<bool()> is_quiet_;
  std::thread thread_;
};

}  // namespace sluice::upstream
