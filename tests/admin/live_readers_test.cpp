#include "sluice/admin/live_readers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "support/patience.hpp"
#include "support/raw_client.hpp"

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using OrderedJson = nlohmann::ordered_json;

/// A server whose /live tells of an object that a test changes.
class LiveReadersTest : public ::testing::Test {
 protected:
  std::uint16_t start(LiveLimits limits = {.interval = 5ms}) {
    HttpServer::Options options;
    options.name = "test";
    options.live = limits;
    options.feed = std::make_shared<LiveFeed>(
        [this] {
          ++looks_;
          const std::lock_guard lock(mutex_);
          return state_;
        },
        [] { return 7.5; });
    auto result = HttpServer::start(
        "127.0.0.1", 0,
        [this](const Request& request) {
          Page page;
          page.body = "plain";
          page.content_type = "text/event-stream";
          page.live = request.target == "/live";
          page.still_allowed = [this] { return allowed_.load(); };
          return page;
        },
        options);
    EXPECT_TRUE(result.ok());
    server_ = std::move(result).value();
    return server_->port();
  }
  void change(const char* key, const OrderedJson& value) {
    const std::lock_guard lock(mutex_);
    state_[key] = value;
  }
  /// Asks and reads the head of the answer.
  static std::string watch(RawClient& client) {
    client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    return client.read_until("\r\n\r\n");
  }

  std::mutex mutex_;
  OrderedJson state_ = {{"a", 1}};
  std::atomic<int> looks_{0};
  std::atomic<bool> allowed_{true};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(LiveReadersTest, GetTheWholeAndThenWhatChanges) {
  RawClient client(start());
  EXPECT_NE(watch(client).find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_EQ(client.read_until("\n\n"), "event: snapshot\ndata: {\"a\":1,\"now\":7.5}\n\n");
  change("b", 2);
  EXPECT_EQ(client.read_until("\n\n"), "event: delta\ndata: {\"b\":2,\"now\":7.5}\n\n");
  change("a", nullptr);
  EXPECT_EQ(client.read_until("\n\n"), "event: delta\ndata: {\"a\":null,\"now\":7.5}\n\n");
}

TEST_F(LiveReadersTest, AllOfThemAreServedByTheSameLooks) {
  const std::uint16_t port = start({.interval = 10s});  // nobody waits for it
  RawClient one(port);
  RawClient two(port);
  for (RawClient* client : {&one, &two}) {
    watch(*client);
    EXPECT_EQ(client->read_until("\n\n").find("event: snapshot\n"), 0U);
  }
  EXPECT_EQ(looks_, 1);
}

TEST_F(LiveReadersTest, NobodyLooksWhenNobodyReads) {
  const std::uint16_t port = start({.interval = 1ms});
  {
    RawClient client(port);
    watch(client);
    EXPECT_TRUE(test::eventually([&] { return looks_ > 2; }));
  }
  // The one that left is noticed, and the looks end: none comes while the same thread answers more than an interval
  // long.
  RawClient asks(port);
  EXPECT_TRUE(test::eventually([&] {
    const int before = looks_;
    for (int i = 0; i < 200; ++i) asks.get("/");
    return looks_ == before;
  }));
  RawClient again(port);
  watch(again);
  change("b", 2);
  EXPECT_EQ(again.read_until("\n\n").find("event: snapshot\n"), 0U);
  EXPECT_TRUE(test::eventually([&, before = looks_.load()] { return looks_ > before; })) << "and begin again";
}

TEST_F(LiveReadersTest, NothingIsSaidWhenNothingChanges) {
  LiveLimits limits{.interval = 2ms};
  limits.stream.heartbeat = 50ms;
  RawClient client(start(limits));
  watch(client);
  client.read_until("\n\n");
  EXPECT_TRUE(test::eventually([&] { return looks_ > 2; }));
  EXPECT_EQ(client.read_until("\n\n"), ": still here\n\n");
}

TEST_F(LiveReadersTest, OneThatFallsBehindBeginsAnewAndTheOthersGoOn) {
  LiveLimits limits{.interval = 1ms};
  limits.stream.buffered_bytes = 64 * 1024;
  const std::uint16_t port = start(limits);
  RawClient slow(port, 4096);
  RawClient other(port);
  watch(slow);
  watch(other);
  other.read_until("\n\n");
  // More than the kernel and the stream together hold for somebody who reads nothing.
  for (int i = 0; i < 300; ++i) {
    change("a", std::to_string(i) + std::string(32 * 1024, 'x'));
    EXPECT_NE(other.read_until("\n\n").find("event: "), std::string::npos);
  }
  change("end", true);
  other.read_until("\"end\":true");
  int snapshots = 0;
  for (std::string event; event.find("\"end\":true") == std::string::npos;) {
    event = slow.read_until("\n\n");
    snapshots += event.starts_with("event: snapshot\n") ? 1 : 0;
  }
  EXPECT_GE(snapshots, 2) << "the first one, and another in place of what it missed";
}

TEST_F(LiveReadersTest, AFurtherOneIsRefused) {
  LiveLimits limits{.interval = 5ms};
  limits.stream.readers = 1;
  const std::uint16_t port = start(limits);
  RawClient one(port);
  watch(one);
  RawClient two(port);
  EXPECT_EQ(two.get("/live").status(), 503);
  EXPECT_EQ(RawClient(port).get("/").body, "plain");
}

TEST_F(LiveReadersTest, WhoComesWhileTheWholeCannotBeToldIsToldSo) {
  HttpServer::Options options;
  options.feed =
      std::make_shared<LiveFeed>([]() -> OrderedJson { throw std::runtime_error("not now"); }, [] { return 7.5; });
  auto server = HttpServer::start(
      "127.0.0.1", 0,
      [](const Request& /*request*/) {
        Page page;
        page.live = true;
        return page;
      },
      options);
  ASSERT_TRUE(server.ok());
  RawClient client((*server)->port());
  const auto answer = client.get("/");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body, "not now\n");
}

TEST_F(LiveReadersTest, WithoutAFeedThereIsNothingToWatch) {
  auto server = HttpServer::start("127.0.0.1", 0,
                                  [](const Request& /*request*/) {
                                    Page page;
                                    page.live = true;
                                    return page;
                                  },
                                  {});
  ASSERT_TRUE(server.ok());
  RawClient client((*server)->port());
  EXPECT_EQ(client.get("/").status(), 503);
}

TEST_F(LiveReadersTest, OneWhoIsNoLongerAllowedGetsNothingMore) {
  RawClient client(start());
  watch(client);
  client.read_until("\n\n");
  allowed_ = false;
  change("b", 2);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(LiveReadersTest, EndWithTheServer) {
  RawClient client(start());
  watch(client);
  client.read_until("\n\n");
  server_.reset();
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(LiveReadersTest, AChoreIsDoneAgainAndAgainAndMayFail) {
  std::atomic<int> done{0};
  HttpServer::Options options;
  options.chore_interval = 1ms;
  options.chore = [&] {
    if (++done == 2) throw std::runtime_error("once");
  };
  auto server = HttpServer::start(
      "127.0.0.1", 0, [](const Request& /*request*/) { return Page{}; }, options);
  ASSERT_TRUE(server.ok());
  EXPECT_TRUE(test::eventually([&] { return done > 3; }));
}

}  // namespace
}  // namespace sluice::admin
