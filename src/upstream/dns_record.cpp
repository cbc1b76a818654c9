#include "sluice/upstream/dns_record.hpp"

#include <algorithm>
#include <utility>

namespace sluice::upstream {

namespace {

using boost::asio::ip::address;

constexpr Duration kMinRetry = std::chrono::milliseconds(100);
constexpr Duration kMaxAhead = std::chrono::seconds(1);

/// How long to wait after so many failures in a row.
Duration retry_after(std::uint32_t failures, Duration pause) {
  const Duration first = std::max(pause, kMinRetry);
  const Duration longest = std::max(first, kMaxRetry);
  const std::uint32_t doublings = std::min<std::uint32_t>(failures - 1, 20);
  return std::min(longest, first * (1 << doublings));
}

/// The new set, with what a family had that could not be asked for.
std::vector<address> merge(const DnsRecord& record, const NameAnswer& answer) {
  std::vector<address> merged = answer.addresses;
  for (const address& known : record.addresses) {
    if (known.is_v4() ? answer.v4_failed : answer.v6_failed) merged.push_back(known);
  }
  std::sort(merged.begin(), merged.end());
  merged.erase(std::unique(merged.begin(), merged.end()), merged.end());
  return merged;
}

}  // namespace

DnsStep advance(const DnsRecord& record, const NameAnswer& answer, TimePoint now) {
  DnsStep step{.record = record};
  DnsRecord& next = step.record;
  next.asked = true;
  next.last_error = answer.error;

  if (answer.addresses.empty()) {
    step.failing = ++next.failures == 1;
    next.due = now + retry_after(next.failures, answer.pause);
    next.stale = !next.addresses.empty() && now >= next.expires;
    return step;
  }

  next.addresses = merge(record, answer);
  if (next.addresses.size() > kMaxAddresses) {
    step.left_out = next.addresses.size() - kMaxAddresses;
    next.addresses.resize(kMaxAddresses);
  }
  step.changed = next.addresses != record.addresses;
  next.expires = now + answer.ttl;
  next.stale = false;
  next.due = now + std::max(answer.pause, answer.ttl - std::min(answer.ttl / 10, kMaxAhead));
  if (answer.v4_failed || answer.v6_failed) {
    step.failing = ++next.failures == 1;
    next.due = std::min(next.due, now + retry_after(next.failures, answer.pause));
    return step;
  }
  step.recovered = record.failures > 0;
  next.failures = 0;
  return step;
}

}  // namespace sluice::upstream
