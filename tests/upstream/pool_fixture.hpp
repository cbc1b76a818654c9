#pragma once

#include <gtest/gtest.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <memory>
#include <vector>

#include "sluice/upstream/endpoint_pool.hpp"
#include "support/run_until.hpp"

namespace sluice::upstream {

/// An endpoint on the test's own loop: accepts whatever dials and keeps it.
class Peer {
 public:
  explicit Peer(boost::asio::io_context& io)
      : acceptor_(io, http::Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    accept();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::size_t accepted() const noexcept { return sockets_.size(); }
  http::Socket& socket(std::size_t index) { return *sockets_.at(index); }

 private:
  void accept() {
    acceptor_.async_accept([this](const http::error_code& error, http::Socket socket) {
      if (error) return;
      sockets_.push_back(std::make_unique<http::Socket>(std::move(socket)));
      accept();
    });
  }
  http::Acceptor acceptor_;
  std::vector<std::unique_ptr<http::Socket>> sockets_;
};

/// Somebody who wants a connection, and how that ended.
struct Customer {
  bool served = false;
  Connection* connection = nullptr;
  AcquireError error = AcquireError::None;
  EndpointPool::Waiter* waiter = nullptr;  ///< while it stands in line
  http::Task<> life;
};

inline http::Task<> stand_in_line(EndpointPool& pool, Customer& customer) {
  EndpointPool::Waiter waiter(pool);
  customer.waiter = &waiter;
  customer.connection = co_await waiter;
  customer.waiter = nullptr;
  customer.error = waiter.error();
  customer.served = true;
}

/// Real sockets on loopback, time by hand: nothing happens early, nothing is waited for.
class PoolFixture : public testing::Test {
 protected:
  ~PoolFixture() override {
    for (auto& pool : pools_) {
      pool->close_all();
      EXPECT_TRUE(run_until([&] { return pool->is_empty(); })) << "a pool never became empty";
    }
    io.poll();
  }

  EndpointPool& make_pool(std::uint16_t port, PoolLimits limits = {.warm = 0}, const std::string& host = "127.0.0.1") {
    EndpointPool::Settings settings;
    settings.endpoint.host = host;
    settings.endpoint.port = port;
    settings.limits = limits;
    return *pools_.emplace_back(new EndpointPool(context, settings, *counters));
  }
  std::unique_ptr<Customer> queue(EndpointPool& pool) {
    auto customer = std::make_unique<Customer>();
    customer->life = stand_in_line(pool, *customer);
    customer->life.start();
    return customer;
  }
  void give_back(Connection& connection, bool reusable) {
    connection.pool().release(connection, reusable, clock.now());
  }
  /// A connection in use.
  Connection* dial(EndpointPool& pool) {
    const auto customer = queue(pool);
    EXPECT_TRUE(run_until([&] { return customer->served; }));
    EXPECT_NE(customer->connection, nullptr);
    return customer->connection;
  }

  /// Runs the loop, one event at a time, until the fact holds.
  template <typename Fact>
  bool run_until(Fact&& fact) {
    return test::run_until(io, fact);
  }
  /// Runs what is ready now.
  void settle() {
    io.restart();
    io.poll();
  }
  void advance(Duration by) {
    clock.advance(by);
    wheel.advance(clock.now());
  }
  std::int64_t idle() const { return counters->connections_idle.value(); }
  std::int64_t active() const { return counters->connections_active.value(); }

  ManualClock clock;
  boost::asio::io_context io{1};
  http::DeadlineWheel wheel{clock.now()};
  http::BufferPool buffers;
  Random random{20240611};
  NameService names{io, NameServers{}};
  WorkerContext context{io, wheel, buffers, clock, random, &names};
  std::unique_ptr<metrics::VersionCounters> counters = std::make_unique<metrics::VersionCounters>();
  Peer peer{io};

 private:
  std::vector<boost::intrusive_ptr<EndpointPool>> pools_;
};

}  // namespace sluice::upstream
