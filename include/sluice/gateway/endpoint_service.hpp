#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/metrics/registry.hpp"
#include "sluice/upstream/dns_watch.hpp"
#include "sluice/upstream/endpoint_monitor.hpp"
#include "sluice/upstream/name_service.hpp"
#include "sluice/upstream/service_loop.hpp"

namespace sluice::gateway {

struct Published;

/// What looks after endpoints beside the workers: one thread with the monitor, the name service and the watch of
/// `dns://` names. Functions belong to the control thread unless they say otherwise.
class EndpointService {
 public:
  /// `on_change` runs on the service's thread when a watched name has other addresses than before.
  EndpointService(metrics::Registry& registry, const Clock& clock, std::function<void()> on_change);
  ~EndpointService();

  void start();
  /// After the workers, which ask for names. Waits.
  void stop();

  /// Watches the names of `next` beside those of `current` (may be null). Any thread but the service's.
  void watch_names(const Config& next, const Config* current);
  /// Waits a bounded while for the first answers, so that a version does not begin with nothing. Any thread but the
  /// service's; never with a lock that `on_change` wants.
  void wait_for_names() const;
  /// Nobody waits like that any more. Any thread.
  void end_waits() { dns_.end_waits(); }
  /// From now on only the names of `config` are watched, and asked of its servers. Any thread but the service's.
  void settle(const Config& config);
  /// `config` with every `dns://` endpoint replaced by the addresses that are known now. Any thread.
  Config expand(const Config& config) const;
  /// Begins to watch the endpoints of a configuration that is about to be published; fills in its boards and recorders.
  void watch(Published& published);

  upstream::EndpointMonitor& monitor() noexcept { return monitor_; }
  upstream::NameService& names() noexcept { return names_; }
  const upstream::DnsWatch& dns() const noexcept { return dns_; }
  upstream::ServiceLoop& loop() noexcept { return loop_; }

 private:
  std::shared_ptr<upstream::RequestRecorder> recorder_of(const Route& route);

  upstream::ServiceLoop loop_;
  upstream::NameService names_;
  upstream::DnsWatch dns_;
  upstream::EndpointMonitor monitor_;
  struct Recording {
    std::uint32_t kept = 0;
    std::uint32_t body_bytes = 0;
    std::shared_ptr<upstream::RequestRecorder> recorder;
  };
  std::map<std::string, Recording> recordings_;  // by route
  bool stopped_ = false;
};

}  // namespace sluice::gateway
