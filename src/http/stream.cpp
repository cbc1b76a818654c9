#include "sluice/http/stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::http {

namespace asio = boost::asio;

/// TLS state on top of the socket. Gathered writes are copied into one record's worth of scratch.
struct Stream::Tls {
  asio::ssl::stream<Socket&> stream;
  std::array<char, 16 * 1024> scratch;
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}
};

struct Stream::ReadHandler {
  Stream* stream;
  using allocator_type = OpAllocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->read_memory_); }
  void operator()(const error_code& error, std::size_t bytes) const { stream->on_read(error, bytes); }
};

struct Stream::WriteHandler {
  Stream* stream;
  using allocator_type = OpAllocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->write_memory_); }
  void operator()(const error_code& error, std::size_t bytes) const { stream->on_write(error, bytes); }
};

struct Stream::EventHandler {
  Stream* stream;
  using allocator_type = OpAllocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(stream->write_memory_); }
  void operator()(const error_code& error) const { stream->on_event(error); }
};

namespace {

IoStatus status_of(const error_code& error) noexcept {
  if (!error) return IoStatus::Ok;
  if (error == asio::error::eof) return IoStatus::Eof;
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return IoStatus::Aborted;
  return IoStatus::Failed;  // stream_truncated too: a TLS peer that ends without close_notify may have been cut off
}

}  // namespace

Stream::Stream(Socket socket, Observer& observer) : socket_(std::move(socket)), observer_(&observer) {}

Stream::~Stream() = default;

// --- reading ---

void Stream::arm_read(char* data, std::size_t size) {
  read_armed_ = true;
  ++pending_;
  const asio::mutable_buffer buffer(data, size);
  if (tls_) {
    tls_->stream.async_read_some(buffer, ReadHandler{this});
  } else {
    socket_.async_read_some(buffer, ReadHandler{this});
  }
}

Stream::ReadAwaiter Stream::read_some(char* data, std::size_t size) {
  if (read_completed_) return {this};
  if (!tls_) {
    const ssize_t got = ::recv(socket_.native_handle(), data, size, MSG_DONTWAIT);
    if (got > 0) {
      bytes_read_ += static_cast<std::size_t>(got);
      finish_read({static_cast<std::size_t>(got), IoStatus::Ok});
      return {this};
    }
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      finish_read({0, got == 0 ? IoStatus::Eof : socket_.is_open() ? IoStatus::Failed : IoStatus::Aborted});
      return {this};
    }
  }
  arm_read(data, size);
  return {this};
}

bool Stream::has_unread() noexcept {
  if (read_completed_) return true;
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

std::size_t Stream::read_now(char* data, std::size_t size) noexcept {
  if (tls_) return 0;
  const ssize_t got = ::recv(socket_.native_handle(), data, size, MSG_DONTWAIT);
  if (got <= 0) return 0;
  bytes_read_ += static_cast<std::size_t>(got);
  return static_cast<std::size_t>(got);
}

void Stream::finish_read(IoResult result) noexcept {
  read_result_ = result;
  read_completed_ = true;
}

void Stream::on_read(const error_code& error, std::size_t bytes) {
  read_armed_ = false;
  bytes_read_ += bytes;
  finish_read({bytes, bytes > 0 ? IoStatus::Ok : status_of(error)});
  --pending_;
  if (reader_) {
    std::exchange(reader_, nullptr).resume();
  } else if (!quiet_waiter_) {
    observer_->on_unawaited_read();
  }
  end_operation();
}

// Owners destroy a stream by a posted call, so it is still here after whatever a resumed coroutine did.
void Stream::end_operation() {
  if (pending_ == 0 && quiet_waiter_) std::exchange(quiet_waiter_, nullptr).resume();
}

// --- writing ---

void Stream::advance_write(std::size_t bytes) noexcept {
  bytes_written_ += bytes;
  while (!to_write_.empty() && bytes >= to_write_.front().iov_len) {
    bytes -= to_write_.front().iov_len;
    to_write_ = to_write_.subspan(1);
  }
  if (bytes > 0) {
    iovec& first = to_write_.front();
    first.iov_base = static_cast<char*>(first.iov_base) + bytes;
    first.iov_len -= bytes;
  }
}

/// A short message in one piece: copying it costs less than the kernel's walk over a list of pieces.
bool Stream::send_flat() {
  std::array<char, 4096> flat;
  std::size_t size = 0;
  for (const iovec& piece : to_write_) {
    if (piece.iov_len > flat.size() - size) return false;
    std::memcpy(flat.data() + size, piece.iov_base, piece.iov_len);
    size += piece.iov_len;
  }
  const ssize_t sent = ::send(socket_.native_handle(), flat.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) advance_write(static_cast<std::size_t>(sent));
  return to_write_.empty();
}

bool Stream::send_now() {
  if (to_write_.size() > 1 && send_flat()) return true;
  while (!to_write_.empty()) {
    msghdr message{};
    message.msg_iov = to_write_.data();
    message.msg_iovlen = std::min<std::size_t>(to_write_.size(), 1024);  // IOV_MAX
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      advance_write(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    } else if (errno != EINTR) {
      write_status_ = socket_.is_open() ? IoStatus::Failed : IoStatus::Aborted;
      return true;
    }
  }
  write_status_ = IoStatus::Ok;
  return true;
}

std::size_t Stream::write_now(std::string_view bytes) noexcept {
  if (tls_) return 0;
  const ssize_t sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent <= 0) return 0;
  bytes_written_ += static_cast<std::size_t>(sent);
  return static_cast<std::size_t>(sent);
}

Stream::WriteAwaiter Stream::write(std::span<iovec> pieces) {
  to_write_ = pieces;
  while (!to_write_.empty() && to_write_.front().iov_len == 0) to_write_ = to_write_.subspan(1);
  write_status_ = IoStatus::Ok;
  write_finished_ = to_write_.empty() || (!tls_ && send_now());
  if (!write_finished_) start_write();
  return {this};
}

void Stream::start_write() {
  ++pending_;
  if (!tls_) {
    const iovec& first = to_write_.front();
    socket_.async_write_some(asio::const_buffer(first.iov_base, first.iov_len), WriteHandler{this});
    return;
  }
  std::size_t size = 0;
  for (const iovec& piece : to_write_) {
    const std::size_t part = std::min(piece.iov_len, tls_->scratch.size() - size);
    std::memcpy(tls_->scratch.data() + size, piece.iov_base, part);
    size += part;
    if (size == tls_->scratch.size()) break;
  }
  tls_->stream.async_write_some(asio::const_buffer(tls_->scratch.data(), size), WriteHandler{this});
}

void Stream::on_write(const error_code& error, std::size_t bytes) {
  --pending_;
  advance_write(bytes);
  if (error && bytes == 0) {
    write_status_ = status_of(error);
    write_finished_ = true;
  } else {
    write_finished_ = to_write_.empty() || (!tls_ && send_now());
  }
  if (!write_finished_) return start_write();
  if (writer_) std::exchange(writer_, nullptr).resume();
  end_operation();
}

// --- life ---

void Stream::begin_event() noexcept {
  event_finished_ = false;
  ++pending_;
}

void Stream::on_event(const error_code& error) {
  event_status_ = status_of(error);
  event_finished_ = true;
  --pending_;
  if (event_waiter_) std::exchange(event_waiter_, nullptr).resume();
  end_operation();
}

Stream::EventAwaiter Stream::connect(const Tcp::endpoint& peer) {
  begin_event();
  socket_.async_connect(peer, EventHandler{this});
  return {this};
}

Stream::EventAwaiter Stream::handshake_as_client(asio::ssl::context& context, const std::string& server_name) {
  begin_event();
  tls_ = std::make_unique<Tls>(socket_, context);
  if (!server_name.empty()) {
    error_code not_an_address;
    asio::ip::make_address(server_name, not_an_address);
    // Server name indication is for names only (RFC 6066 section 3).
    if (not_an_address) SSL_set_tlsext_host_name(tls_->stream.native_handle(), server_name.c_str());
    tls_->stream.set_verify_callback(asio::ssl::host_name_verification(server_name));
  }
  tls_->stream.async_handshake(asio::ssl::stream_base::client, EventHandler{this});
  return {this};
}

Stream::EventAwaiter Stream::handshake_as_server(asio::ssl::context& context) {
  begin_event();
  tls_ = std::make_unique<Tls>(socket_, context);
  tls_->stream.async_handshake(asio::ssl::stream_base::server, EventHandler{this});
  return {this};
}

Stream::EventAwaiter Stream::shutdown_write() {
  if (tls_ && socket_.is_open()) {
    // Sends close_notify, then waits for the peer's; the caller bounds that wait by a deadline and close().
    begin_event();
    tls_->stream.async_shutdown(EventHandler{this});
    return {this};
  }
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  event_status_ = IoStatus::Ok;
  event_finished_ = true;
  return {this};
}

void Stream::cancel() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void Stream::reset() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace sluice::http
