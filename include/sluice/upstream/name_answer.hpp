#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sluice/metrics/reasons.hpp"
#include "sluice/upstream/name_servers.hpp"

namespace sluice::upstream {

using metrics::LookupResult;

/// What is known of a name after one look-up.
struct NameAnswer {
  LookupResult result = LookupResult::Failed;
  /// In the order in which to try them: IPv6 first where this machine has a route to it; within a family as the name
  /// server gave them, since many rotate them. Not empty when answered.
  std::vector<boost::asio::ip::address> addresses;
  Duration ttl{0};         ///< the smallest of all records, within the bounds of NameServers
  Duration pause{0};       ///< the name should not be asked for again sooner
  bool v4_failed = false;  ///< IPv4 addresses could not be asked for: there may be more than these
  bool v6_failed = false;
  std::string error;  ///< what failed, in a few words; empty when answered in full
};

/// What a look-up found out about the addresses of one family.
struct FamilyAnswer {
  LookupResult result = LookupResult::NoAddress;
  std::vector<boost::asio::ip::address> addresses;
  std::optional<Duration> ttl;
  std::string error;
  bool failed() const noexcept { return result == LookupResult::Timeout || result == LookupResult::Failed; }
};

/// Both families as one answer. A family that failed does not spoil what the other one has. Pure.
NameAnswer combine(const FamilyAnswer& v4, const FamilyAnswer& v6, bool v6_reachable, const NameServers& settings);

}  // namespace sluice::upstream
