#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/upstream/name_answer.hpp"

namespace sluice::upstream {

/// Of one name; of more, the lowest are used, so that every look-up chooses the same.
inline constexpr std::size_t kMaxAddresses = 256;

/// What is known of a watched name: a set of addresses, and when to ask again. Plain data.
struct DnsRecord {
  std::vector<boost::asio::ip::address> addresses;  ///< ascending, no two alike
  TimePoint due{};                                  ///< asked again then; at first: at once
  TimePoint expires{};                              ///< meaningless while there are no addresses
  std::uint32_t failures = 0;                       ///< in a row
  bool asked = false;                               ///< was answered, or has failed, once
  bool stale = false;                               ///< expired, and asking again has failed
  std::string last_error;                           ///< of the last look-up; empty: it was answered in full
};

/// A record after one more look-up, and what to tell of it.
struct DnsStep {
  DnsRecord record;
  bool changed = false;      ///< the set of addresses is another one
  bool failing = false;      ///< this failure is the first in a row
  bool recovered = false;    ///< the first answer after failures
  std::size_t left_out = 0;  ///< addresses beyond kMaxAddresses
};

/// The rules of a watched name. Pure.
///
/// An answer replaces the set; a family of addresses that could not be asked for keeps what it had. A name without any
/// address is a failure, and a failure takes nothing away: what was known stays in use for as long as it takes. Asked
/// again shortly before an answer expires; after failures first when the pause of the answer is over, then at twice the
/// distance each time, up to kMaxRetry.
DnsStep advance(const DnsRecord& record, const NameAnswer& answer, TimePoint now);

inline constexpr Duration kMaxRetry = std::chrono::seconds(10);

}  // namespace sluice::upstream
