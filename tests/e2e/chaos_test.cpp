#include <random>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// An upstream that misbehaves in every way it knows, by the dice.
FakeUpstream::Script moody(unsigned seed) {
  return [seed](Conversation& gateway) {
    std::minstd_rand dice(seed + static_cast<unsigned>(gateway.number()));
    while (true) {
      if (dice() % 10 == 0) {
        gateway.read_head();
        if (dice() % 2 == 0) return gateway.reset();
        return gateway.answer(200, "early");
      }
      gateway.read_request();
      switch (dice() % 10) {
        case 0:
          return gateway.reset();
        case 1:
          return;
        case 2:
          return gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
        case 3:
          return gateway.send("nonsense\r\n\r\n");
        case 4:
          gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       chunked(std::string(dice() % 50000 + 1, 'c'), 999));
          break;
        case 5:
          gateway.send("HTTP/1.1 200 OK\r\n\r\n");
          return gateway.send_filler(dice() % 200000);
        case 6:
          gateway.sees_close(std::chrono::milliseconds(dice() % 60));
          gateway.answer(503, "slow");
          break;
        default:
          gateway.answer(200, std::string(dice() % 3000, 'a'));
      }
    }
  };
}

/// One client's life: sometimes decent, sometimes gone in the middle.
void misbehave(std::uint16_t port, std::minstd_rand& dice) {
  RawClient client(port);
  const std::string body(dice() % 3 == 0 ? dice() % 200000 : dice() % 500, 'b');
  const bool in_chunks = dice() % 3 == 0;
  const auto request =
      in_chunks ? request_text("POST", "/", chunked(body, 1 + dice() % 5000), {{"Transfer-Encoding", "chunked"}})
                : request_text("POST", "/", body);
  switch (dice() % 8) {
    case 0:
      client.send(std::string_view(request).substr(0, dice() % request.size()));
      return client.reset();
    case 1:
      client.send(std::string_view(request).substr(0, dice() % request.size()));
      return;
    case 2:
      client.send(request);
      return client.reset();
    case 3:
      client.send(request);
      client.connection().read_some(1 + dice() % 100);
      return client.reset();
    case 4:
      client.send(request + request + request);
      client.read_response();
      return;
    default:
      for (int i = 0; i < 3; ++i) {
        const auto response = client.exchange(request);
        if (!response.complete || same_ignoring_case(response.field("connection"), "close")) return;
      }
  }
}

class Chaos : public testing::TestWithParam<bool> {};

TEST_P(Chaos, LeavesNothingBehind) {
  const bool with_shadow = GetParam();
  FakeUpstream first(moody(1));
  FakeUpstream second(moody(2));
  const std::string route =
      "timeouts: {request: 2s, backendRequest: 1s, streamIdle: 1s}\npool: {maxConnections: 4, "
      "pendingTimeout: 50ms, prewarm: 1}";
  const std::string gateway = "timeouts: {header: 500ms, bodyIdle: 500ms, keepAlive: 500ms}";
  SluiceProcess sluice(with_shadow ? shadow_policy(first, second, "requestsInFlight: 4", route, gateway)
                                   : split_policy(first, second, 1, 1, route, gateway));
  const auto files = sluice.process().open_files();
  std::vector<std::thread> clients;
  for (unsigned seed = 0; seed < 6; ++seed) {
    clients.emplace_back([&, seed] {
      std::minstd_rand dice(seed + 10);
      for (int i = 0; i < 60; ++i) {
        try {
          misbehave(sluice.port(), dice);
        } catch (const std::runtime_error&) {
          // Cut off: the dice decide, and what counts is what is left afterwards.
        }
      }
    });
  }
  for (auto& client : clients) client.join();
  ASSERT_TRUE(sluice.process().is_running()) << sluice.logs();

  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_shadow_requests_in_flight"), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_connections_open"), 0);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_endpoint_connections", {{"state", "active"}}), 0);
  EXPECT_TRUE(eventually([&] { return sluice.process().open_files() <= files + 40; }));
  EXPECT_TRUE(eventually([&] {
    try {
      RawClient client(sluice.port());
      return client.get("/").status() == 200;
    } catch (const std::runtime_error&) {
      return false;
    }
  })) << "nothing works any more";
}

INSTANTIATE_TEST_SUITE_P(Routes, Chaos, testing::Bool(),
                         [](const auto& test) { return test.param ? "WithAShadow" : "WithASplit"; });

}  // namespace
}  // namespace sluice::test
