#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/upstream/connection.hpp"
#include "sluice/upstream/name_service.hpp"
#include "support/dns_server.hpp"
#include "support/patience.hpp"
#include "support/run_until.hpp"

namespace sluice::upstream {

/// A real name server on loopback; the loop's time is moved by hand, c-ares keeps the machine's.
class NameFixture : public testing::Test {
 protected:
  using Manner = test::DnsServer::Manner;
  using Family = test::DnsServer::Family;

  ~NameFixture() override {
    names.stop();
    EXPECT_TRUE(run_until([&] { return names.is_quiet(); })) << "the name service never became quiet";
  }

  NameServers settings() const {
    NameServers out;
    out.servers = {server.address()};
    out.timeout = std::chrono::milliseconds(test::kSanitized ? 1000 : 200);
    out.tries = 2;
    return out;
  }

  /// Where the answer to a look-up is put.
  struct Asker {
    int called = 0;
    NameAnswer answer;
  };
  std::shared_ptr<Asker> ask(const std::string& host) {
    auto asker = std::make_shared<Asker>();
    names.lookup(host, [asker](const NameAnswer& answer) {
      ++asker->called;
      asker->answer = answer;
    });
    return asker;
  }
  NameAnswer look_up(const std::string& host) {
    const auto asker = ask(host);
    EXPECT_TRUE(run_until([&] { return asker->called > 0; })) << host << " was never answered";
    return asker->answer;
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

  test::DnsServer server;
  ManualClock clock;
  boost::asio::io_context io{1};
  http::DeadlineWheel wheel{clock.now()};
  http::BufferPool buffers;
  Random random{20261122};
  NameService names{io, settings()};
  WorkerContext context{io, wheel, buffers, clock, random, &names};
};

inline std::vector<std::string> texts(const std::vector<boost::asio::ip::address>& addresses) {
  std::vector<std::string> out;
  for (const auto& address : addresses) out.push_back(address.to_string());
  return out;
}

}  // namespace sluice::upstream
