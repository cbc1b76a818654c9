// A request's body goes to another endpoint byte by byte as the client sent it, however much of it was there already.
#include <random>

#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// Bytes that differ from place to place and from seed to seed.
std::string noise(std::size_t size, unsigned seed) {
  std::minstd_rand dice(seed + 1);
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(dice() >> 8);
  return out;
}

/// How the first endpoint fails.
enum class FailsAt { AtTheHead, Within, AtTheEnd, RefusesEarly, RefusesAtTheEnd };

std::string name_of(FailsAt how) {
  const std::vector<std::string> names = {"DiesAtTheHead", "DiesWithinTheBody", "DiesAtTheEnd", "RefusesEarly",
                                          "RefusesAtTheEnd"};
  return names.at(static_cast<std::size_t>(how));
}

/// Every odd request fails as told, every even one is echoed; the two may meet on any connection.
FakeUpstream::Script fails_then_echoes(FailsAt how) {
  auto seen = std::make_shared<std::atomic<std::size_t>>(0);
  return [=](Conversation& gateway) {
    for (;;) {
      const auto head = gateway.read_head();
      const bool in_chunks = head.has("transfer-encoding");
      const std::size_t size = in_chunks ? 0 : std::stoul(head.field("content-length"));
      const auto body = [&] { return in_chunks ? gateway.read_until("\r\n0\r\n\r\n") : gateway.read_exactly(size); };
      if (seen->fetch_add(1) % 2 == 1) {
        gateway.answer(200, body());
        continue;
      }
      switch (how) {
        case FailsAt::AtTheHead:
          return gateway.reset();
        case FailsAt::Within:
          gateway.read_exactly(in_chunks ? 5 : size / 2);
          return gateway.reset();
        case FailsAt::AtTheEnd:
          body();
          return gateway.reset();
        case FailsAt::RefusesEarly:
          gateway.answer(503, "busy", {{"Connection", "close"}});
          gateway.sees_close();
          return;
        case FailsAt::RefusesAtTheEnd:
          body();
          gateway.answer(503, "busy");
      }
    }
  };
}

const std::vector<std::size_t> kReplaySizes = {1,     100,   2047,   2048,   2049,          4096,   65535,
                                               65536, 65537, 131072, 300001, (1 << 20) - 1, 1 << 20};

class Replay : public testing::TestWithParam<FailsAt> {};

TEST_P(Replay, ABodyOfKnownLengthArrivesWhole) {
  FakeUpstream upstream(fails_then_echoes(GetParam()));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {backoff: {base: 1ms, max: 1ms}}"));
  RawClient client(sluice.port());
  for (const std::size_t size : kReplaySizes) {
    const std::string body = noise(size, static_cast<unsigned>(size));
    const auto response = client.post("/", body);
    ASSERT_EQ(response.status(), 200) << size << " " << response.body.substr(0, 200);
    EXPECT_TRUE(response.body == body) << size;
    EXPECT_FALSE(response.has("connection")) << size << ": the client's connection need not end";
  }
  const auto count = static_cast<double>(kReplaySizes.size());
  EXPECT_EQ(sluice.metric_becomes(count, "sluice_retried_requests_total"), count);
  EXPECT_EQ(sluice.metric_becomes(count, "sluice_requests_total", {{"code", "200"}}), count);
  EXPECT_EQ(sluice.metrics().value("sluice_request_failures_total"), 0);
  expect_quiet(sluice);
}

TEST_P(Replay, AChunkedBodyArrivesWithItsFraming) {
  FakeUpstream upstream(fails_then_echoes(GetParam()));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {backoff: {base: 1ms, max: 1ms}}"));
  RawClient client(sluice.port());
  for (const std::size_t size : {std::size_t{1}, std::size_t{2000}, std::size_t{65536}, std::size_t{700001}}) {
    const std::string wire = chunked(std::string(size, 'c') + std::to_string(size), size / 7 + 1);
    const auto response = client.exchange(request_text("POST", "/", wire, {{"Transfer-Encoding", "chunked"}}));
    ASSERT_EQ(response.status(), 200) << size;
    EXPECT_TRUE(response.body == wire) << size << ": " << response.body.size() << " instead of " << wire.size();
  }
}

TEST_P(Replay, WhateverPiecesTheClientSendsItIn) {
  FakeUpstream upstream(fails_then_echoes(GetParam()));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {backoff: {base: 1ms, max: 1ms}}"));
  std::minstd_rand dice(99);
  RawClient client(sluice.port());
  for (unsigned round = 0; round < 40; ++round) {
    const std::string body = noise(1 + dice() % 200000, round);
    const std::string request = request_text("POST", "/", body);
    std::vector<std::size_t> cuts;
    for (std::size_t at = dice() % 400; at < request.size(); at += 1 + dice() % 60000) cuts.push_back(at);
    ASSERT_TRUE(client.send_cut_at(request, cuts));
    const auto response = client.read_response();
    ASSERT_EQ(response.status(), 200) << round;
    EXPECT_TRUE(response.body == body) << round;
  }
}

INSTANTIATE_TEST_SUITE_P(WhenAnEndpoint, Replay,
                         testing::Values(FailsAt::AtTheHead, FailsAt::Within, FailsAt::AtTheEnd, FailsAt::RefusesEarly,
                                         FailsAt::RefusesAtTheEnd),
                         [](const auto& test) { return name_of(test.param); });

/// The first request only brings `before` bytes of its body before the endpoint dies; the rest is sent when the second
/// attempt has reached an endpoint, so that it gets one part from memory and the other as it comes.
void expect_continued(std::size_t before, std::size_t size) {
  Gate died;
  FakeUpstream upstream([&](Conversation& gateway) {
    if (gateway.number() == 0) {
      gateway.read_head();
      gateway.read_exactly(before);
      return gateway.reset();
    }
    gateway.read_head();
    std::string body = gateway.read_exactly(before);
    died.open();
    body += gateway.read_exactly(size - before);
    gateway.answer(200, body);
    gateway.answer(200, gateway.read_request().body);
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  const std::string body = noise(size, 5);
  const std::string request = request_text("POST", "/", body);
  const std::size_t first = request.size() - size + before;
  client.send(std::string_view(request).substr(0, first));
  ASSERT_TRUE(died.wait());
  client.send(std::string_view(request).substr(first));
  const auto response = client.read_response();
  EXPECT_EQ(response.status(), 200);
  EXPECT_TRUE(response.body == body);
}

TEST(ReplayMeanwhile, TheRestComesWhileTheNextEndpointHasTheBeginning) {
  for (const std::size_t before : {1, 1000, 65536, 100000}) {
    SCOPED_TRACE(before);
    expect_continued(before, 200000);
  }
}

TEST(ReplayMeanwhile, ABodyThatIsTooLargeToKeepMayStillBeTriedAgainBeforeItsLimit) {
  std::string wire;
  FakeUpstream upstream([&](Conversation& gateway) {
    if (gateway.number() == 0) {
      gateway.read_head();
      return gateway.reset();
    }
    gateway.read_head();
    wire = gateway.read_until("\r\n0\r\n\r\n");
    gateway.answer(200, "whole");
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {bodyBytes: 64KiB}"));
  RawClient client(sluice.port());
  const std::string sent = chunked(std::string(3 << 20, 'b'), 50000);
  client.send(request_text("POST", "/", sent.substr(0, 20000), {{"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_total"), 1);
  client.send(std::string_view(sent).substr(20000));
  EXPECT_EQ(client.read_response().body, "whole");
  EXPECT_TRUE(wire == sent) << wire.size();
}

TEST(ReplayMeanwhile, WhatComesDuringThePauseIsKept) {
  const std::string body = noise(500000, 3);
  FakeUpstream upstream([&](Conversation& gateway) {
    if (gateway.number() == 0) {
      gateway.read_head();
      return gateway.reset();
    }
    gateway.answer(200, gateway.read_request().body);
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {backoff: {base: 300ms, max: 300ms}}"));
  RawClient client(sluice.port());
  const std::string request = request_text("POST", "/", body);
  client.send(std::string_view(request).substr(0, 3000));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_total"), 1);
  client.send(std::string_view(request).substr(3000));
  EXPECT_TRUE(client.read_response().body == body);
}

// --- what is not kept ---

TEST(ReplayLimit, ABodyOverTheLimitIsNotSentTwice) {
  for (const bool in_chunks : {false, true}) {
    FakeUpstream upstream(fails_then_echoes(FailsAt::AtTheEnd));
    SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {bodyBytes: 100KiB}"));
    RawClient client(sluice.port());
    const std::string body(104 * 1024, 'x');  // what comes with the head is kept in any case
    const auto response =
        in_chunks ? client.exchange(request_text("POST", "/", chunked(body, 9999), {{"Transfer-Encoding", "chunked"}}))
                  : client.post("/", body);
    expect_error(response, 502, "reset");
    EXPECT_EQ(upstream.request_count(), 1u);
    expect_retries(sluice, 0, 0);
    EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "reset"}}), 1);
  }
}

TEST(ReplayLimit, WhatCameWithTheHeadCanAlwaysBeSentAgain) {
  FakeUpstream upstream(in_turn({resetting(), echoing()}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {bodyBytes: 0B}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "short").body, "short");
}

TEST(ReplayLimit, ALargeBodyCountsOnceAndIsBoundedInMemory) {
  FakeUpstream upstream(fails_then_echoes(FailsAt::RefusesAtTheEnd));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {bodyBytes: 1MiB}"));
  RawClient client(sluice.port());
  const std::string body = noise(1 << 20, 4);
  client.post("/", body);
  const auto before = sluice.process().resident();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.post("/", body).body == body) << i;
  EXPECT_LT(sluice.process().resident(), before + (kSanitized ? 400 : 4) * (1u << 20)) << "kept bodies pile up";
}

// --- beside other things ---

TEST(ReplayBeside, AShadowGetsExactlyOneCopy) {
  for (const std::size_t size : {10, 300000}) {
    FakeUpstream live(fails_then_echoes(FailsAt::AtTheEnd));
    FakeUpstream shadow("shadow");
    SluiceProcess sluice(shadow_policy(live, shadow, {}, "ejection: {enabled: false}", "workers: 1"));
    RawClient client(sluice.port());
    for (int i = 1; i <= 3; ++i) {
      const std::string body = noise(size, static_cast<unsigned>(i));
      EXPECT_TRUE(client.post("/", body).body == body);
      EXPECT_TRUE(shadow.request(static_cast<std::size_t>(i) - 1).body == body);
    }
    EXPECT_EQ(sluice.metric_becomes(3, "sluice_shadow_requests_total"), 3);
    EXPECT_EQ(sluice.metrics().value("sluice_shadow_dropped_total"), 0);
    EXPECT_EQ(shadow.request_count(), 3u);
    EXPECT_EQ(live.request_count(), 6u);
  }
}

TEST(ReplayBeside, AShadowOfARequestThatFailsForGoodStillGetsItsCopy) {
  FakeUpstream live(in_turn({answering(503)}));
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(shadow_policy(live, shadow, {}, "ejection: {enabled: false}", "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "body").status(), 503);
  EXPECT_EQ(shadow.request(0).body, "body");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_shadow_requests_total"), 1);
  EXPECT_EQ(shadow.request_count(), 1u);
}

TEST(ReplayBeside, APipelinedRequestBehindTheBodyIsNotLost) {
  for (const bool in_chunks : {false, true}) {
    // The second request arrives when the first attempt has the whole body and has not failed yet.
    Gate pipelined;
    FakeUpstream upstream([&](Conversation& gateway) {
      if (gateway.number() == 0) {
        gateway.read_request();
        gateway.wait_for(pipelined);
        return gateway.reset();
      }
      for (;;) gateway.answer(200, gateway.read_request().body);
    });
    SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
    RawClient client(sluice.port());
    const std::string body = noise(9000, 6);
    const std::string bytes = in_chunks ? chunked(std::string(9000, 'p'), 1000) : body;
    const std::string first = in_chunks ? request_text("POST", "/first", bytes, {{"Transfer-Encoding", "chunked"}})
                                        : request_text("POST", "/first", bytes);
    client.send(std::string_view(first).substr(0, 3000));
    client.send(std::string_view(first).substr(3000));
    upstream.request(0);
    client.send(request_text("POST", "/second", "the next one"));
    // Nothing tells when the gateway has read it; a request on another connection is answered behind it by the one
    // worker.
    RawClient(sluice.port()).get("/nowhere");
    pipelined.open();
    EXPECT_EQ(client.read_response().body.size(), 9000u);
    EXPECT_EQ(client.read_response().body, "the next one");
  }
}

TEST(ReplayBeside, AnExpectedContinueIsSaidOnce) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_head();
    if (gateway.number() == 0) return gateway.reset();
    gateway.send("HTTP/1.1 100 Continue\r\n\r\n");
    gateway.answer(200, gateway.read_exactly(5000));
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  const std::string body = noise(5000, 2);
  std::string request = request_text("POST", "/", body, {{"Expect", "100-continue"}});
  client.send(std::string_view(request).substr(0, request.size() - body.size()));
  EXPECT_EQ(client.read_head().status(), 100);
  client.send(body);
  const auto response = client.read_response();
  EXPECT_TRUE(response.body == body);
  EXPECT_TRUE(response.interim.empty());
}

TEST(ReplayBeside, AClientThatLeavesInTheMiddleOfItsBodyEndsAllAttempts) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_head();
    if (gateway.number() == 0) return gateway.reset();
    gateway.sees_close();
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  const std::string request = request_text("POST", "/", std::string(50000, 'x'));
  client.send(std::string_view(request).substr(0, 30000));
  upstream.request(1);
  client.reset();
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
  expect_quiet(sluice);
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
}

TEST(ReplayBeside, AReusedConnectionThatDiedWhileABodyStreamedIsReplaced) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "fine");
    gateway.read_head();
    if (gateway.number() == 0) return;
    gateway.answer(200, gateway.read_exactly(100000));
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").status(), 200);
  const std::string body = noise(100000, 1);
  // Its successor's first request is this one: the script answers that with "fine" after reading it whole.
  EXPECT_EQ(client.post("/", body).body, "fine");
  EXPECT_TRUE(upstream.request(2).body == body);
  EXPECT_TRUE(client.post("/", body).body == body);
  expect_retries(sluice, 1, 1);
}

}  // namespace
}  // namespace sluice::test
