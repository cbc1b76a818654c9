#pragma once

#include <memory>
#include <string>

#include "sluice/upstream/name_service.hpp"

namespace sluice::upstream {

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
