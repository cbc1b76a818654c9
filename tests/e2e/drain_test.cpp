#include "e2e/operator.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

TEST(Drain, WithNothingInFlightEndsAtOnceWithZero) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 0s, timeout: 60s}"));
  RawClient idle(sluice.port());
  EXPECT_EQ(idle.get("/").status(), 200);
  sluice.signal(SIGTERM);
  const auto exit = sluice.wait();
  EXPECT_EQ(exit.code, 0);
  EXPECT_EQ(exit.signal, 0);
  EXPECT_EQ(idle.read_to_end(), "");
}

TEST(Drain, BeginsWithReadinessWhileRequestsAreStillServed) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 60s, timeout: 5s}"));
  RawClient old(sluice.port());
  EXPECT_EQ(old.get("/").status(), 200);
  EXPECT_EQ(readiness(sluice), 200);
  sluice.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return readiness(sluice) == 503; }));
  RawClient fresh(sluice.port());
  EXPECT_EQ(fresh.get("/").status(), 200) << "traffic still comes until everybody saw the readiness";
  EXPECT_EQ(old.get("/").status(), 200);
  sluice.signal(SIGKILL);
}

TEST(Drain, LetsRequestsInFlightFinishAndSaysClose) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.wait_for(gate);
    gateway.answer(200, "fine");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 0s, timeout: 10s}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  upstream.request(0);
  sluice.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return !accepts(sluice.port()); })) << "new connections are still accepted";
  EXPECT_TRUE(sluice.process().is_running());
  gate.open();
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "fine");
  EXPECT_TRUE(same_ignoring_case(response.field("connection"), "close")) << response.raw_head;
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(sluice.wait().code, 0);
}

TEST(Drain, CutsWhatDoesNotFinishInTime) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(
      policy_for(upstream, "timeouts: {request: 50s, backendRequest: 40s}", "drain: {delay: 0s, timeout: 300ms}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  upstream.request(0);
  const auto begun = std::chrono::steady_clock::now();
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kSanitized ? 20s : 5s);
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Drain, ASecondSignalEndsAtOnceAndDoesNotLookLikeSuccess) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(
      policy_for(upstream, "timeouts: {request: 50s, backendRequest: 40s}", "drain: {delay: 30s, timeout: 30s}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  upstream.request(0);
  sluice.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return readiness(sluice) == 503; }));
  sluice.signal(SIGTERM);
  const auto exit = sluice.wait(kSanitized ? 20s : 5s);
  EXPECT_NE(exit.code, 0);
}

TEST(Drain, InterruptDrainsToo) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  sluice.signal(SIGINT);
  EXPECT_EQ(sluice.wait().code, 0);
}

TEST(Drain, UnderLoadLosesNoRequest) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 1s, timeout: 5s}"));
  std::atomic<int> lost{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      try {
        RawClient client(sluice.port());
        while (true) {
          const auto response = client.get("/");
          if (response.status() != 200 || !response.complete) ++lost;
          ++answered;
          if (same_ignoring_case(response.field("connection"), "close")) return;
        }
      } catch (const std::exception&) {
        ++lost;
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return answered > 100; }));
  sluice.signal(SIGTERM);
  for (auto& client : clients) client.join();
  EXPECT_EQ(lost, 0) << "a keep-alive client was not told before the end";
  EXPECT_EQ(sluice.wait().code, 0);
}

}  // namespace
}  // namespace sluice::test
