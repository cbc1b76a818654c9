#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sample_model {

/// What the gateway has counted for one version, summed over status codes and outcomes.
struct VersionMetrics {
  double requests = 0;
  double seconds = 0;                ///< the sum of all durations
  double timed = 0;                  ///< how many durations that is
  std::map<double, double> buckets;  ///< upper bound in seconds → durations up to it

  /// Seconds, interpolated inside its bucket as Prometheus does; nothing without durations.
  std::optional<double> quantile(double q) const;
  std::optional<double> mean() const;
};

/// By version name; "" is what was refused before a version was chosen.
using GatewayMetrics = std::map<std::string, VersionMetrics>;

/// Reads `sluice_requests_total` and `sluice_request_duration_seconds` from Prometheus text, for every route or just
/// one. Lines that are something else, or nothing at all, are skipped.
GatewayMetrics parse_gateway_metrics(std::string_view text, std::string_view route = {});

/// What happened between two scrapes.
GatewayMetrics difference(const GatewayMetrics& after, const GatewayMetrics& before);

}  // namespace sluice::sample_model
