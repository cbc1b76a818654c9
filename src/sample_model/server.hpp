#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <set>

#include "sample_model/model_service.hpp"

namespace sluice::sample_model {

class Connection;

/// Serves a ModelService over HTTP/1.1 on the thread that runs `io`.
class Server {
 public:
  /// Listens at once; throws boost::system::system_error when it cannot. Port 0 picks a free one.
  Server(boost::asio::io_context& io, ModelService& service, const boost::asio::ip::tcp::endpoint& endpoint);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  /// Takes no more connections, closes the idle ones and lets the rest finish their answer.
  void stop();

  /// True once `stop()` was called and the last connection has left.
  bool stopped() const noexcept { return stopping_ && connections_.empty(); }

 private:
  friend class Connection;
  void accept();

  boost::asio::io_context& io_;
  ModelService& service_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::set<std::shared_ptr<Connection>> connections_;
  bool stopping_ = false;
};

}  // namespace sluice::sample_model
