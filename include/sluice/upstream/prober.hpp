#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sluice/upstream/call.hpp"
#include "sluice/upstream/endpoint_pool.hpp"
#include "sluice/upstream/supervision.hpp"

namespace sluice::upstream {

/// Speaks with one endpoint on behalf of the monitor: sends checks at their times, each over a connection of its own,
/// so that an endpoint which accepts nobody any more is found out; and warm-up requests, one after the other. Its
/// connections are none of the workers' and count nowhere. One thread.
class Prober final : private http::DeadlineWheel::Hook {
 public:
  struct Settings {
    EndpointSpec endpoint;
    std::shared_ptr<boost::asio::ssl::context> tls;
    std::chrono::milliseconds connect_timeout{2000};
    HealthCheckSettings health;
  };
  /// What it tells. Called on its thread; may not destroy it.
  struct Events {
    /// A check has ended; returns how long until the next.
    std::function<Duration(const CallOutcome&)> checked;
    /// A warm-up request of that round has ended; returns whether to send the next.
    std::function<bool(std::uint32_t round, const CallOutcome&)> warmed;
  };

  /// The first check begins at once, within a tick. `counters` takes what pools count.
  Prober(WorkerContext& context, metrics::VersionCounters& counters, Settings settings, Events events);

  /// New settings: checks go on at their pace, at once when they changed.
  void update(Settings settings);

  /// The next check begins within a tick; one that is under way is as good.
  void check_now();

  /// Sends `requests` until `until`; ignored while an earlier round is still under way.
  void warm_up(std::uint32_t round, std::vector<std::string> requests, TimePoint until);
  /// The last round that began.
  std::uint32_t round() const noexcept { return round_; }

  /// Begins nothing any more, and ends what is under way. Nothing is told from here on.
  void stop();
  /// Stopped, and may be destroyed.
  bool is_quiet() const noexcept;

 private:
  static EndpointPool::Settings pool_settings(const Settings& settings);
  void on_deadline(TimePoint now) override;
  http::Task<> check();
  http::Task<> send_warm_up();

  WorkerContext* context_;
  Settings settings_;
  Events events_;
  boost::intrusive_ptr<EndpointPool> pool_;
  Call check_call_;
  Call warm_up_call_;
  std::string check_bytes_;
  std::vector<std::string> requests_;  // of the round
  TimePoint until_{};
  std::uint32_t round_ = 0;
  bool stopped_ = false;
  http::Task<> checking_;
  http::Task<> warming_;
};

}  // namespace sluice::upstream
