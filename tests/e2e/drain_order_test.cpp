// Drains that an operator or a preStop hook orders, beside and before signals.
#include "e2e/operator.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// Sends one chunk of a stream, and the end once the gate is open.
FakeUpstream::Script stream_until(const Gate& gate) {
  return [&gate](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    gateway.wait_for(gate);
    gateway.send("1\r\ny\r\n0\r\n\r\n");
  };
}

TEST(DrainOrder, TheProcessDrainsInOrderAndStaysUntilASignal) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 3s, timeout: 60s}"));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").status(), 200);
  const auto ordered = std::chrono::steady_clock::now();
  EXPECT_EQ(admin.drain().status(), 200);
  ASSERT_TRUE(eventually([&] { return readiness(sluice) == 503; }));
  if (std::chrono::steady_clock::now() - ordered < 2s) {
    EXPECT_EQ(admin.phase(), "announced");
    RawClient fresh(sluice.port());
    EXPECT_EQ(fresh.get("/").status(), 200) << "still accepted";
  }
  ASSERT_TRUE(admin.phase_becomes("drained"));
  EXPECT_GE(std::chrono::steady_clock::now() - ordered, 3s);
  EXPECT_TRUE(eventually([&] { return !accepts(sluice.port()); }));
  EXPECT_EQ(readiness(sluice), 503);
  EXPECT_TRUE(sluice.metrics().has("sluice_requests_total"));
  EXPECT_TRUE(sluice.process().is_running());

  const auto signalled = std::chrono::steady_clock::now();
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - signalled, kSanitized ? 20s : 2s) << "no second delay";
}

TEST(DrainOrder, AnOpenStreamFinishesAndTheClientIsTold) {
  Gate gate;
  FakeUpstream upstream(stream_until(gate));
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 0s, timeout: 60s}"));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  client.read_until("x\r\n");
  EXPECT_EQ(admin.drain().status(), 200);
  ASSERT_TRUE(admin.phase_becomes("closing"));
  EXPECT_TRUE(eventually([&] { return !accepts(sluice.port()); }));
  EXPECT_TRUE(eventually([&] { return admin.json("/api/v1/drain")["openConnections"] == 1; }));
  EXPECT_EQ(admin.json("/api/v1/drain")["requestsInFlight"], 1);
  gate.open();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "1\r\ny\r\n0\r\n\r\n");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(admin.phase_becomes("drained"));
}

TEST(DrainOrder, AStreamThatOutlivesTheTimeoutIsCutOffAndTheProcessStays) {
  const Gate never;
  FakeUpstream upstream(stream_until(never));
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 0s, timeout: 300ms}"));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  client.read_until("x\r\n");
  admin.drain();
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(admin.phase_becomes("drained"));
  EXPECT_TRUE(eventually([&] { return admin.json("/api/v1/drain")["openConnections"] == 0; }));
  EXPECT_EQ(admin.json("/api/v1/routes")["routes"].size(), 1U) << "still shown";
  EXPECT_EQ(readiness(sluice), 503);
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
}

TEST(DrainOrder, ASignalJoinsIt) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 1s, timeout: 60s}"));
  EXPECT_EQ(Operator(sluice).drain().status(), 200);
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_EQ(sluice.logs().find("second signal"), std::string::npos) << sluice.logs();
}

TEST(DrainOrder, ASecondSignalEndsAtOnceAllTheSame) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 60s, timeout: 60s}"));
  const Operator admin(sluice);
  admin.drain();
  sluice.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return admin.json("/api/v1/drain")["signalled"] == true; }));
  sluice.signal(SIGINT);
  EXPECT_EQ(sluice.wait().code, 128 + SIGINT);
}

TEST(DrainOrder, JoiningASignalledDrainIsHarmless) {
  Gate gate;
  FakeUpstream upstream(stream_until(gate));
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 1s, timeout: 60s}"));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  client.read_until("x\r\n");  // holds the end up
  sluice.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return admin.json("/api/v1/drain")["signalled"] == true; }));
  EXPECT_EQ(admin.drain().status(), 200);
  EXPECT_EQ(admin.drain().status(), 200);
  const auto undo = admin.drain({{"undo", true}});
  EXPECT_EQ(undo.status(), 409);
  EXPECT_EQ(error_of(undo), "a signal has come: the process ends");
  gate.open();
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(sluice.wait().code, 0);
}

TEST(DrainOrder, IsCalledOffWhileTheListenersAreOpen) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 60s, timeout: 60s}"));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  EXPECT_EQ(admin.drain().status(), 200);
  ASSERT_TRUE(eventually([&] { return readiness(sluice) == 503; }));
  EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_EQ(admin.verb({"drain", "--undo"}).exit.code, 0);
  ASSERT_TRUE(eventually([&] { return readiness(sluice) == 200; }));
  const auto response = client.get("/");
  EXPECT_EQ(response.status(), 200);
  EXPECT_FALSE(same_ignoring_case(response.field("connection"), "close"));
  EXPECT_EQ(admin.drain({{"undo", true}}).status(), 200) << "nothing to call off is no error";
  sluice.signal(SIGKILL);
}

TEST(DrainOrder, APolicyThatChangesMeanwhileIsRefusedAndTakenWhenItIsCalledOff) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first, {}, "drain: {delay: 60s, timeout: 60s}"));
  const Operator admin(sluice);
  admin.drain();
  sluice.write_policy(policy_for(second, {}, "drain: {delay: 60s, timeout: 60s}"));
  const auto refused = admin.post("/api/v1/reload");
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(error_of(refused), "the gateway drains; no policy is taken any more");
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "one");
  admin.drain({{"undo", true}});
  EXPECT_TRUE(eventually([&] { return client.get("/").body == "two"; }));
  sluice.signal(SIGKILL);
}

TEST(DrainOrder, APreStopHookWaitsAndLosesNoRequest) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "drain: {delay: 1s, timeout: 30s}"));
  const Operator admin(sluice);
  std::atomic<int> lost{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      try {
        RawClient client(sluice.port());
        for (bool open = true; open; ++answered) {
          const auto response = client.get("/");
          if (response.status() != 200 || !response.complete) ++lost;
          open = !same_ignoring_case(response.field("connection"), "close");
        }
      } catch (const std::exception&) {
        ++lost;
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return answered > 100; }));
  const auto hook = admin.verb({"drain", "--wait", "--timeout", "30s"});
  EXPECT_EQ(hook.exit.code, 0) << hook.err;
  EXPECT_EQ(hook.out, "drained: the gateway\n");
  for (auto& client : clients) client.join();
  EXPECT_EQ(lost, 0);
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_EQ(admin.verb({"drain", "--wait"}).exit.code, 1) << "nobody is there";
  EXPECT_EQ(admin.verb({"drain", "--wait", "--if-running"}).exit.code, 0);
}

}  // namespace
}  // namespace sluice::test
