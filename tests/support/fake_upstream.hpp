#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/connection.hpp"
#include "support/gate.hpp"
#include "support/http_message.hpp"
#include "support/raw_client.hpp"

namespace sluice::test {

class FakeUpstream;

/// The gateway left in the middle of a conversation. Ends the script of that connection, fails no test by itself.
struct PeerLeft : std::runtime_error {
  PeerLeft() : std::runtime_error("the gateway closed the connection") {}
};

/// One connection that the gateway opened, in the hands of a test's script. Used by the script's thread only.
class Conversation {
 public:
  /// 0 for the first connection to this upstream, 1 for the second...
  std::size_t number() const noexcept { return number_; }

  /// A whole request; it also stands in FakeUpstream::requests() from here on. Throws PeerLeft at the end.
  HttpMessage read_request();
  /// Only the head, recorded without its body.
  HttpMessage read_head();
  /// Reads the body of `head` and throws it away; how many bytes there were.
  std::uint64_t discard_body(HttpMessage head);
  std::string read_exactly(std::size_t count);
  std::string read_until(std::string_view mark);

  void send(std::string_view bytes);
  /// A whole response with a Content-Length.
  void answer(int status, std::string_view body, const Fields& fields = {});
  /// Sends `count` filler bytes without making them all at once.
  void send_filler(std::uint64_t count);

  /// Waits for the test to open the gate; gives up when the upstream is torn down.
  void wait_for(const Gate& gate);
  /// Until the gateway closes or resets; true in time, false when it stays.
  bool sees_close(std::chrono::milliseconds patience = kPatience);

  void close() { connection_.close(); }
  void reset() { connection_.reset(); }
  void half_close() { connection_.half_close(); }

 private:
  friend class FakeUpstream;
  Conversation(FakeUpstream& upstream, int socket, std::size_t number);

  FakeUpstream& upstream_;
  std::size_t number_;
  Connection connection_;
  MessageReader reader_{connection_};
};

/// A model server on loopback that does exactly what a test's script says, however rude, and records what it received.
///
/// The script runs once per connection, on a thread of its own; when it returns the connection is closed.
class FakeUpstream {
 public:
  using Script = std::function<void(Conversation&)>;

  /// Answers every request with 200 and `name` as the body, on connections that stay open.
  explicit FakeUpstream(std::string name = "model");
  explicit FakeUpstream(Script script, std::optional<TlsIdentity> tls = std::nullopt);
  /// On another address of 127.0.0.0/8, and a given port unless that is 0.
  FakeUpstream(Script script, const std::string& address, std::uint16_t port);
  ~FakeUpstream();
  FakeUpstream(const FakeUpstream&) = delete;
  FakeUpstream& operator=(const FakeUpstream&) = delete;

  std::uint16_t port() const noexcept { return listener_.port(); }
  std::string url() const;

  /// Everything that came in so far, in order of arrival; at most the first 10 000.
  std::vector<HttpMessage> requests() const;
  std::size_t request_count() const;
  /// The n-th request; waits for it, throws TimedOut.
  HttpMessage request(std::size_t index) const;
  std::size_t connections() const;       ///< opened so far
  std::size_t open_connections() const;  ///< whose script still runs
  /// What scripts threw, except PeerLeft; empty in a healthy test.
  std::vector<std::string> script_errors() const;

  /// Refuses new connections and cuts the open ones, like a killed server.
  void stop();

 private:
  friend class Conversation;
  struct Visit {
    std::unique_ptr<Conversation> conversation;
    std::thread thread;
    bool over = false;
  };

  void accept_all();
  void run(Visit& visit);
  void join_those_that_left();
  void record(const HttpMessage& request);

  Script script_;
  std::optional<TlsIdentity> tls_;
  Listener listener_;
  Gate stopping_;
  mutable std::mutex mutex_;
  std::vector<HttpMessage> requests_;
  std::size_t request_count_ = 0;
  std::vector<std::string> script_errors_;
  std::list<Visit> visits_;
  std::size_t connections_ = 0;
  std::size_t running_ = 0;
  std::thread acceptor_;
};

/// Sends back the body it got, in chunks when the request came in chunks.
FakeUpstream::Script echo();

/// Answers every request on every connection with these bytes.
FakeUpstream::Script always(std::string response);

/// Answers with `status` and `body`.
FakeUpstream::Script answers(int status, std::string body, Fields fields = {});

/// Reads whole requests and never says a word.
FakeUpstream::Script never_answers();

}  // namespace sluice::test
