#pragma once

#include <sys/uio.h>

#include <boost/asio/ssl/context.hpp>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sluice/http/net.hpp"
#include "sluice/http/op_memory.hpp"

namespace sluice::http {

/// How a read, write, dial or handshake ended.
enum class IoStatus : std::uint8_t {
  Ok,
  Eof,      ///< the peer ended its side in order
  Failed,   ///< reset, unreachable, refused, a TLS error
  Aborted,  ///< we closed the socket
};

struct IoResult {
  std::size_t bytes = 0;
  IoStatus status = IoStatus::Ok;
  bool ok() const noexcept { return status == IoStatus::Ok; }
};

/// One connection, plain or TLS: at most one read and one write pending, each remembered by the stream itself.
///
/// A read can be *armed* ahead of need: it waits in the kernel while its owner does something else. When it completes
/// it resumes whoever awaits it, or tells the observer. So an idle or busy peer that goes away is noticed without a
/// further call, and each message costs one armed read. Writes are tried at once and only what does not fit is awaited.
///
/// One thread. Must not be destroyed while an operation is pending: close(), await `quiet()`, then destroy from a
/// posted call.
class Stream {
 public:
  /// Hears of an armed read that completed while nobody awaited it.
  class Observer {
   public:
    virtual void on_unawaited_read() = 0;

   protected:
    ~Observer() = default;
  };

  Stream(Socket socket, Observer& observer);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // --- reading ---

  /// Starts a read into `data`, which stays valid until it completes. Precondition: none armed, none untaken.
  void arm_read(char* data, std::size_t size);
  bool read_armed() const noexcept { return read_armed_; }
  /// True when a look at the socket shows bytes, an end or an error. One system call; TLS: what is not decrypted yet.
  bool has_unread() noexcept;
  /// A completed read nobody took yet.
  bool read_completed() const noexcept { return read_completed_; }
  /// Takes the completed read.
  IoResult take_read() noexcept {
    read_completed_ = false;
    return read_result_;
  }

  struct [[nodiscard]] ReadAwaiter {
    Stream* stream;
    bool await_ready() const noexcept { return stream->read_completed_; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream->reader_ = waiter; }
    IoResult await_resume() const noexcept { return stream->take_read(); }
  };
  /// Waits for the armed read.
  ReadAwaiter read_result() noexcept { return {this}; }
  /// Reads what is there, or arms a read and waits for it.
  ReadAwaiter read_some(char* data, std::size_t size);
  /// Reads what the kernel has; 0 when that is nothing, the peer ended, or on TLS: then an armed read tells.
  std::size_t read_now(char* data, std::size_t size) noexcept;

  // --- writing ---

  struct [[nodiscard]] WriteAwaiter {
    Stream* stream;
    bool await_ready() const noexcept { return stream->write_finished_; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream->writer_ = waiter; }
    IoStatus await_resume() const noexcept { return stream->write_status_; }
  };
  /// Writes all pieces, gathered. The array and what it points to stay valid until done; the array is used up.
  /// Precondition: no write pending.
  WriteAwaiter write(std::span<iovec> pieces);
  /// Writes what the kernel takes; 0 when that is nothing, the peer is gone, or on TLS: then `write` tells.
  std::size_t write_now(std::string_view bytes) noexcept;
  bool write_pending() const noexcept { return !write_finished_; }
  /// Waits for a write that was started and not awaited.
  WriteAwaiter write_result() noexcept { return {this}; }

  // --- life ---

  struct [[nodiscard]] EventAwaiter {
    Stream* stream;
    bool await_ready() const noexcept { return stream->event_finished_; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream->event_waiter_ = waiter; }
    IoStatus await_resume() const noexcept { return stream->event_status_; }
  };
  EventAwaiter connect(const Tcp::endpoint& peer);
  /// Turns the stream into TLS. `server_name` is sent and verified on the client's side; empty on the server's.
  EventAwaiter handshake_as_client(boost::asio::ssl::context& context, const std::string& server_name);
  EventAwaiter handshake_as_server(boost::asio::ssl::context& context);
  /// Tells the peer that nothing more comes; TLS: exchanges close_notify, which the caller bounds.
  EventAwaiter shutdown_write();

  /// What is pending completes as Aborted; the connection stays usable.
  void cancel() noexcept;
  /// Closes the socket; what is pending completes as Aborted. Harmless twice.
  void close() noexcept;
  /// Closes so that the peer sees a reset, not an orderly end: the only honest end of a body that was cut off.
  void reset() noexcept;
  bool is_open() const noexcept { return socket_.is_open(); }

  struct [[nodiscard]] QuietAwaiter {
    Stream* stream;
    bool await_ready() const noexcept { return stream->pending_ == 0; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream->quiet_waiter_ = waiter; }
    void await_resume() const noexcept {}
  };
  /// Waits until no operation is pending.
  QuietAwaiter quiet() noexcept { return {this}; }
  bool is_quiet() const noexcept { return pending_ == 0; }

  Socket& socket() noexcept { return socket_; }
  bool is_tls() const noexcept { return tls_ != nullptr; }
  /// Bytes so far, payload as the caller sees it.
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }

 private:
  struct Tls;
  struct ReadHandler;
  struct WriteHandler;
  struct EventHandler;

  void on_read(const error_code& error, std::size_t bytes);
  void on_write(const error_code& error, std::size_t bytes);
  void on_event(const error_code& error);
  void finish_read(IoResult result) noexcept;
  bool send_flat();
  bool send_now();  ///< true when the write has ended, well or badly
  void start_write();
  void advance_write(std::size_t bytes) noexcept;
  void begin_event() noexcept;
  void end_operation();

  Socket socket_;
  Observer* observer_;
  std::unique_ptr<Tls> tls_;

  std::coroutine_handle<> reader_;
  std::coroutine_handle<> writer_;
  std::coroutine_handle<> event_waiter_;
  std::coroutine_handle<> quiet_waiter_;
  IoResult read_result_;
  std::span<iovec> to_write_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint8_t pending_ = 0;
  bool read_armed_ = false;
  bool read_completed_ = false;
  bool write_finished_ = true;
  bool event_finished_ = true;
  IoStatus write_status_ = IoStatus::Ok;
  IoStatus event_status_ = IoStatus::Ok;
  OpMemory read_memory_;
  OpMemory write_memory_;  // dials and handshakes use it too: nothing is written meanwhile
};

}  // namespace sluice::http
