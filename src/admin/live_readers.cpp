#include "sluice/admin/live_readers.hpp"

#include <exception>
#include <utility>
#include <vector>

#include "sluice/base/log.hpp"

namespace sluice::admin {

void LiveReaders::add(boost::beast::tcp_stream&& stream, EventStream::Allowed allowed) {
  const Event whole = feed_->snapshot();
  std::make_shared<EventStream>(streams_, limits_.stream, std::move(stream), whole.id, std::move(allowed),
                                [feed = feed_] { return feed->snapshot(); })
      ->begin(whole.text);
  if (!std::exchange(looking_, true)) wait();
}

void LiveReaders::wait() {
  timer_.expires_after(limits_.interval);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) look();
  });
}

void LiveReaders::look() {
  if (streams_.empty()) {
    looking_ = false;
    return feed_->forget();
  }
  try {
    if (const auto change = feed_->advance()) {
      for (const auto& weak : streams_) {
        if (const auto stream = weak.lock()) stream->push(*change);
      }
    }
  } catch (const std::exception& error) {
    static constinit log::Site site;
    log::error(site, "what changed could not be told", {{"error", error.what()}});
  }
  wait();
}

void LiveReaders::close() {
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->close();
  }
}

}  // namespace sluice::admin
