#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sluice/gateway/deadlines.hpp"
#include "sluice/gateway/receive_buffer.hpp"
#include "sluice/http/deadline_wheel.hpp"
#include "sluice/http/head.hpp"
#include "sluice/http/stream.hpp"
#include "sluice/http/task.hpp"
#include "sluice/http/tls_context.hpp"

namespace sluice::gateway {

class Exchange;
class Worker;

/// One client connection: handshake, heads one after the other, an orderly end. What happens to each request is
/// Exchange's.
///
/// Owned by its worker, from adoption until its coroutine has ended and nothing is pending. One thread.
class Session final : private http::Stream::Observer, private http::DeadlineWheel::Hook {
 public:
  /// `tls` null: plain. `peer` is the client's address as seen by the listener.
  Session(Worker& worker, http::Socket socket, http::TlsContext tls, const http::Tcp::endpoint& peer);
  ~Session();

  void start();
  /// No further request: closes now when idle, else after the answer under way.
  void drain();
  /// Closes at once, whatever is under way.
  void abort();

  // --- for the exchange under way ---
  Worker& worker() noexcept { return worker_; }
  http::Stream& client() noexcept { return client_; }
  ReceiveBuffer& received() noexcept { return received_; }
  std::string_view client_address() const noexcept { return {address_.data(), address_size_}; }
  bool draining() const noexcept { return drain_; }
  void set_deadline(DeadlineKind kind, TimePoint at) noexcept;
  void clear_deadline(DeadlineKind kind) noexcept { deadlines_.clear(kind); }
  /// Arms the read that notices the client's end, or receives its next request, while this one is answered.
  void watch_client();
  /// Bytes of the next request that came with the last piece of this one's body.
  void keep_for_later(std::string_view bytes);
  /// Adds what passed since the last call to the worker's counters.
  void count_bytes() noexcept;

 private:
  friend class Worker;

  enum class HeadStatus : std::uint8_t { Ready, Refused, Closed };

  http::Task<> run();
  http::Task<bool> shake_hands();
  http::Task<HeadStatus> read_head(Exchange*& exchange);
  http::Task<> refuse_head(Exchange& exchange);
  http::Task<> linger();
  bool take_read(http::IoResult result) noexcept;
  void on_unawaited_read() override;
  void on_deadline(TimePoint now) override;

  Worker& worker_;
  http::Stream client_;
  http::TlsContext tls_;
  Exchange* exchange_ = nullptr;
  http::RequestHeadParser parser_;
  Deadlines deadlines_;
  ReceiveBuffer received_;
  http::Task<> life_;
  Session* next_ = nullptr;  // the worker's list
  Session* previous_ = nullptr;
  bool drain_ = false;
  bool head_timed_out_ = false;
  bool next_armed_ = false;  // the pending read fills the next span
  bool client_ended_ = false;
  std::uint64_t counted_read_ = 0;
  std::uint64_t counted_written_ = 0;
  std::uint8_t address_size_ = 0;
  std::array<char, 46> address_;
};

}  // namespace sluice::gateway
