#include "support/connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace sluice::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  return socket;
}

/// Whoever asks for just this port and allows it as well may have it, too, unless somebody listens there already.
void allow_others(int socket) {
  const int allowed = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &allowed, sizeof allowed);
}

std::uint16_t bind_to_any(int socket) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const std::string reason = std::strerror(errno);
    ::close(socket);
    throw std::runtime_error("bind: " + reason);
  }
  return ntohs(address.sin_port);
}

std::string tls_error(const char* what) {
  char text[256] = "closed by the peer";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return std::string(what) + ": " + text;
}

}  // namespace

struct Connection::TlsState {
  SSL_CTX* context = nullptr;
  SSL* session = nullptr;
  ~TlsState() {
    SSL_free(session);
    SSL_CTX_free(context);
  }
};

Connection Connection::dial(std::uint16_t port, int receive_buffer) {
  const int socket = new_socket();
  if (receive_buffer > 0) setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const auto address = loopback(port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    ::close(socket);
    throw std::runtime_error("connect to port " + std::to_string(port) + ": " + reason);
  }
  return Connection(socket);
}

Connection::Connection(int socket) : socket_(socket) {
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  (void)ignored;
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      was_reset_(other.was_reset_),
      received_(other.received_),
      tls_(std::move(other.tls_)) {}

Connection::~Connection() {
  close();
}

void Connection::become_tls_client(const TlsIdentity& identity) {
  handshake(false, identity);
}
void Connection::become_tls_server(const TlsIdentity& identity) {
  handshake(true, identity);
}

void Connection::handshake(bool server, const TlsIdentity& identity) {
  auto tls = std::make_unique<TlsState>();
  tls->context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  SSL_CTX* context = tls->context;
  if (!identity.certificate_file.empty() &&
      (SSL_CTX_use_certificate_chain_file(context, identity.certificate_file.c_str()) != 1 ||
       SSL_CTX_use_PrivateKey_file(context, identity.key_file.c_str(), SSL_FILETYPE_PEM) != 1)) {
    throw std::runtime_error(tls_error("certificate of the test"));
  }
  if (!identity.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, identity.ca_file.c_str(), nullptr) != 1) {
      throw std::runtime_error(tls_error("CA of the test"));
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  }
  if (identity.maximum_protocol != 0) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, identity.maximum_protocol);
    SSL_CTX_set_max_proto_version(context, identity.maximum_protocol);
  }
  tls->session = SSL_new(context);
  SSL_set_fd(tls->session, socket_);
  if (!server && !identity.server_name.empty()) {
    SSL_set_tlsext_host_name(tls->session, identity.server_name.c_str());
    SSL_set1_host(tls->session, identity.server_name.c_str());
  }
  allow(SO_RCVTIMEO, kPatience);
  ERR_clear_error();
  const int done = server ? SSL_accept(tls->session) : SSL_connect(tls->session);
  if (done != 1) throw std::runtime_error(tls_error("handshake"));
  tls_ = std::move(tls);
}

void Connection::allow(int option, std::chrono::milliseconds patience) const {
  const timeval value{patience.count() / 1000, (patience.count() % 1000) * 1000};
  setsockopt(socket_, SOL_SOCKET, option, &value, sizeof value);
}

std::string Connection::read_some(std::size_t limit, std::chrono::milliseconds patience) {
  std::string bytes(limit, '\0');
  allow(SO_RCVTIMEO, patience);
  ssize_t count = 0;
  errno = 0;
  if (tls_ != nullptr) {
    ERR_clear_error();
    count = SSL_read(tls_->session, bytes.data(), static_cast<int>(limit));
    if (count <= 0 && SSL_get_error(tls_->session, static_cast<int>(count)) == SSL_ERROR_WANT_READ) errno = EAGAIN;
  } else {
    do {
      count = ::recv(socket_, bytes.data(), limit, 0);
    } while (count < 0 && errno == EINTR);
  }
  if (count <= 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) throw TimedOut("nothing to read in time");
    was_reset_ = count < 0 && errno == ECONNRESET;
    return {};
  }
  received_ += static_cast<std::uint64_t>(count);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

bool Connection::write(std::string_view bytes, std::chrono::milliseconds patience) {
  allow(SO_SNDTIMEO, patience);
  while (!bytes.empty()) {
    ssize_t count = 0;
    if (tls_ != nullptr) {
      ERR_clear_error();
      count = SSL_write(tls_->session, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
    } else {
      count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw TimedOut("the peer stopped reading");
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::size_t Connection::write_what_fits(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

bool Connection::wait_for_close(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw TimedOut("the peer did not close in time");
    if (read_some(64 * 1024, left).empty()) return true;
  }
}

void Connection::half_close() {
  if (tls_ != nullptr) SSL_shutdown(tls_->session);
  ::shutdown(socket_, SHUT_WR);
}

void Connection::reset() {
  const linger at_once{1, 0};
  const std::lock_guard lock(closing_);
  if (socket_ < 0) return;
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

void Connection::close() {
  const std::lock_guard lock(closing_);
  if (socket_ < 0) return;
  if (tls_ != nullptr) SSL_shutdown(tls_->session);
  ::close(std::exchange(socket_, -1));
}

void Connection::interrupt() {
  const std::lock_guard lock(closing_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool Connection::is_open() const {
  const std::lock_guard lock(closing_);
  return socket_ >= 0;
}

Listener::Listener(int backlog) : socket_(new_socket()) {
  listen(backlog);
}

Listener::Listener(const std::string& address, std::uint16_t port)
    : socket_(new_socket()), address_(address), port_(port) {
  listen(128);
}

void Listener::listen(int backlog) {
  if (port_ == 0) port_ = refused_port();
  // Beside the socket that keeps the port, and a server that comes back finds its old connections in TIME_WAIT.
  allow_others(socket_);
  auto address = loopback(port_);
  ::inet_pton(AF_INET, address_.c_str(), &address.sin_addr);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket_, backlog) != 0) {
    const std::string reason = std::strerror(errno);
    ::close(socket_);
    throw std::runtime_error("listen: " + reason);
  }
}

Listener::~Listener() {
  ::close(socket_);
}

int Listener::accept() const {
  int socket = -1;
  do {
    socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  } while (socket < 0 && (errno == EINTR || errno == ECONNABORTED));
  return socket;
}

void Listener::stop() {
  ::shutdown(socket_, SHUT_RDWR);
}

std::uint16_t free_port() {
  const int socket = new_socket();
  const std::uint16_t port = bind_to_any(socket);
  ::close(socket);
  return port;
}

std::uint16_t refused_port() {
  const int socket = new_socket();  // kept to the end of the program
  allow_others(socket);
  return bind_to_any(socket);
}

DeafListener::DeafListener() : listener_(0) {
  // The kernel queues backlog + 1 connections; the rest stay in SYN_SENT, which is what a dial should meet.
  const auto address = loopback(listener_.port());
  for (int& filler : fillers_) {
    filler = new_socket();
    fcntl(filler, F_SETFL, O_NONBLOCK);
    (void)::connect(filler, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

DeafListener::~DeafListener() {
  for (const int filler : fillers_) ::close(filler);
}

}  // namespace sluice::test
