#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "support/patience.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace sluice::test {

/// What a TLS peer of a test shows and believes; empty paths mean "nothing shown" and "anybody believed".
struct TlsIdentity {
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;       ///< who signs the peer; a server with one demands a client certificate
  std::string server_name;   ///< SNI and expected name, clients only
  int maximum_protocol = 0;  ///< for example TLS1_1_VERSION; 0 is the newest
};

/// One blocking loopback TCP connection, plain or TLS, every operation with a deadline.
///
/// One thread reads and writes; interrupt() may be called from any other.
class Connection {
 public:
  /// Dials 127.0.0.1. A small `receive_buffer` (bytes) makes a reader that pushes back early. Throws when refused.
  static Connection dial(std::uint16_t port, int receive_buffer = 0);

  explicit Connection(int socket);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) = delete;

  /// Handshakes; the error of the library when they fail.
  void become_tls_client(const TlsIdentity& identity);
  void become_tls_server(const TlsIdentity& identity);

  /// The next bytes as they come; empty when the peer closed or reset. Throws TimedOut.
  std::string read_some(std::size_t limit = 64 * 1024, std::chrono::milliseconds patience = kPatience);

  /// Sends everything; false when the peer is gone. Throws TimedOut when the peer stopped reading.
  bool write(std::string_view bytes, std::chrono::milliseconds patience = kPatience);

  /// Sends what the kernel takes now and gives how much that was.
  std::size_t write_what_fits(std::string_view bytes);

  /// True once the peer closed or reset; what arrives before is thrown away. Throws TimedOut.
  bool wait_for_close(std::chrono::milliseconds patience = kPatience);

  bool was_reset() const noexcept { return was_reset_; }
  /// Bytes that arrived so far.
  std::uint64_t received() const noexcept { return received_; }

  void half_close();
  /// Closes with RST instead of FIN.
  void reset();
  void close();
  /// Wakes up whoever reads or writes; the connection is of no use afterwards. Any thread.
  void interrupt();
  bool is_open() const;

 private:
  struct TlsState;
  void handshake(bool server, const TlsIdentity& identity);
  void allow(int option, std::chrono::milliseconds patience) const;

  mutable std::mutex closing_;  // between close() and interrupt(): a closed number may belong to somebody else
  int socket_ = -1;
  bool was_reset_ = false;
  std::uint64_t received_ = 0;
  std::unique_ptr<TlsState> tls_;
};

/// A listening loopback socket, on a port the kernel chose unless one is given.
class Listener {
 public:
  /// On any port, which stays this program's to its end: whoever dials it when nobody listens any more is refused, and
  /// does not end up at a server of another test that runs beside this one.
  explicit Listener(int backlog = 128);
  /// `address` is any of 127.0.0.0/8. Throws when the port is taken there.
  Listener(const std::string& address, std::uint16_t port);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  const std::string& address() const noexcept { return address_; }
  /// The next connection's socket, -1 once stopped.
  int accept() const;
  /// Wakes up accept(); new peers are refused. Any thread.
  void stop();

 private:
  void listen(int backlog);

  int socket_ = -1;
  std::string address_ = "127.0.0.1";
  std::uint16_t port_ = 0;
};

/// A port that was free a moment ago, for a program that cannot find one itself.
std::uint16_t free_port();

/// A port that refuses connections. It is taken without anybody listening on it, so that no other program gets it.
std::uint16_t refused_port();

/// A listener whose queue is full and that never accepts: dials to it hang until they time out.
class DeafListener {
 public:
  DeafListener();
  ~DeafListener();
  std::uint16_t port() const noexcept { return listener_.port(); }

 private:
  Listener listener_;
  int fillers_[8];
};

}  // namespace sluice::test
