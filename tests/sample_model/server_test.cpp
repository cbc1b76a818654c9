#include "sample_model/server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <thread>

#include "sample_model/asker.hpp"
#include "shipped_digits.hpp"
#include "shipped_repository.hpp"

namespace sluice::sample_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

/// A model server on a free loopback port, run by its own thread.
class RunningModel {
 public:
  explicit RunningModel(Faults faults = {}, Sight sight = Sight::Full)
      : service_("digits", "v2", Classifier(sight, shipped_digits().train), faults),
        server_(io_, service_, {asio::ip::address_v4::loopback(), 0}),
        port_(server_.port()),
        thread_([this] { io_.run(); }) {}

  /// All variants, v1 at first, and a repository that takes its time.
  explicit RunningModel(Duration load_time)
      : service_("digits", shipped_repository(), load_time),
        server_(io_, service_, {asio::ip::address_v4::loopback(), 0}),
        port_(server_.port()),
        thread_([this] { io_.run(); }) {}

  ~RunningModel() { stop(); }

  /// Stops as SIGTERM does and waits for the last answer.
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { server_.stop(); });
    thread_.join();
  }

  bool stopped() const { return server_.stopped(); }
  Url url(std::string path = "/") const { return {"127.0.0.1", port_, std::move(path)}; }

 private:
  asio::io_context io_{1};
  ModelService service_;
  Server server_;
  std::uint16_t port_;
  std::thread thread_;
};

tcp::socket connect(asio::io_context& io, const Url& url) {
  tcp::socket socket(io);
  socket.connect({asio::ip::make_address(url.host), url.port});
  return socket;
}

std::string read_to_end(tcp::socket& socket) {
  std::string answer;
  boost::system::error_code error;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

/// Sends raw bytes and reads until the server closes.
std::string converse(const Url& url, std::string_view bytes) {
  asio::io_context io;
  auto socket = connect(io, url);
  asio::write(socket, asio::buffer(bytes));
  return read_to_end(socket);
}

TEST(Server, EveryUnseenDigitIsAnsweredAndMostAreRight) {
  const RunningModel model;
  const auto tally = ask_all({model.url(), "digits"}, shipped_digits().ask);
  EXPECT_EQ(tally.answered(), shipped_digits().ask.size());
  EXPECT_EQ(tally.failed(), 0u);
  EXPECT_GT(tally.versions().at("direct").accuracy(), 0.94);
}

TEST(Server, InjectedErrorsAndWrongModelsAreCountedAsFailures) {
  const RunningModel model({100_pct, 0ms, 0_pct});
  const auto& ask = shipped_digits().ask;
  const std::vector<Digit> few(ask.begin(), ask.begin() + 10);
  const auto spoilt = ask_all({model.url(), "digits"}, few);
  EXPECT_EQ(spoilt.failures(), (std::map<std::string, std::size_t>{{R"(status 500 {"error":"injected fault"})", 10}}));
  EXPECT_EQ(ask_all({model.url(), "cats"}, few).failed(), 10u);
}

TEST(Server, AServerThatIsNotThereFailsEveryQuestionAndNeverHangs) {
  Url gone;
  {
    const RunningModel model;
    gone = model.url();
  }
  const auto& ask = shipped_digits().ask;
  EXPECT_EQ(ask_all({gone, "digits"}, {ask.begin(), ask.begin() + 5}).failed(), 5u);
  EXPECT_FALSE(fetch(gone, 5s));
}

TEST(Server, AnAnswerUnderWayIsFinishedBeforeItStops) {
  RunningModel model({100_pct, 200ms, 0_pct});
  asio::io_context io;
  auto socket = connect(io, model.url());
  // Valid JSON is all it takes for an inference that fails late.
  std::string body = R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1,64],"data":[0)";
  for (int i = 1; i < image_pixels; ++i) body += ",0";
  body += "]}]}";
  asio::write(socket, asio::buffer("POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                   std::to_string(body.size()) + "\r\n\r\n" + body));
  // The server accepts in order and has one thread: when this comes back, the question above has been read.
  EXPECT_TRUE(fetch(model.url("/v2/health/ready"), 5s));
  model.stop();
  EXPECT_TRUE(model.stopped());
  const auto answer = read_to_end(socket);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
}

TEST(Server, IdleConnectionsDoNotHoldUpTheStop) {
  RunningModel model;
  asio::io_context io;
  const auto idle = connect(io, model.url());
  EXPECT_TRUE(fetch(model.url("/v2"), 5s));
  model.stop();
  EXPECT_TRUE(model.stopped());
}

TEST(Server, MalformedRequestsGetA400AndTooLargeBodiesA413) {
  const RunningModel model;
  EXPECT_TRUE(converse(model.url(), "NONSENSE\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      converse(model.url(), "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
          .starts_with("HTTP/1.1 413 "));
}

std::string post(const Url& url, const std::string& path, const std::string& body) {
  return converse(url, "POST " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
}

TEST(Server, ALoadIsAnsweredWhenItIsCompleteAndTheServerIsNotReadyMeanwhile) {
  const RunningModel model(300ms);
  const std::string path = "/v2/repository/models/digits/";
  ASSERT_TRUE(fetch(model.url("/v2/health/ready"), 5s));
  ASSERT_TRUE(post(model.url(), path + "unload", "{}").starts_with("HTTP/1.1 200 "));
  EXPECT_FALSE(fetch(model.url("/v2/models/digits/ready"), 5s));
  asio::io_context io;
  auto socket = connect(io, model.url());
  const std::string body = R"({"parameters":{"variant":"v2"}})";
  asio::write(socket,
              asio::buffer("POST " + path + "load HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body));
  std::string states;
  // Others are answered meanwhile, and told that it is not there yet.
  while (states.find("READY") == std::string::npos) states += post(model.url(), "/v2/repository/index", "");
  EXPECT_NE(states.find("LOADING"), std::string::npos);
  EXPECT_TRUE(read_to_end(socket).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(fetch(model.url("/v2/models/digits/versions/v2/ready"), 5s));
}

TEST(Server, ExpectContinueIsAnswered) {
  const RunningModel model;
  const auto answer = converse(model.url(),
                               "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                               "Expect: 100-continue\r\nConnection: close\r\n\r\n{}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ")) << answer;
}

TEST(Server, HeadHasTheLengthOfGetAndNoBody) {
  const RunningModel model;
  const auto answer = converse(model.url(), "HEAD /v2/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 13\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(Server, APortInUseIsAnErrorAtOnce) {
  const RunningModel model;
  asio::io_context io;
  ModelService service("digits", "v2", Classifier(Sight::Coarse, shipped_digits().train), Faults{});
  EXPECT_THROW(Server(io, service, {asio::ip::address_v4::loopback(), model.url().port}), boost::system::system_error);
}

}  // namespace
}  // namespace sluice::sample_model
