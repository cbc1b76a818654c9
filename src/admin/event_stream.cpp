#include "sluice/admin/event_stream.hpp"

#include <boost/asio/write.hpp>
#include <utility>

namespace sluice::admin {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// The end of the connection is the end of the answer: no length, no chunks for a proxy to hold back.
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Accel-Buffering: no\r\n"
    "Connection: close\r\n\r\n";
constexpr std::string_view kHeartbeat = ": still here\n\n";

}  // namespace

EventStream::EventStream(List& streams, const EventLimits& limits, boost::beast::tcp_stream stream, std::uint64_t after,
                         Allowed allowed, Anew anew)
    : streams_(streams),
      limits_(limits),
      stream_(std::move(stream)),
      heartbeat_(stream_.get_executor()),
      last_(after),
      allowed_(std::move(allowed)),
      anew_(std::move(anew)),
      place_(streams_.end()) {}

void EventStream::begin(std::string_view first) {
  place_ = streams_.insert(streams_.end(), weak_from_this());
  stream_.expires_never();
  watch();
  append(kHead);
  append(first);
  wait_for_heartbeat();
}

/// A reader has nothing to say: whatever comes, the end included, ends the stream.
void EventStream::watch() {
  stream_.async_read_some(asio::buffer(&unwanted_, 1),
                          [self = shared_from_this()](error_code, std::size_t) { self->close(); });
}

void EventStream::push(const Event& event) {
  if (behind_ || event.id <= last_) return;  // it will be, or was, among the first ones
  last_ = event.id;
  if (waiting_.size() + event.text.size() <= limits_.buffered_bytes) return append(event.text);
  if (!anew_) return close();
  waiting_.clear();
  if (under_way_.empty()) return begin_anew();
  behind_ = true;
}

void EventStream::begin_anew() {
  behind_ = false;
  const Event whole = anew_();
  last_ = whole.id;
  append(whole.text);
}

/// Everything that is sent comes by here, a sign of life too, so that one who may no longer read is gone soon.
void EventStream::append(std::string_view text) {
  if (allowed_ && !allowed_()) return close();
  quiet_ = false;
  waiting_ += text;
  if (under_way_.empty()) write();
}

void EventStream::write() {
  if (waiting_.empty() || !stream_.socket().is_open()) return;
  under_way_.swap(waiting_);
  stream_.expires_after(limits_.write_timeout);
  asio::async_write(stream_, asio::buffer(under_way_), [self = shared_from_this()](error_code error, std::size_t) {
    self->under_way_.clear();
    if (error) return self->close();
    if (self->behind_) return self->begin_anew();
    self->write();
  });
}

void EventStream::wait_for_heartbeat() {
  quiet_ = true;
  heartbeat_.expires_after(limits_.heartbeat);
  heartbeat_.async_wait([self = shared_from_this()](error_code error) {
    if (error || !self->stream_.socket().is_open()) return;
    if (self->quiet_ && self->under_way_.empty()) self->append(kHeartbeat);
    self->wait_for_heartbeat();
  });
}

void EventStream::close() {
  heartbeat_.cancel();
  stream_.close();
}

}  // namespace sluice::admin
