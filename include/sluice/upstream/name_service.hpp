#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/upstream/name_servers.hpp"

namespace sluice::upstream {

/// How a look-up ended; the label `result` of `dns_lookups_total`.
enum class LookupResult : std::uint8_t {
  Answered,
  NoAddress,  ///< the name does not exist, or has no address
  Timeout,    ///< no name server answered
  Failed,     ///< refused, a failure of the server, a malformed answer or name
};
inline constexpr std::size_t kLookupResults = 4;
std::string_view to_string(LookupResult result) noexcept;

/// What is known of a name after one look-up.
struct NameAnswer {
  LookupResult result = LookupResult::Failed;
  /// In the order in which to try them: IPv6 first where this machine has a route to it; within a family as the name
  /// server gave them, since many rotate them. Not empty when answered.
  std::vector<boost::asio::ip::address> addresses;
  Duration ttl{0};         ///< the smallest of all records, within the bounds of NameServers
  bool v4_failed = false;  ///< IPv4 addresses could not be asked for: there may be more than these
  bool v6_failed = false;
  std::string error;  ///< one sentence; empty when answered
};

/// Looks up names on one loop without ever blocking it: the hosts file first, then the name servers, IPv4 and IPv6 at
/// once. Nothing is cached; who asks for a name that is being asked for shares the question.
///
/// Any thread may call it, callbacks run on the loop's thread. The system's list of servers and its search domains are
/// read whenever a first question is asked while none is under way. Outlives whoever holds a NameLookup.
class NameService {
 public:
  using Callback = std::function<void(const NameAnswer&)>;

  NameService(boost::asio::io_context& io, NameServers settings);
  /// Stops. On the loop's thread, or once the loop has ended.
  ~NameService();
  NameService(const NameService&) = delete;
  NameService& operator=(const NameService&) = delete;

  /// Calls back once, never before it returns; after `stop` not at all. `host` may also be an address. A question ends
  /// after all tries at the latest; who cannot wait so long needs a deadline of his own. Any thread.
  void lookup(std::string host, Callback callback);

  /// Questions under way are asked anew, of the new servers. Any thread.
  void update(NameServers settings);

  /// Forgets all questions and their callbacks. Any thread; called on the loop's thread, nothing is called back once it
  /// returns, elsewhere once `is_quiet`.
  void stop();
  /// Stopped, and nothing is pending. On the loop's thread.
  bool is_quiet() const noexcept;

  /// Look-ups so far, by result. Any thread.
  std::array<std::uint64_t, kLookupResults> counts() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// One look-up for somebody on another loop, who may lose interest at any time. Belongs to that loop's thread.
class NameLookup {
 public:
  NameLookup() = default;
  /// Nobody is called any more.
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// Asks; the answer is posted to `io`. Precondition: not pending.
  void start(NameService& names, boost::asio::io_context& io, const std::string& host, NameService::Callback callback);
  /// Does not wait for the answer: posts a failed one. Harmless when nothing is pending.
  void cancel();
  bool pending() const noexcept { return mailbox_ != nullptr; }

 private:
  struct Mailbox;
  static void deliver(const std::shared_ptr<Mailbox>& mailbox, NameAnswer answer);
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace sluice::upstream
