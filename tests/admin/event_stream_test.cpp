#include "sluice/admin/event_stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/patience.hpp"
#include "support/raw_client.hpp"

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using test::request_text;

Event event(std::uint64_t id, std::size_t size = 0) {
  return {id, "id: " + std::to_string(id) + "\ndata: " + std::string(size, 'x') + "\n\n"};
}

/// A server whose /events begins with event 7 and wants those behind it.
class EventStreamTest : public ::testing::Test {
 protected:
  std::uint16_t start(EventLimits limits = {}) {
    HttpServer::Options options;
    options.name = "test";
    options.connections = 4;
    options.events = limits;
    auto result = HttpServer::start(
        "127.0.0.1", 0,
        [this](const Request& request) {
          Page page;
          page.body = "plain";
          if (request.target != "/events") return page;
          page.content_type = "text/event-stream";
          page.body = event(7).text + std::string(request.last_event_id);
          page.events_after = 7;
          page.still_allowed = [this] { return allowed_.load(); };
          return page;
        },
        options);
    EXPECT_TRUE(result.ok());
    server_ = std::move(result).value();
    return server_->port();
  }
  /// Reads up to the first event, so that it is among the readers from then on.
  static std::string subscribe(RawClient& client, const std::string& fields = {}) {
    client.send("GET /events HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
    return client.read_until("data: \n\n");
  }

  std::atomic<bool> allowed_{true};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(EventStreamTest, BeginsWithWhatWasThereAndGoesOnWithWhatIsPublished) {
  RawClient client(start());
  const std::string begin = subscribe(client, "Last-Event-ID: 3\r\n");
  EXPECT_NE(begin.find("200 OK\r\n"), std::string::npos);
  EXPECT_NE(begin.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_EQ(begin.find("Content-Length"), std::string::npos);
  EXPECT_NE(begin.find("\r\n\r\nid: 7\ndata: \n\n"), std::string::npos);
  EXPECT_EQ(client.read_exactly(1), "3") << "what the reader said of itself";
  server_->publish_event(event(8));
  EXPECT_EQ(client.read_until("data: \n\n"), event(8).text);
}

TEST_F(EventStreamTest, NothingComesTwice) {
  RawClient client(start());
  subscribe(client);
  for (const std::uint64_t id : {6, 7, 8, 8, 9}) server_->publish_event(event(id));
  EXPECT_EQ(client.read_exactly(2 * event(8).text.size()), event(8).text + event(9).text);
}

TEST_F(EventStreamTest, GoesToEveryReaderBesideOtherRequests) {
  const std::uint16_t port = start();
  RawClient one(port);
  RawClient two(port);
  subscribe(one);
  subscribe(two);
  RawClient asks(port);
  EXPECT_EQ(asks.get("/").body, "plain");
  server_->publish_event(event(8));
  EXPECT_EQ(one.read_until("data: \n\n"), event(8).text);
  EXPECT_EQ(two.read_until("data: \n\n"), event(8).text);
  EXPECT_EQ(asks.get("/").body, "plain") << "it is no reader";
}

TEST_F(EventStreamTest, AHeadOfItIsNoReader) {
  RawClient client(start({.readers = 0}));
  client.send(request_text("HEAD", "/events"));
  EXPECT_EQ(client.read_response(true).status(), 200);
}

TEST_F(EventStreamTest, AFurtherReaderIsRefusedUntilOneLeaves) {
  const std::uint16_t port = start({.readers = 2});
  auto one = std::make_unique<RawClient>(port);
  RawClient two(port);
  subscribe(*one);
  subscribe(two);
  {
    RawClient three(port);
    const auto refused = three.get("/events");
    EXPECT_EQ(refused.status(), 503);
    EXPECT_EQ(refused.body, "there are 2 readers of events already\n");
  }
  one.reset();
  EXPECT_TRUE(test::eventually([&] {
    RawClient next(port);
    next.send(request_text("GET", "/events"));
    return next.read_head().status() == 200;
  }));
}

TEST_F(EventStreamTest, ASilentStreamShowsThatItLives) {
  RawClient client(start({.heartbeat = 20ms}));
  subscribe(client);
  EXPECT_EQ(client.read_until("\n\n"), ": still here\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ": still here\n\n");
  server_->publish_event(event(8));
  EXPECT_NE(client.read_until("data: \n\n").find("id: 8\n"), std::string::npos);
}

TEST_F(EventStreamTest, AReaderThatFallsBehindIsClosedAndTheOthersGoOn) {
  const std::uint16_t port = start({.buffered_bytes = 256 * 1024});
  RawClient slow(port, 4096);
  RawClient other(port);
  subscribe(slow);
  subscribe(other);
  // More than the kernel and the stream together hold for somebody who reads nothing.
  for (std::uint64_t id = 8; id < 208; ++id) {
    server_->publish_event(event(id, 64 * 1024));
    EXPECT_EQ(other.read_until("\n\n").size(), event(id, 64 * 1024).text.size());
  }
  EXPECT_TRUE(slow.is_closed_by_peer());
}

TEST_F(EventStreamTest, AReaderThatTakesNothingIsClosedInTime) {
  const std::uint16_t port = start({.readers = 1, .buffered_bytes = 64 * 1024 * 1024, .write_timeout = 50ms});
  RawClient slow(port, 4096);
  subscribe(slow);
  for (std::uint64_t id = 8; id < 208; ++id) server_->publish_event(event(id, 64 * 1024));
  // Its place is free before it reads anything: reading would be taking.
  EXPECT_TRUE(test::eventually([&] {
    RawClient next(port);
    next.send(request_text("GET", "/events"));
    return next.read_head().status() == 200;
  }));
  EXPECT_TRUE(slow.is_closed_by_peer());
}

TEST_F(EventStreamTest, AReaderWhoIsNoLongerAllowedGetsNothingMore) {
  const std::uint16_t port = start();
  RawClient client(port);
  subscribe(client);
  server_->publish_event(event(8));
  EXPECT_EQ(client.read_until("data: \n\n"), event(8).text);
  allowed_ = false;
  server_->publish_event(event(9));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(EventStreamTest, NorDoesOneWhoOnlyWaits) {
  RawClient client(start({.heartbeat = 20ms}));
  subscribe(client);
  allowed_ = false;
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(EventStreamTest, AReaderThatSpeaksIsClosed) {
  RawClient client(start());
  subscribe(client);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(EventStreamTest, EndsWithTheServer) {
  RawClient client(start());
  subscribe(client);
  server_->publish_event(event(8));
  server_.reset();
  EXPECT_TRUE(client.is_closed_by_peer());
}

}  // namespace
}  // namespace sluice::admin
