#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sluice/admin/http_server.hpp"
#include "sluice/admin/readiness.hpp"
#include "sluice/base/result.hpp"

namespace sluice::admin {

/// `/metrics`, `/livez` and `/readyz` on a port of their own, read only, answered by a thread of their own, so they
/// work however busy the workers are. `/livez` says no more than that this process runs: it never depends on backends.
///
/// GET and HEAD; everything else is refused (400, 404, 405). Connections and times are bounded as HttpServer says.
class MetricsServer {
 public:
  using Options = HttpServer::Options;

  /// Makes the text of `/metrics`; called on the server's thread, may throw (the answer is then 500).
  using MetricsText = std::function<std::string()>;

  /// Binds and serves at once. `host` is an address or a name, port 0 takes any free port. `readiness` must outlive
  /// the server. Fails with `cannot listen on HOST:PORT: REASON`.
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& host, std::uint16_t port, MetricsText metrics,
                                                      const Readiness& readiness, Options options = {});

  /// The port that is really bound.
  std::uint16_t port() const noexcept { return server_->port(); }
  /// `127.0.0.1:9464`, `[::1]:9464`.
  std::string address() const { return server_->address(); }

  /// As HttpServer::stop; the destructor does it, too.
  void stop() { server_->stop(); }

 private:
  explicit MetricsServer(std::unique_ptr<HttpServer> server) : server_(std::move(server)) {}
  std::unique_ptr<HttpServer> server_;
};

}  // namespace sluice::admin
