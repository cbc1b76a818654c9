#include "sluice/admin/metrics_server.hpp"

#include <utility>

#include "sluice/admin/probe_pages.hpp"

namespace sluice::admin {

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& host, std::uint16_t port,
                                                            MetricsText metrics, const Readiness& readiness,
                                                            Options options) {
  options.name = "metrics";
  options.body_bytes = 0;
  auto server = HttpServer::start(
      host, port,
      [metrics = std::move(metrics), &readiness](const Request& request) {
        return answer_probe(request.method, request.target, readiness, metrics);
      },
      std::move(options));
  if (!server) return fail(server.error());
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(*server)));
}

}  // namespace sluice::admin
