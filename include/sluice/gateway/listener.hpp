#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/http/net.hpp"
#include "sluice/http/tls_context.hpp"

namespace sluice::gateway {

class Worker;

/// Accepts client connections on one address and gives each to the worker that has the fewest.
///
/// Lives on the first worker's loop; `bind` and `local` belong to the control thread before it starts.
class ClientListener {
 public:
  /// `workers` outlive the listener; the first one's loop accepts.
  explicit ClientListener(const std::vector<std::unique_ptr<Worker>>& workers);

  /// Fails with "cannot listen on ADDRESS: REASON".
  Result<void> bind(const Listener& listener);
  http::Tcp::endpoint local() const;

  // --- any thread ---
  void start();
  void set_tls(http::TlsContext tls);
  void set_limit(std::uint32_t connections);
  void close();

 private:
  void accept();
  void on_accept(const http::error_code& error);
  void refuse();
  void pause();

  const std::vector<std::unique_ptr<Worker>>& workers_;
  http::Acceptor acceptor_;
  http::Socket accepted_;
  http::Tcp::endpoint peer_;
  http::Timer retry_;
  http::TlsContext tls_;
  std::uint32_t limit_ = 0;
  std::size_t next_ = 0;
};

}  // namespace sluice::gateway
