// Outcomes on their way to the door, and what may go wrong meanwhile: clients, bodies, deadlines, the gateway's end.
#include <thread>

#include "door_fixture.hpp"
#include "support/patience.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using test::RawClient;

class DoorTroubleTest : public DoorFixture {};

TEST_F(DoorTroubleTest, AnswersNobodyWhenTheClientHasLeft) {
  open(usual(), 1);
  {
    RawClient gone(port);
    gone.send(report("1"));
    ASSERT_TRUE(door.has(1));
  }
  EXPECT_TRUE(test::eventually([&] { return gateway->open_connections() == 0; }));
  door.answer({200, "{}", 0});
  counts_bytes();
  EXPECT_EQ(RawClient(port).exchange(report("22")).body, R"({"bytes":2})");
}

TEST_F(DoorTroubleTest, ForgetsAClientThatLeavesWithinItsBody) {
  open(usual(), 1);
  {
    RawClient gone(port);
    gone.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\nhalf");
  }
  EXPECT_TRUE(test::eventually([&] { return gateway->open_connections() == 0; }));
  EXPECT_EQ(door.count(), 0u);
}

TEST_F(DoorTroubleTest, DoesNotWaitForABodyForEver) {
  Config config = usual();
  config.client.body_idle = 50ms;
  open(std::move(config));
  RawClient slow(port);
  slow.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\nhalf");
  const auto answer = slow.read_response();
  EXPECT_EQ(answer.status(), 408);
  EXPECT_EQ(answer.field("x-sluice-error"), "body_idle_timeout");
}

TEST_F(DoorTroubleTest, DoesNotLetAClientWaitForEver) {
  Config config = usual();
  // It is the last request's time as well, which is to be answered.
  config.routes[0].timeouts.request = test::kSanitized ? 2000ms : 300ms;
  open(std::move(config));
  RawClient client(port);
  client.send(report("1"));
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status(), 504);
  EXPECT_EQ(answer.field("x-sluice-error"), "request_timeout");
  ASSERT_EQ(door.unanswered(), 1u);
  door.answer({200, "late", 0});
  EXPECT_EQ(client.get("/").body, "one") << "what came late is nobody's answer";
}

TEST_F(DoorTroubleTest, AnswersWhileTheGatewayDrains) {
  open(usual());
  RawClient client(port);
  client.send(report("1"));
  ASSERT_TRUE(door.has(1));
  gateway->drain();
  door.answer({200, "{}", 0});
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(test::eventually([&] { return gateway->open_connections() == 0; }));
}

TEST_F(DoorTroubleTest, MayAnswerAfterTheGatewayStopped) {
  open(usual());
  RawClient waiting(port);
  RawClient sending(port);
  waiting.send(report("1"));
  sending.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\nhalf");
  ASSERT_TRUE(door.has(1));
  gateway->stop();
  EXPECT_TRUE(waiting.is_closed_by_peer());
  door.answer({200, "stopped", 0});
  EXPECT_EQ(gateway->open_connections(), 0u);
}

TEST_F(DoorTroubleTest, MayAnswerAfterTheGatewayIsGone) {
  open(usual());
  RawClient client(port);
  for (int i = 0; i < 3; ++i) {
    RawClient(port).send(report("gone"));
    ASSERT_TRUE(door.has(static_cast<std::size_t>(i) + 1));
  }
  client.send(report("1"));
  ASSERT_TRUE(door.has(4));
  gateway.reset();
  while (door.unanswered() > 0) door.answer({200, "late", 0});
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(DoorTroubleTest, MayAnswerFromItsOwnThreadWhileTheGatewayStops) {
  for (int round = 0; round < 20; ++round) {
    open(usual());
    std::vector<std::unique_ptr<RawClient>> clients;
    const std::size_t before = door.count();
    for (int i = 0; i < 8; ++i) {
      clients.push_back(std::make_unique<RawClient>(port));
      clients.back()->send(report("x"));
    }
    ASSERT_TRUE(door.has(before + 8));
    std::thread answers([&] {
      while (door.unanswered() > 0) door.answer({200, "{}", 0});
    });
    gateway->stop();
    answers.join();
    gateway.reset();
  }
}

TEST_F(DoorTroubleTest, StaysOpenWhileTheConfigurationChanges) {
  open(usual());
  RawClient client(port);
  client.send(report("1"));
  ASSERT_TRUE(door.has(1));
  publish(config_for({{"v1", v1.port()}}));
  door.answer({200, "{}", 0});
  EXPECT_EQ(client.read_response().status(), 200);
  EXPECT_EQ(client.exchange(report("2")).status(), 404);
}

TEST_F(DoorTroubleTest, IsTheSameUnderLoadBesidePredictions) {
  constexpr int kClients = 4;
  constexpr int kTurns = 200;
  open(usual());
  std::atomic<bool> over{false};
  std::thread answers([&] {
    while (!over || door.unanswered() > 0) {
      if (door.unanswered() > 0) door.answer({200, R"({"ok":true})", 0});
    }
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      RawClient client(port);
      for (int turn = 0; turn < kTurns; ++turn) {
        client.send(report("{}") + test::request_text("GET", "/"));
        EXPECT_EQ(client.read_response().body, R"({"ok":true})");
        EXPECT_EQ(client.read_response().body, "one");
      }
    });
  }
  for (auto& client : clients) client.join();
  over = true;
  answers.join();
  EXPECT_EQ(door.count(), static_cast<std::size_t>(kClients * kTurns));
}

}  // namespace
}  // namespace sluice::gateway
