#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sluice/upstream/connection.hpp"
#include "sluice/upstream/name_servers.hpp"

namespace sluice::upstream {

/// A watched name, for status pages. Times count from the moment of asking.
struct DnsReport {
  std::string host;
  std::vector<std::string> addresses;
  bool stale = false;               ///< the answer has expired and no newer one could be had
  double stale_seconds = 0;         ///< for how long; 0 when not stale
  double expires_seconds = 0;       ///< until the answer expires; 0 when it has
  double next_look_up_seconds = 0;  ///< until it is asked again
  std::uint32_t failures = 0;       ///< in a row
  std::string last_error;           ///< of the last look-up; empty: it was answered
};

/// Keeps the addresses of names up to date: asks again before an answer expires, keeps what is known when that fails,
/// and tells when a set of addresses has changed. The rules are in `dns_record.hpp`.
class DnsWatch {
 public:
  /// `on_change` runs on the loop's thread, with the host whose addresses are others now.
  DnsWatch(WorkerContext& loop, NameService& names, std::function<void(const std::string& host)> on_change);
  /// Stops. On the loop's thread, or once the loop has ended.
  ~DnsWatch();
  DnsWatch(const DnsWatch&) = delete;
  DnsWatch& operator=(const DnsWatch&) = delete;

  /// Replaces the names that are watched; one that stays keeps its answer, one that is new is asked at once. Any
  /// thread.
  void watch(const std::vector<std::string>& hosts);

  /// What is known now, in ascending order; empty before the first answer. At most kMaxAddresses. Any thread.
  std::vector<std::string> addresses(const std::string& host) const;

  /// Waits until every name was answered, or has failed, once; at most for `bound`. True when all have addresses.
  /// Any thread but the loop's.
  bool wait_first(std::chrono::milliseconds bound) const;
  /// From now on nobody waits for a first answer, nor goes on waiting. Any thread.
  void end_waits();

  /// Everything watched, in the order of the names. Any thread.
  std::vector<DnsReport> report() const;

  /// Nothing is asked any more, nobody is told. Any thread.
  void stop();
  /// Stopped, and nothing is pending. On the loop's thread.
  bool is_quiet() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::upstream
