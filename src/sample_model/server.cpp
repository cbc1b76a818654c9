#include "sample_model/server.hpp"

#include "sample_model/connection.hpp"

namespace sluice::sample_model {

namespace asio = boost::asio;
using asio::ip::tcp;

Server::Server(asio::io_context& io, ModelService& service, const tcp::endpoint& endpoint)
    : io_(io), service_(service), acceptor_(io, endpoint), pause_(io) {
  accept();
}

Server::~Server() = default;

std::uint16_t Server::port() const {
  return acceptor_.local_endpoint().port();
}

void Server::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (stopping_) return;
    if (error) {
      // Out of descriptors, most likely: a pause instead of a busy loop.
      pause_.expires_after(std::chrono::milliseconds(50));
      pause_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled && !stopping_) accept();
      });
      return;
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    connections_.insert(connection);
    connection->start();
    accept();
  });
}

void Server::stop() {
  stopping_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  // A connection that leaves takes itself out of the set.
  const auto connections = connections_;
  for (const auto& connection : connections) connection->stop();
}

}  // namespace sluice::sample_model
