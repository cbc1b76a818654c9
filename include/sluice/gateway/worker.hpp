#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"
#include "sluice/gateway/door_desk.hpp"
#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/memory_guard.hpp"
#include "sluice/gateway/mirror.hpp"
#include "sluice/gateway/published.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/http/buffer_pool.hpp"
#include "sluice/http/deadline_wheel.hpp"
#include "sluice/http/net.hpp"
#include "sluice/metrics/registry.hpp"

namespace sluice::compare {
class PairSink;
}

namespace sluice::outcomes {
class DecisionLogger;
class ObservationRing;
}  // namespace sluice::outcomes

namespace sluice::gateway {

/// One thread of the data plane: its own loop, pools, buffers, counters and random numbers. Shares nothing with the
/// others but immutable configurations. Functions marked *any thread* post; all others belong to the worker's own
/// thread.
class Worker {
 public:
  /// `names`, `memory`, `door` and `log` outlive the worker's thread; without a door (null) nobody takes outcomes,
  /// without a log no decision is written down, without observations no request is told, without `pairs` no answers are
  /// kept to be compared.
  Worker(std::size_t index, metrics::Registry& registry, const Clock& clock, upstream::NameService& names,
         const MemoryWatch& memory, outcomes::Door* door = nullptr, outcomes::DecisionLogger* log = nullptr,
         outcomes::ObservationRing* observations = nullptr, compare::PairSink* pairs = nullptr);
  ~Worker();

  /// Starts the thread. Once, before the first `prepare`.
  void start();
  /// Waits for the thread's end.
  void join();

  // --- any thread ---
  /// Makes a configuration ready, which is in force from the moment that `in_force` is true. So it is for all workers
  /// at once: nobody who asks after an answer by the new one gets the old one.
  void prepare(std::shared_ptr<const Published> published, std::shared_ptr<const std::atomic<bool>> in_force,
               std::function<void()> done);
  /// Once `in_force` is true: the old configuration is let go and new limits hold.
  void settle(std::function<void()> done);
  /// Takes over a client connection.
  void adopt(http::Socket::native_handle_type socket, bool v6, http::TlsContext tls, const http::Tcp::endpoint& peer);
  /// Sessions end as they become idle; every answer says so.
  void drain();
  /// Cuts off what is left and ends the loop once nothing is pending.
  void stop();
  /// Client connections, for balancing and for the drain.
  std::uint32_t sessions() const noexcept { return session_count_.load(std::memory_order_relaxed); }

  boost::asio::io_context& io() noexcept { return io_; }

  // --- for sessions and exchanges ---
  std::size_t index() const noexcept { return index_; }
  TimePoint now() const noexcept { return context_.clock.now(); }
  WallTime wall_now() const noexcept { return context_.clock.wall_now(); }
  /// At most one tick old; for deadlines of seconds. Never in the future.
  TimePoint coarse_now() const noexcept { return coarse_now_; }
  std::string_view http_date() const noexcept { return {date_.data(), date_.size()}; }
  const Config& config() const noexcept { return live_->published->config; }
  const http::HeadLimits& head_limits() const noexcept { return head_limits_; }
  /// What is in force now. A copy, since the next call may find another one.
  boost::intrusive_ptr<LiveConfig> live() noexcept {
    take_what_is_in_force();
    return live_;
  }
  http::DeadlineWheel& wheel() noexcept { return wheel_; }
  http::BufferPool& buffers() noexcept { return buffers_; }
  /// For request bodies that may have to be sent again.
  http::BodyPool& bodies() noexcept { return bodies_; }
  /// For bytes that are written on before anything else happens.
  std::span<char> scratch() noexcept { return {scratch_.get(), kScratchBytes}; }
  Random& random() noexcept { return random_; }
  Mirrors& mirrors() noexcept { return mirrors_; }
  DoorDesk& door() noexcept { return door_; }
  /// Null: decisions are not logged.
  outcomes::DecisionLogger* decision_log() const noexcept { return decision_log_; }
  /// Null: nothing is observed.
  outcomes::ObservationRing* observations() const noexcept { return observations_; }
  outcomes::AnswerParser& answer_parser() noexcept { return answer_parser_; }
  /// Null: no pairs are made.
  compare::PairSink* pairs() const noexcept { return pairs_; }
  metrics::GatewayCounters& counters() noexcept { return counters_; }

  /// The gateway's requests in flight, this worker's share.
  Gate& gate() noexcept { return gate_; }
  MemoryState memory() const noexcept { return memory_.state(); }

  Exchange* make_exchange(Session& session);
  void free_exchange(Exchange* exchange) noexcept;
  void retire(Session& session);

 private:
  void run();
  void arm_tick();
  void on_tick();
  void write_date();
  void link(Session& session) noexcept;
  void stop_when_empty();
  void serve_gates();
  void take_what_is_in_force() noexcept {
    if (next_ && in_force_->load(std::memory_order_acquire)) live_ = std::move(next_);
  }

  const std::size_t index_;
  metrics::Registry& registry_;
  boost::asio::io_context io_;
  http::DeadlineWheel wheel_;
  http::BufferPool buffers_;
  http::BodyPool bodies_{4};
  static constexpr std::size_t kScratchBytes = 256 * 1024;
  std::unique_ptr<char[]> scratch_{new char[kScratchBytes]};
  Random random_;
  upstream::WorkerContext context_;
  metrics::GatewayCounters& counters_;
  const MemoryWatch& memory_;
  Gate gate_;
  PoolSet pools_;
  Mirrors mirrors_;
  DoorDesk door_;
  outcomes::DecisionLogger* const decision_log_;
  outcomes::ObservationRing* const observations_;
  compare::PairSink* const pairs_;
  outcomes::AnswerParser answer_parser_;
  http::HeadLimits head_limits_;
  boost::intrusive_ptr<LiveConfig> live_;
  boost::intrusive_ptr<LiveConfig> next_;  ///< ready, and in force once `in_force_` is true
  std::shared_ptr<const std::atomic<bool>> in_force_;
  http::Timer tick_;
  TimePoint coarse_now_;
  TimePoint last_sweep_{};
  std::array<char, 29> date_;
  Session* sessions_ = nullptr;
  std::vector<std::unique_ptr<Exchange>> free_exchanges_;
  std::atomic<std::uint32_t> session_count_{0};
  bool draining_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::gateway
