#include "sluice/admin/http_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "support/raw_client.hpp"

namespace sluice::admin {
namespace {

using test::chunked;
using test::Fields;
using test::HttpMessage;
using test::RawClient;
using test::request_text;

/// A server that says what its handler saw.
class HttpServerTest : public ::testing::Test {
 protected:
  std::uint16_t start(std::size_t body_bytes = 64 * 1024) {
    HttpServer::Options options;
    options.name = "test";
    options.body_bytes = body_bytes;
    options.body_timeout = body_timeout_;
    options.refusal = [](unsigned status, const std::string& reason) {
      Page page;
      page.status = status;
      page.body = "refused: " + reason;
      return page;
    };
    const auto handler = [this](const Request& request) {
      if (request.target == "/throw") throw std::runtime_error("no such luck");
      Page page;
      if (request.target == "/later") page.later = later_;
      page.status = request.target == "/teapot" ? 401 : 200;
      page.challenge = request.target == "/teapot" ? "Bearer" : "";
      page.body.append(request.method).append("|").append(request.content_type).append("|");
      page.body.append(request.origin).append("|").append(request.authorization).append("|").append(request.body);
      return page;
    };
    auto result = HttpServer::start("127.0.0.1", 0, handler, options);
    EXPECT_TRUE(result.ok());
    server_ = std::move(result).value();
    return server_->port();
  }

  std::function<std::optional<Page>()> later_;
  Duration body_timeout_ = std::chrono::seconds(5);
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ReadsABodyAndKeepsTheConnection) {
  RawClient client(start());
  const Fields fields{{"Content-Type", "application/json"}, {"Origin", "http://a"}, {"Authorization", "Bearer x"}};
  EXPECT_EQ(client.post("/", "{}", fields).body, "POST|application/json|http://a|Bearer x|{}");
  EXPECT_EQ(client.post("/", std::string(64 * 1024, 'x')).body.size(), 64 * 1024 + 8U);
  EXPECT_EQ(client.get("/").body, "GET||||");
}

TEST_F(HttpServerTest, ReadsABodyInChunksAndThePipelinedRequestBehindIt) {
  RawClient client(start());
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.send(head + chunked("in pieces", 2) + request_text("GET", "/"));
  EXPECT_EQ(client.read_response().body, "POST||||in pieces");
  EXPECT_EQ(client.read_response().body, "GET||||");
}

TEST_F(HttpServerTest, ABodyOverTheLimitIsRefusedHoweverItComes) {
  const std::uint16_t port = start(100);
  RawClient announced(port);
  announced.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n");
  EXPECT_EQ(announced.read_response().status(), 413);
  EXPECT_TRUE(announced.is_closed_by_peer());
  RawClient in_chunks(port);
  in_chunks.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                 chunked(std::string(200, 'x'), 50));
  const HttpMessage refused = in_chunks.read_response();
  EXPECT_EQ(refused.status(), 413);
  EXPECT_EQ(refused.body, "refused: the body is too large");
}

TEST_F(HttpServerTest, AsksForABodyThatWaitsToBeAskedFor) {
  RawClient client(start());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_head().status(), 100);
  client.send("ok");
  EXPECT_EQ(client.read_response().body, "POST||||ok");
}

TEST_F(HttpServerTest, DropsAClientWhoseBodyDoesNotCome) {
  body_timeout_ = std::chrono::milliseconds(50);
  RawClient client(start());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\no");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServerTest, RefusesWhatCanBeReadInTwoWays) {
  const std::uint16_t port = start();
  struct Case {
    int status;
    std::string fields;
  };
  for (const auto& [status, fields] : {Case{400, "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n"},
                                       Case{501, "Transfer-Encoding: gzip, chunked\r\n"},
                                       Case{400, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"},
                                       Case{400, "Content-Length: 2\r\nContent-Length: 2\r\n"},
                                       Case{400, "Host: y\r\n"}, Case{400, "Origin: http://a\r\nOrigin: http://b\r\n"},
                                       Case{400, "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"}}) {
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n{}");
    EXPECT_EQ(client.read_response().status(), status) << fields;
    EXPECT_TRUE(client.is_closed_by_peer());
  }
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsAServerErrorOfTheServersOwnKind) {
  RawClient client(start());
  const HttpMessage failed = client.get("/throw");
  EXPECT_EQ(failed.status(), 500);
  EXPECT_EQ(failed.body, "refused: no such luck");
  EXPECT_EQ(client.get("/").status(), 200);
}

TEST_F(HttpServerTest, AnAnswerThatIsNotKnownYetHoldsUpNobodyElse) {
  std::atomic<bool> known{false};
  later_ = [&]() -> std::optional<Page> {
    if (!known) return std::nullopt;
    Page page;
    page.status = 422;
    page.body = "at last";
    return page;
  };
  const std::uint16_t port = start();
  RawClient waits(port);
  waits.send(request_text("GET", "/later") + request_text("GET", "/behind"));
  RawClient other(port);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(other.get("/").status(), 200);
  known = true;
  const HttpMessage answer = waits.read_response();
  EXPECT_EQ(answer.status(), 422);
  EXPECT_EQ(answer.body, "at last");
  EXPECT_EQ(waits.read_response().body, "GET||||") << "and the connection goes on";
}

TEST_F(HttpServerTest, AnAnswerThatNeverComesEndsWithTheServerOrAnError) {
  later_ = []() -> std::optional<Page> { return std::nullopt; };
  const std::uint16_t port = start();
  RawClient waits(port);
  waits.send(request_text("GET", "/later"));
  RawClient other(port);
  EXPECT_EQ(other.get("/").status(), 200);
  server_.reset();
  EXPECT_TRUE(waits.is_closed_by_peer());
  later_ = []() -> std::optional<Page> { throw std::runtime_error("no such luck"); };
  RawClient fails(start());
  EXPECT_EQ(fails.get("/later").body, "refused: no such luck");
}

TEST_F(HttpServerTest, AChallengeBecomesAField) {
  RawClient client(start());
  const HttpMessage page = client.get("/teapot");
  EXPECT_EQ(page.field("www-authenticate"), "Bearer");
  EXPECT_EQ(page.field("x-content-type-options"), "nosniff");
  EXPECT_FALSE(client.get("/").has("www-authenticate"));
}

}  // namespace
}  // namespace sluice::admin
