#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::sample_model {

/// An option that cannot be used; the message names it.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ServeOptions {
  std::string model = "digits";
  std::string variant = "v1";
  std::string address = "127.0.0.1";
  std::uint16_t port = 9001;
  std::string data = "config/quickstart/digits.csv.gz";
  std::string error_rate = "0%";
  std::string latency = "0ms";
  std::string drift = "0%";
  std::string load_time = "0ms";
  std::string noise;
  std::uint64_t seed = 1;
};

/// Trains all variants and serves one until SIGTERM or SIGINT. The exit code; throws UsageError.
int serve(const ServeOptions& options);

struct AskOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string metrics;  ///< the gateway's /metrics; empty: share as the asker sees it, no latency
  std::string route;    ///< empty: every route's metrics
  std::string model = "digits";
  std::string data = "config/quickstart/digits.csv.gz";
  std::size_t users = 300;
  std::size_t concurrency = 4;
  std::vector<std::string> share;     ///< VERSION=PERCENT
  std::vector<std::string> accuracy;  ///< VERSION=PERCENT
};

/// Sends the digits that no model has seen and reports on the answers. The exit code; throws UsageError.
int ask(const AskOptions& options);

}  // namespace sluice::sample_model
