#include "sluice/admin/metrics_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sluice::admin {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Response = http::response<http::string_body>;

constexpr std::chrono::seconds kPatience(10);

/// A client that waits for whatever it asks, but for no longer than kPatience.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(context_) { socket_.connect({asio::ip::address_v4::loopback(), port}); }

  void send(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }

  Response read(bool head_only = false) {
    http::response_parser<http::string_body> parser;
    parser.skip(head_only);
    parser.body_limit(64 << 20);
    const error_code error = wait([&](auto done) { http::async_read(socket_, buffer_, parser, done); });
    if (error) throw boost::system::system_error(error);
    return parser.release();
  }

  Response get(const std::string& target, const std::string& method = "GET") {
    send(method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return read(method == "HEAD");
  }

  /// True once the server has closed the connection.
  bool closed_by_server() {
    char byte = 0;
    const error_code error = wait([&](auto done) { socket_.async_read_some(asio::buffer(&byte, 1), done); });
    return error == asio::error::eof || error == asio::error::connection_reset;
  }

 private:
  template <typename Begin>
  error_code wait(Begin begin) {
    std::optional<error_code> result;
    begin([&](error_code error, std::size_t) { result = error; });
    context_.restart();
    context_.run_for(kPatience);
    if (result) return *result;
    socket_.cancel();
    context_.run();
    return asio::error::timed_out;
  }

  asio::io_context context_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

class MetricsServerTest : public ::testing::Test {
 protected:
  MetricsServerTest() { readiness_.set("listeners", true); }

  std::uint16_t start(MetricsServer::Options options = {}) {
    auto result = MetricsServer::start(
        "127.0.0.1", 0, [this] { return page_; }, readiness_, options);
    EXPECT_TRUE(result.ok());
    server_ = std::move(result).value();
    return server_->port();
  }

  std::string page_ = "metric 1\n";
  Readiness readiness_;
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, AnswersSeveralRequestsOnOneConnection) {
  Client client(start());
  const Response metrics = client.get("/metrics");
  EXPECT_EQ(metrics.result_int(), 200U);
  EXPECT_EQ(metrics[http::field::content_type], "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(metrics.body(), page_);
  EXPECT_EQ(client.get("/livez").body(), "ok\n");
  EXPECT_EQ(client.get("/readyz?verbose").body(), "[+]listeners ok\nreadyz check passed\n");
  EXPECT_EQ(client.get("/nothing").result_int(), 404U);
  readiness_.set("draining", false, "SIGTERM");
  EXPECT_EQ(client.get("/readyz").result_int(), 503U);
  EXPECT_EQ(client.get("/livez").result_int(), 200U);
}

TEST_F(MetricsServerTest, HeadHasTheLengthAndNoBody) {
  Client client(start());
  const Response head = client.get("/metrics", "HEAD");
  EXPECT_EQ(head[http::field::content_length], std::to_string(page_.size()));
  EXPECT_EQ(client.get("/livez").body(), "ok\n");  // nothing was left over in between
}

TEST_F(MetricsServerTest, AnswersPipelinedRequestsInOrder) {
  Client client(start());
  client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read().body(), "ok\n");
  EXPECT_EQ(client.read().body(), page_);
}

TEST_F(MetricsServerTest, TakesAHeadThatArrivesByteByByte) {
  Client client(start());
  for (const char c : std::string("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")) client.send(std::string(1, c));
  EXPECT_EQ(client.read().body(), "ok\n");
}

TEST_F(MetricsServerTest, DeliversAPageThatIsLargerThanAnySocketBuffer) {
  page_.assign(16 << 20, 'x');
  Client client(start());
  EXPECT_EQ(client.get("/metrics").body().size(), page_.size());
}

TEST_F(MetricsServerTest, ClosesAfterAnHttp10Request) {
  Client client(start());
  client.send("GET /livez HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read().body(), "ok\n");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(MetricsServerTest, RefusesWritingWithABody) {
  Client client(start());
  client.send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  const Response refused = client.read();
  EXPECT_EQ(refused.result_int(), 405U);
  EXPECT_EQ(refused[http::field::allow], "GET, HEAD");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(MetricsServerTest, RefusesWhatIsNoRequest) {
  const std::uint16_t port = start();
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET / HTTP/1.1\r\n: x\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), std::string(64, '\0')}) {
    Client client(port);
    client.send(bytes);
    EXPECT_EQ(client.read().result_int(), 400U) << bytes;
    EXPECT_TRUE(client.closed_by_server());
  }
}

TEST_F(MetricsServerTest, RefusesAHeadThatIsTooLarge) {
  Client client(start());
  client.send("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.read().result_int(), 431U);
}

TEST_F(MetricsServerTest, DropsAClientThatNeverFinishesItsHead) {
  MetricsServer::Options options;
  options.header_timeout = std::chrono::milliseconds(50);
  Client client(start(options));
  client.send("GET /metr");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(MetricsServerTest, DropsAClientThatIsIdleTooLong) {
  MetricsServer::Options options;
  options.idle_timeout = std::chrono::milliseconds(50);
  Client client(start(options));
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(MetricsServerTest, AtTheLimitTheLongestIdleClientMakesRoom) {
  MetricsServer::Options options;
  options.connections = 2;
  const std::uint16_t port = start(options);
  Client first(port);
  Client second(port);
  EXPECT_EQ(first.get("/livez").result_int(), 200U);
  EXPECT_EQ(second.get("/livez").result_int(), 200U);
  EXPECT_EQ(first.get("/livez").result_int(), 200U);  // now the second one is idle for longer
  Client third(port);
  EXPECT_EQ(third.get("/livez").result_int(), 200U);
  EXPECT_TRUE(second.closed_by_server());
  EXPECT_EQ(first.get("/livez").result_int(), 200U);
}

TEST_F(MetricsServerTest, AtTheLimitWithNobodyIdleANewcomerIsClosed) {
  MetricsServer::Options options;
  options.connections = 1;
  const std::uint16_t port = start(options);
  Client busy(port);
  busy.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /li");  // answered, and already in its next head
  EXPECT_EQ(busy.read().result_int(), 200U);
  Client newcomer(port);
  EXPECT_TRUE(newcomer.closed_by_server());
}

TEST_F(MetricsServerTest, ManyClientsAtOnceAreAllAnswered) {
  const std::uint16_t port = start();
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      Client client(port);
      for (int n = 0; n < 20; ++n) answered += client.get("/metrics").result_int() == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 320);
}

TEST_F(MetricsServerTest, SaysWhatIsWrongWithAnAddress) {
  const std::uint16_t port = start();
  auto taken = MetricsServer::start(
      "127.0.0.1", port, [] { return std::string(); }, readiness_);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().message, "cannot listen on 127.0.0.1:" + std::to_string(port) + ": address already in use");

  auto foreign = MetricsServer::start(
      "192.0.2.1", 9, [] { return std::string(); }, readiness_);
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().message.find("cannot listen on 192.0.2.1:9: "), 0U);
}

TEST_F(MetricsServerTest, StopsWithClientsInEveryState) {
  const std::uint16_t port = start();
  Client idle(port);
  EXPECT_EQ(idle.get("/livez").result_int(), 200U);
  Client half(port);
  half.send("GET /met");
  server_->stop();
  server_->stop();
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_TRUE(half.closed_by_server());
  server_.reset();

  auto again = MetricsServer::start(
      "127.0.0.1", port, [] { return std::string(); }, readiness_);
  EXPECT_TRUE(again.ok());  // the port is free again
}

TEST_F(MetricsServerTest, ListensOnIpv6WhereThereIsOne) {
  auto result = MetricsServer::start(
      "[::1]", 0, [] { return std::string(); }, readiness_);
  if (!result.ok()) GTEST_SKIP() << result.error().message;
  EXPECT_EQ((*result)->address(), "[::1]:" + std::to_string((*result)->port()));
}

}  // namespace
}  // namespace sluice::admin
