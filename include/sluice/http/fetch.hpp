#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

/// Requests of our own to the world outside: webhooks, model repositories, Prometheus. Never on the data plane.
namespace sluice::http {

/// An `http://` or `https://` URL in the pieces that a request needs.
struct Url {
  bool tls = false;
  std::string host;  ///< a name or an address, IPv6 without its brackets
  std::uint16_t port = 80;
  std::string authority;  ///< as the Host field says it
  std::string target;     ///< path and query, at least "/"; a fragment is left out
};

/// Fails with one sentence. User names and passwords are refused.
Result<Url> parse_url(std::string_view text);

struct FetchRequest {
  std::string method = "GET";
  std::string url{};
  std::string body{};                             ///< sent with its length, and with its type unless it is empty
  std::string content_type = "application/json";  ///< of the body
  Duration timeout = std::chrono::seconds(10);    ///< from its turn until the last byte of the answer
};

struct FetchAnswer {
  unsigned status = 0;  ///< 0: no answer came
  std::string body;
  std::string problem;  ///< one sentence on why there is no whole answer; empty: there is one, whatever its status
};

/// A small HTTP/1.1 client with a thread of its own: one connection per request, no redirects, plain or TLS.
///
/// Nothing that the other side does holds anybody up but the request itself: connecting, looking up names, TLS and the
/// answer share one timeout, and one slow server gets only a part of the places.
class Fetcher {
 public:
  /// Says which addresses a name has, whenever it likes and on any thread. Never called for addresses and `localhost`.
  using Addresses = std::vector<std::string>;
  using Resolve = std::function<void(const std::string& host, std::function<void(Result<Addresses>)> done)>;
  struct Options {
    std::size_t at_once = 16;                ///< requests under way
    std::size_t at_once_per_server = 4;      ///< of these to one host and port
    std::size_t waiting = 1024;              ///< requests whose turn has not come; further ones fail at once
    std::size_t answer_bytes = 1024 * 1024;  ///< of an answer's body
    std::string ca_file{};                   ///< who signs servers; empty: the system's authorities
    Resolve resolve{};                       ///< empty: names cannot be looked up
  };
  using Callback = std::function<void(FetchAnswer)>;

  Fetcher();
  explicit Fetcher(Options options);
  /// Stops.
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  /// Calls back once on the fetcher's thread, never before it returns. Any thread. The number is never 0.
  std::uint64_t start(FetchRequest request, Callback callback);

  /// Ends a request without a call back, unless that has begun. One that is over: nothing. Any thread.
  void cancel(std::uint64_t id);

  /// Ends everything at once, without calling back. Any thread but the fetcher's; harmless when repeated.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::http
