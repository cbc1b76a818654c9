#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/metrics/counters.hpp"
#include "sluice/upstream/connection.hpp"
#include "sluice/upstream/endpoint.hpp"
#include "sluice/upstream/endpoint_status.hpp"

namespace sluice::upstream {

/// Why there is no connection.
enum class AcquireError : std::uint8_t {
  None,
  ResolveFailed,
  ConnectFailed,
  ConnectTimeout,
  TlsFailed,
  PoolOverflow,  ///< too many wait already
  PoolTimeout,   ///< waited too long
  Cancelled,     ///< the waiter gave up, or the pool is going away
};

/// The reason's name in metrics and `x-sluice-error`.
metrics::FailureReason failure_of(AcquireError error) noexcept;

/// One worker's connections to one endpoint: last in, first out, so that what is not needed grows old and is closed.
///
/// `take_idle` is the usual way and costs nothing. Otherwise a Waiter queues; the pool dials as many as wait (within
/// its limits) and gives every connection that becomes free to whoever waits longest. One thread.
class EndpointPool final : public boost::intrusive_ref_counter<EndpointPool, boost::thread_unsafe_counter>,
                           private http::DeadlineWheel::Hook {
 public:
  /// Dials under way at once: more would only overrun the endpoint's accept queue.
  static constexpr std::uint32_t kMaxDials = 64;

  struct Settings {
    EndpointSpec endpoint;
    PoolLimits limits;
    std::chrono::milliseconds connect_timeout{2000};
    std::shared_ptr<boost::asio::ssl::context> tls;  ///< null: plain
    std::shared_ptr<EndpointStatus> status{};        ///< where to report; null: nobody wants to know
    std::size_t worker = 0;                          ///< whose reports these are
  };

  EndpointPool(WorkerContext& context, Settings settings, metrics::VersionCounters& counters);
  ~EndpointPool();
  EndpointPool(const EndpointPool&) = delete;
  EndpointPool& operator=(const EndpointPool&) = delete;

  /// A connection that is ready, or nullptr.
  Connection* take_idle(TimePoint now) noexcept;

  /// Waits in line for a connection. Lives in the coroutine that awaits it.
  class Waiter final : private http::DeadlineWheel::Hook {
   public:
    explicit Waiter(EndpointPool& pool) noexcept : pool_(&pool) {}
    /// Leaves the line without having been served, if it still stands in it.
    ~Waiter();

    bool await_ready();
    void await_suspend(std::coroutine_handle<> coroutine) noexcept { coroutine_ = coroutine; }
    /// The connection, or nullptr and then `error()` says why.
    Connection* await_resume() const noexcept { return connection_; }
    AcquireError error() const noexcept { return error_; }
    /// Ends the wait with Cancelled.
    void cancel();

   private:
    friend class EndpointPool;
    void on_deadline(TimePoint now) override;
    void finish(Connection* connection, AcquireError error);

    EndpointPool* pool_;
    std::coroutine_handle<> coroutine_;
    Connection* connection_ = nullptr;
    AcquireError error_ = AcquireError::None;
    bool queued_ = false;
    Waiter* next_ = nullptr;
    Waiter* previous_ = nullptr;
  };

  /// Gives a connection back after an exchange. `reusable`: its answer has ended and nothing is left over. `now` may be
  /// a little late: ages are counted in seconds.
  void release(Connection& connection, bool reusable, TimePoint now);

  /// Requests that use or wait for a connection: what balancing compares.
  std::uint32_t load() const noexcept { return active_ + waiting_; }
  /// Requests wait although every connection that may be open is.
  bool is_crowded() const noexcept { return waiting_ > 0 && connections_.size() >= settings_.limits.connections; }

  /// Reports an answer; `latency` from the request sent to the answer's head.
  void note_answer(int status, Duration latency) noexcept {
    if (!settings_.status) return;
    status < 500 ? settings_.status->answered(settings_.worker, latency)
                 : settings_.status->server_error(settings_.worker);
  }
  /// Reports that no answer came, or none that is one. Dials that failed are reported by the pool itself.
  void note_gateway_error() noexcept {
    if (settings_.status) settings_.status->gateway_error(settings_.worker);
  }

  /// New dials use these; connections that are open stay.
  void update(Settings settings);

  /// No new configuration names this endpoint: closes what is idle and whatever becomes idle. Requests that were
  /// sent here already are still served.
  void leave();
  /// Leaves, and refuses whoever waits.
  void shut_down();
  /// Shuts down and closes every connection at once, for the end of the process.
  void close_all();
  /// No connection is left: nothing but references keeps the pool alive.
  bool is_empty() const noexcept { return connections_.empty() && waiting_ == 0; }

  const Settings& settings() const noexcept { return settings_; }
  const std::string& authority() const noexcept { return authority_; }

 private:
  friend class Connection;

  void show_load() noexcept {
    if (settings_.status) settings_.status->cells(settings_.worker).in_flight.set(load());
  }
  bool enqueue(Waiter& waiter);
  void unlink(Waiter& waiter) noexcept;
  void dial_as_needed();
  void dial();
  http::Task<> connect(Connection& connection);
  http::Task<AcquireError> resolve(Connection& connection, std::vector<http::Tcp::endpoint>& out);
  void learn(const std::string& host, const NameAnswer& answer);
  void settle(Connection& connection);
  http::Task<AcquireError> open(Connection& connection);
  void on_connected(Connection& connection);
  void on_dial_failed(Connection& connection, AcquireError error);
  void hand_out(Connection& connection, TimePoint now);
  void remove_idle(Connection& connection) noexcept;
  void retire(Connection& connection);
  void forget(Connection& connection);
  void on_deadline(TimePoint now) override;

  WorkerContext* context_;
  Settings settings_;
  std::string authority_;
  metrics::VersionCounters* counters_;
  std::vector<boost::asio::ip::address> addresses_;  // of the host, as last looked up
  TimePoint learned_{};
  TimePoint fresh_until_{};               // then the host is looked up again beside a dial
  Duration pause_{0};                     // between two look-ups
  NameLookup refresh_;                    // nobody waits for it
  std::vector<Connection*> connections_;  // all, owned
  std::vector<Connection*> idle_;         // the most recently used last
  Waiter* first_waiter_ = nullptr;
  Waiter* last_waiter_ = nullptr;
  std::uint32_t waiting_ = 0;
  std::uint32_t active_ = 0;
  std::uint32_t dialing_ = 0;
  bool leaving_ = false;
  bool shut_down_ = false;
};

}  // namespace sluice::upstream
