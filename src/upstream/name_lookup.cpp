#include "sluice/upstream/name_lookup.hpp"

#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

namespace sluice::upstream {

/// Between the name service's thread, which knows only this, and the asker's, which may be gone when the answer comes.
struct NameLookup::Mailbox {
  std::mutex mutex;
  boost::asio::io_context* io = nullptr;  // guarded; null: nothing is to be delivered any more
  // The asker's thread only:
  NameLookup* owner = nullptr;  // null: answered, or the asker is gone
  NameService::Callback callback;
};

NameLookup::~NameLookup() {
  if (!mailbox_) return;
  mailbox_->owner = nullptr;
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->io = nullptr;
}

void NameLookup::start(NameService& names, boost::asio::io_context& io, const std::string& host,
                       NameService::Callback callback) {
  mailbox_ = std::make_shared<Mailbox>();
  mailbox_->io = &io;
  mailbox_->owner = this;
  mailbox_->callback = std::move(callback);
  names.lookup(host, [mailbox = mailbox_](const NameAnswer& answer) { deliver(mailbox, answer); });
}

void NameLookup::cancel() {
  if (!mailbox_) return;
  NameAnswer none;
  none.result = LookupResult::Timeout;
  none.error = "nobody waits for the answer any more";
  deliver(mailbox_, std::move(none));
}

/// Posts at most once: the first answer is the answer.
void NameLookup::deliver(const std::shared_ptr<Mailbox>& mailbox, NameAnswer answer) {
  const std::lock_guard lock(mailbox->mutex);
  boost::asio::io_context* const io = std::exchange(mailbox->io, nullptr);
  if (io == nullptr) return;
  boost::asio::post(*io, [mailbox, answer = std::move(answer)] {
    if (mailbox->owner == nullptr) return;
    std::exchange(mailbox->owner, nullptr)->mailbox_.reset();
    const NameService::Callback callback = std::move(mailbox->callback);
    callback(answer);
  });
}

}  // namespace sluice::upstream
