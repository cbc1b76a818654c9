#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "e2e/e2e.hpp"

namespace sluice::test {

/// What the clients of one route saw, each request once.
struct Seen {
  std::uint64_t sent = 0;
  std::map<int, std::uint64_t> answered;  ///< by status: heads that came, their bodies whole or not
  std::uint64_t gateway_errors = 0;       ///< of these, answers of the gateway's own
  std::uint64_t cut_off = 0;              ///< of these, answers that were reset
  std::uint64_t headless = 0;             ///< ended without a head: reset before one could be read
  std::uint64_t left_early = 0;           ///< clients that left before an answer, on purpose
  std::uint64_t left_within = 0;          ///< of those answered, clients that left within the answer, on purpose

  void add(const Seen& other) {
    sent += other.sent;
    for (const auto& [status, count] : other.answered) answered[status] += count;
    gateway_errors += other.gateway_errors;
    cut_off += other.cut_off;
    headless += other.headless;
    left_early += other.left_early;
    left_within += other.left_within;
  }
  std::uint64_t all_answered() const {
    std::uint64_t sum = 0;
    for (const auto& [status, count] : answered) sum += count;
    return sum;
  }
};

/// The clients' book, held against the gateway's counters in the end. Thread-safe.
class Ledger {
 public:
  void add(const std::string& route, const Seen& seen) {
    const std::lock_guard lock(mutex_);
    routes_[route].add(seen);
  }
  /// What must never happen, in words.
  void complain(std::string what) {
    const std::lock_guard lock(mutex_);
    if (complaints_.size() < 50) complaints_.push_back(std::move(what));
  }
  std::vector<std::string> complaints() const {
    const std::lock_guard lock(mutex_);
    return complaints_;
  }
  std::map<std::string, Seen> routes() const {
    const std::lock_guard lock(mutex_);
    return routes_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Seen> routes_;
  std::vector<std::string> complaints_;
};

/// Every request that was sent is answered, refused, failed or left, and counted as just that, once.
inline void expect_same_books(const std::string& route, const Seen& seen, const MetricsText& metrics) {
  SCOPED_TRACE("route " + (route.empty() ? "(none)" : route));
  EXPECT_EQ(seen.sent, seen.all_answered() + seen.headless + seen.left_early) << "a client lost a request";

  const auto count = [&](const char* name, Labels labels = {}) {
    labels["route"] = route;
    return static_cast<std::uint64_t>(metrics.value(std::string("sluice_") + name, labels));
  };
  // A reset may overtake a head: then the gateway knows the status and the client does not.
  std::uint64_t unseen = 0;
  for (int status = 100; status < 600; ++status) {
    const auto at = seen.answered.find(status);
    const std::uint64_t by_clients = at == seen.answered.end() ? 0 : at->second;
    const std::uint64_t by_gateway = count("requests_total", {{"code", std::to_string(status)}});
    EXPECT_GE(by_gateway, by_clients) << "status " << status;
    unseen += by_gateway - by_clients;
  }
  EXPECT_EQ(unseen, seen.headless);
  EXPECT_EQ(count("requests_total"), seen.all_answered() + seen.headless);
  const std::uint64_t left = seen.left_early + seen.left_within;
  EXPECT_EQ(count("request_failures_total", {{"reason", "client_abort"}}), left);
  EXPECT_EQ(count("request_failures_total"), seen.gateway_errors + seen.cut_off + seen.headless + left);
  EXPECT_EQ(count("fallbacks_total"), count("decisions_total", {{"reason", "fallback"}}));
  EXPECT_LE(count("retried_requests_total"), count("retries_total"));
  EXPECT_LE(count("hedges_won_total"), count("hedges_total"));
}

}  // namespace sluice::test
