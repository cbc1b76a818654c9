#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "sluice/metrics/counters.hpp"
#include "sluice/upstream/name_answer.hpp"
#include "sluice/upstream/name_servers.hpp"

namespace sluice::upstream {

/// Looks up names on one loop without ever blocking it: the hosts file first, then the name servers, IPv4 and IPv6 at
/// once. Nothing is cached; who asks for a name that is being asked for shares the question.
///
/// Any thread may call it, callbacks run on the loop's thread. The system's list of servers and its search domains are
/// read whenever a first question is asked while none is under way. Outlives whoever holds a NameLookup.
class NameService {
 public:
  using Callback = std::function<void(const NameAnswer&)>;

  /// `counters` (null: nobody reads them) are written on the loop's thread.
  NameService(boost::asio::io_context& io, NameServers settings, metrics::NameCounters* counters = nullptr);
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

  /// Look-ups so far; who watches names adds what is known of them. Written on the loop's thread, read on any.
  metrics::NameCounters& counters() noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::upstream
