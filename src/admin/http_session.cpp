#include "sluice/admin/http_session.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <string_view>

#include "sluice/base/log.hpp"

namespace sluice::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAskAgain = std::chrono::milliseconds(5);
constexpr auto kLinger = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = 262'144;
constexpr unsigned kNotModified = 304;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

struct Refused {
  unsigned status;
  const char* reason;
};

/// What Beast lets pass and a server should not: two ways to tell a length, codings that nobody decodes, a field that
/// decides something and stands there twice.
std::optional<Refused> refuse_head(const http::fields& fields) {
  const auto coding = fields.find(http::field::transfer_encoding);
  if (coding != fields.end()) {
    if (fields.count(http::field::content_length) > 0) return Refused{400, "both a length and a transfer coding"};
    const bool only_chunked =
        fields.count(http::field::transfer_encoding) == 1 && beast::iequals(coding->value(), "chunked");
    if (!only_chunked) return Refused{501, "unknown transfer coding"};
  }
  for (const auto field : {http::field::host, http::field::origin, http::field::content_type,
                           http::field::authorization, http::field::content_length}) {
    if (fields.count(field) > 1) return Refused{400, "a field stands there twice"};
  }
  return std::nullopt;
}

}  // namespace

std::string endpoint_text(const std::string& host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void HttpSession::begin() {
  place_ = server_.sessions.insert(server_.sessions.end(), weak_from_this());
  error_code error;
  const auto peer = stream_.socket().remote_endpoint(error);
  if (!error) peer_ = endpoint_text(peer.address().to_string(), peer.port());
  await_request();
}

void HttpSession::await_request() {
  idle_ = buffer_.size() == 0;
  if (!idle_) return read_head();  // pipelined
  server_.sessions.splice(server_.sessions.end(), server_.sessions, place_);
  stream_.expires_after(server_.options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(1024), [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (error) return;
    self->buffer_.commit(bytes);
    self->read_head();
  });
}

void HttpSession::read_head() {
  idle_ = false;
  parser_.emplace();
  parser_->header_limit(kHeadBytes);
  // A server that reads no bodies lets its handler refuse them, whatever their size.
  if (server_.options.body_bytes > 0) {
    parser_->body_limit(server_.options.body_bytes);
  } else {
    parser_->body_limit(boost::none);
  }
  stream_.expires_after(server_.options.header_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) { self->head_read(error); });
}

void HttpSession::head_read(error_code error) {
  if (error) return refuse(error);
  if (const auto refused = refuse_head(parser_->get())) return refuse(refused->status, refused->reason);
  if (parser_->is_done() || server_.options.body_bytes == 0) return answer();
  stream_.expires_after(server_.options.body_timeout);
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return ask_for_body();
  read_body();
}

void HttpSession::ask_for_body() {
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code error, std::size_t) {
    if (!error) self->read_body();
  });
}

void HttpSession::read_body() {
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->refuse(error);
    self->answer();
  });
}

void HttpSession::answer() {
  deliver(handle());
}

void HttpSession::deliver(Page page) {
  if (page.later) return ask_later(std::move(page.later));
  const auto& request = parser_->get();
  const bool reads = request.method() == http::verb::get;
  if (page.events_after && reads) return stream(std::move(page));
  if (page.live && reads) return stream_live(std::move(page));
  const bool keep_alive = request.keep_alive() && parser_->is_done();  // else nobody here reads the body
  send(request.version(), keep_alive, request.method() == http::verb::head, std::move(page));
}

/// From here on the connection is a reader's of events and no longer counts among those that ask.
void HttpSession::stream(Page page) {
  if (server_.streams.size() >= server_.options.events.readers) {
    return refuse(503, "there are " + std::to_string(server_.streams.size()) + " readers of events already");
  }
  std::make_shared<EventStream>(server_.streams, server_.options.events, std::move(stream_), *page.events_after,
                                std::move(page.still_allowed))
      ->begin(page.body);
}

/// The same, for what changes: who falls behind begins anew instead of being closed.
void HttpSession::stream_live(Page page) {
  LiveReaders& live = server_.live;
  if (live.full()) return refuse(503, "there are " + std::to_string(live.size()) + " live readers already");
  try {
    live.add(std::move(stream_), std::move(page.still_allowed));
  } catch (const std::exception& error) {
    log::error("a page failed", {{"port", server_.options.name}, {"target", "live"}, {"error", error.what()}});
    refuse(500, error.what());
  }
}

/// The thread serves others meanwhile.
void HttpSession::ask_later(std::function<std::optional<Page>()> later) {
  pause_.expires_after(kAskAgain);
  pause_.async_wait([self = shared_from_this(), later = std::move(later)](error_code error) {
    if (error || !self->stream_.socket().is_open()) return;
    self->deliver(self->guarded([&] {
      auto page = later();
      if (page) return std::move(*page);
      Page again;
      again.later = later;
      return again;
    }));
  });
}

Page HttpSession::handle() const {
  const auto& fields = parser_->get();
  Request request;
  request.method = view(fields.method_string());
  request.target = view(fields.target());
  request.host = view(fields[http::field::host]);
  request.origin = view(fields[http::field::origin]);
  request.content_type = view(fields[http::field::content_type]);
  request.authorization = view(fields[http::field::authorization]);
  request.last_event_id = view(fields["Last-Event-ID"]);
  request.if_none_match = view(fields[http::field::if_none_match]);
  request.accept_encoding = view(fields[http::field::accept_encoding]);
  if (parser_->is_done()) request.body = fields.body();
  request.peer = peer_;
  return guarded([&] { return server_.handler(request); });
}

Page HttpSession::guarded(const std::function<Page()>& make) const {
  try {
    return make();
  } catch (const std::exception& error) {
    const std::string_view target = view(parser_->get().target());
    log::error("a page failed", {{"port", server_.options.name}, {"target", target}, {"error", error.what()}});
    return server_.options.refusal(500, error.what());
  }
}

/// A timeout or a peer that went away gets no answer; whoever sent something that is no request is told so.
void HttpSession::refuse(error_code error) {
  const bool malformed = error.category() == make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
  if (!malformed) return;
  if (error == http::error::body_limit) return refuse(413, "the body is too large");
  const bool too_large = error == http::error::header_limit || error == http::error::buffer_overflow;
  refuse(too_large ? 431 : 400, "bad request: " + error.message());
}

void HttpSession::refuse(unsigned status, const std::string& reason) {
  send(11, false, false, server_.options.refusal(status, reason));
}

void HttpSession::send(unsigned version, bool keep_alive, bool head_only, Page page) {
  response_ = {};
  response_.version(version);
  response_.result(page.status);
  response_.set(http::field::content_type, page.content_type);
  response_.set(http::field::cache_control, page.cache_control);
  response_.set("X-Content-Type-Options", "nosniff");
  if (!page.allow.empty()) response_.set(http::field::allow, page.allow);
  if (!page.challenge.empty()) response_.set(http::field::www_authenticate, page.challenge);
  for (const auto& [name, value] : page.fields) response_.set(name, value);
  response_.keep_alive(keep_alive);
  // Of a 304 it would be the length of what the client has already.
  if (page.status != kNotModified) response_.content_length(page.body.size());
  if (!head_only) response_.body() = std::move(page.body);
  serializer_.emplace(response_);
  stream_.expires_after(server_.options.write_timeout);

  auto written = [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
    if (error) return;
    if (keep_alive) return self->await_request();
    error_code ignored;
    self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    self->linger();
  };
  if (head_only) {
    http::async_write_header(stream_, *serializer_, std::move(written));
  } else {
    http::async_write(stream_, *serializer_, std::move(written));
  }
}

/// Reads what the client still sends: closing over unread bytes would reset the connection and the answer with it.
void HttpSession::linger() {
  buffer_.clear();
  stream_.expires_after(kLinger);
  stream_.async_read_some(buffer_.prepare(kHeadBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->discarded_ += bytes;
                            if (!error && self->discarded_ < kLingerBytes) self->linger();
                          });
}

}  // namespace sluice::admin
