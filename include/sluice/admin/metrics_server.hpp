#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sluice/admin/readiness.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

namespace sluice::admin {

/// `/metrics`, `/livez` and `/readyz` on a port of their own, read only, answered by a thread of their own, so they
/// work however busy the workers are. `/livez` says no more than that this process runs: it never depends on backends.
///
/// GET and HEAD; everything else is refused (400, 404, 405). Connections are kept alive, bounded in number and time: at
/// the limit the one that has been idle longest makes room, and a newcomer is closed when none is idle.
class MetricsServer {
 public:
  struct Options {
    std::size_t connections = 64;
    Duration idle_timeout = std::chrono::seconds(75);   ///< between two requests
    Duration header_timeout = std::chrono::seconds(5);  ///< from a request's first byte to its last
    Duration write_timeout = std::chrono::seconds(10);
  };

  /// Makes the text of `/metrics`; called on the server's thread, may throw (the answer is then 500).
  using MetricsText = std::function<std::string()>;

  /// Binds and serves at once. `host` is an address or a name, port 0 takes any free port. `readiness` must outlive
  /// the server. Fails with `cannot listen on HOST:PORT: REASON`.
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& host, std::uint16_t port, MetricsText metrics,
                                                      const Readiness& readiness, Options options);
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& host, std::uint16_t port, MetricsText metrics,
                                                      const Readiness& readiness);

  /// Stops and waits.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  /// The port that is really bound.
  std::uint16_t port() const noexcept;
  /// `127.0.0.1:9464`, `[::1]:9464`.
  std::string address() const;

  /// Closes every connection and joins the thread. Harmless when repeated. Not from the server's own thread.
  void stop();

 private:
  class Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::admin
