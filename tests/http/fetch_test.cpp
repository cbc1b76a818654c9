#include "sluice/http/fetch.hpp"

#include <gtest/gtest.h>

#include "http/fetch_fixture.hpp"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Conversation;
using test::FakeUpstream;

TEST_F(FetcherTest, GetsAnAnswer) {
  FakeUpstream server(test::answers(200, "hello"));
  Fetcher fetcher;
  const FetchAnswer answer = get(fetcher, server.url() + "/ask?x=1");
  EXPECT_EQ(answer.problem, "");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "hello");
  const auto request = server.request(0);
  EXPECT_EQ(request.start_line, "GET /ask?x=1 HTTP/1.1");
  EXPECT_EQ(request.field("host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_FALSE(request.has("content-type"));
}

TEST_F(FetcherTest, PostsABodyWithItsTypeAndLength) {
  FakeUpstream server(test::answers(202, ""));
  Fetcher fetcher;
  fetcher.start({.method = "POST", .url = server.url(), .body = "{\"a\":1}"}, answers.next_slot());
  EXPECT_EQ(answers.next().status, 202U);
  const auto request = server.request(0);
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.body, "{\"a\":1}");
  EXPECT_EQ(request.field("content-type"), "application/json");
  EXPECT_EQ(request.field("content-length"), "7");
}

TEST_F(FetcherTest, APostWithoutABodySaysSo) {
  FakeUpstream server(test::answers(200, ""));
  Fetcher fetcher;
  fetcher.start({.method = "POST", .url = server.url()}, answers.next_slot());
  EXPECT_EQ(answers.next().status, 200U);
  EXPECT_EQ(server.request(0).field("content-length"), "0");
}

TEST_F(FetcherTest, EveryStatusIsAnAnswerAndNoRedirectIsFollowed) {
  for (const int status : {204, 302, 404, 503}) {
    FakeUpstream server(test::answers(status, "", {{"Location", "/elsewhere"}}));
    Fetcher fetcher;
    const FetchAnswer answer = get(fetcher, server.url());
    EXPECT_EQ(answer.status, static_cast<unsigned>(status));
    EXPECT_EQ(answer.problem, "");
    EXPECT_EQ(server.request_count(), 1U);
  }
}

TEST_F(FetcherTest, ReadsChunksInterimAnswersAndBodiesThatEndWithTheConnection) {
  for (const std::string text :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.0 200 OK\r\n\r\nabcde"}) {
    FakeUpstream server([&](Conversation& peer) {
      peer.read_request();
      peer.send(text);
    });
    Fetcher fetcher;
    const FetchAnswer answer = get(fetcher, server.url());
    EXPECT_EQ(answer.problem, "");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "abcde");
  }
}

TEST_F(FetcherTest, ABadUrlIsAProblemNotACrash) {
  Fetcher fetcher;
  EXPECT_EQ(get(fetcher, "nonsense").problem, "a URL begins with http:// or https://");
}

// --- servers that fail ---

TEST_F(FetcherTest, ARefusedConnectionIsSaidAtOnce) {
  Fetcher fetcher;
  const std::string server = "127.0.0.1:" + std::to_string(test::refused_port());
  const FetchAnswer answer = get(fetcher, "http://" + server);
  EXPECT_EQ(answer.status, 0U);
  EXPECT_EQ(answer.problem, "cannot connect to " + server + ": Connection refused");
}

TEST_F(FetcherTest, AServerThatNeverAcceptsRunsIntoTheTimeout) {
  test::DeafListener deaf;
  Fetcher fetcher;
  EXPECT_EQ(get(fetcher, "http://127.0.0.1:" + std::to_string(deaf.port()), milliseconds(100)).problem,
            "no connection within 0.1 s");
}

TEST_F(FetcherTest, AServerThatNeverAnswersRunsIntoTheTimeout) {
  FakeUpstream server(test::never_answers());
  Fetcher fetcher;
  const FetchAnswer answer = get(fetcher, server.url(), milliseconds(100));
  EXPECT_EQ(answer.problem, "no answer within 0.1 s");
  EXPECT_EQ(answer.status, 0U);
  EXPECT_TRUE(test::eventually([&] { return server.open_connections() == 0; })) << "the connection is let go";
}

TEST_F(FetcherTest, ASlowDripRunsIntoTheTimeoutHoweverLongItGoesOn) {
  test::Gate over;
  FakeUpstream server([&](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!over.wait(milliseconds(5))) peer.send("x");
  });
  Fetcher fetcher;
  const FetchAnswer answer = get(fetcher, server.url(), milliseconds(200));
  over.open();
  EXPECT_EQ(answer.problem, "no answer within 0.2 s");
  EXPECT_EQ(answer.status, 200U) << "so much is known";
  EXPECT_EQ(answer.body, "");
}

TEST_F(FetcherTest, ABodyBeyondTheLimitIsNotReadToItsEnd) {
  FakeUpstream announced([](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n");
    peer.sees_close();
  });
  FakeUpstream endless([](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    while (true) peer.send_filler(65536);
  });
  Fetcher fetcher({.answer_bytes = 1000});
  for (const FakeUpstream* const server : {&announced, &endless}) {
    EXPECT_EQ(get(fetcher, server->url()).problem, "the answer has more than 1000 bytes");
  }
  FakeUpstream fits(test::answers(200, std::string(1000, 'x')));
  EXPECT_EQ(get(fetcher, fits.url()).body.size(), 1000U);
}

TEST_F(FetcherTest, AHeadWithoutEndIsNotReadForEver) {
  FakeUpstream server([](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (true) peer.send("x-filler: " + std::string(1000, 'x') + "\r\n");
  });
  Fetcher fetcher;
  EXPECT_TRUE(get(fetcher, server.url()).problem.starts_with("the answer cannot be read: "));
}

TEST_F(FetcherTest, InterimAnswersWithoutEndRunIntoTheTimeout) {
  FakeUpstream server([](Conversation& peer) {
    peer.read_request();
    while (true) peer.send("HTTP/1.1 100 Continue\r\n\r\n");
  });
  Fetcher fetcher;
  EXPECT_EQ(get(fetcher, server.url(), milliseconds(200)).problem, "no answer within 0.2 s");
}

TEST_F(FetcherTest, AnAnswerThatIsCutOffIsNone) {
  FakeUpstream cut([](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  FakeUpstream silent([](Conversation& peer) { peer.read_request(); });
  FakeUpstream reset([](Conversation& peer) {
    peer.read_request();
    peer.reset();
  });
  FakeUpstream garbage(test::always("this is no HTTP\r\n\r\n"));
  Fetcher fetcher;
  EXPECT_EQ(get(fetcher, cut.url()).problem, "the connection was closed before the answer was whole");
  EXPECT_EQ(get(fetcher, silent.url()).problem, "the connection was closed before an answer came");
  EXPECT_EQ(get(fetcher, reset.url()).problem, "the connection was closed before an answer came");
  EXPECT_TRUE(get(fetcher, garbage.url()).problem.starts_with("the answer cannot be read: "));
}

// --- places ---

TEST_F(FetcherTest, OneSlowServerDoesNotTakeAllPlaces) {
  FakeUpstream slow(test::never_answers());
  FakeUpstream quick("model");
  Fetcher fetcher({.at_once = 4, .at_once_per_server = 2});
  Answers never;
  for (int i = 0; i < 10; ++i) {
    fetcher.start({.url = slow.url(), .timeout = seconds(600)}, never.next_slot());
  }
  EXPECT_EQ(get(fetcher, quick.url()).body, "model");
  EXPECT_TRUE(test::eventually([&] { return slow.request_count() == 2; }));
  EXPECT_EQ(slow.connections(), 2U);
  EXPECT_EQ(never.waiting(), 0U);
}

TEST_F(FetcherTest, APlaceThatIsLeftIsTakenByTheNext) {
  FakeUpstream server("model");
  Fetcher fetcher({.at_once = 1});
  for (int i = 0; i < 20; ++i) fetcher.start({.url = server.url()}, answers.next_slot());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(answers.next().body, "model");
}

TEST_F(FetcherTest, TooManyThatWaitAreToldSo) {
  FakeUpstream slow(test::never_answers());
  Fetcher fetcher({.at_once = 1, .waiting = 2});
  for (int i = 0; i < 4; ++i) fetcher.start({.url = slow.url(), .timeout = seconds(600)}, answers.next_slot());
  EXPECT_EQ(answers.next().problem, "too many requests wait for their turn");
  EXPECT_EQ(answers.waiting(), 0U);
}

// --- ends ---

TEST_F(FetcherTest, ACancelledRequestIsNeverAnsweredAndLeavesItsPlace) {
  FakeUpstream slow(test::never_answers());
  FakeUpstream quick("model");
  Fetcher fetcher({.at_once = 1});
  Answers never;
  const auto active = fetcher.start({.url = slow.url(), .timeout = seconds(600)}, never.next_slot());
  const auto waiting = fetcher.start({.url = slow.url(), .timeout = seconds(600)}, never.next_slot());
  EXPECT_NE(active, waiting);
  slow.request(0);
  fetcher.cancel(waiting);
  fetcher.cancel(active);
  fetcher.cancel(active);
  fetcher.cancel(4711);
  EXPECT_EQ(get(fetcher, quick.url()).body, "model");
  EXPECT_EQ(never.waiting(), 0U);
  EXPECT_EQ(slow.request_count(), 1U);
}

TEST_F(FetcherTest, StopEndsWhatHangsAtOnceAndCallsNobody) {
  FakeUpstream slow(test::never_answers());
  FakeUpstream mute([](Conversation& peer) { peer.sees_close(); });
  test::DeafListener deaf;
  Fetcher fetcher({.at_once = 8, .resolve = [](const std::string&, auto) {}});
  const std::string deaf_url = "http://127.0.0.1:" + std::to_string(deaf.port());
  const std::string tls_url = "https://127.0.0.1:" + std::to_string(mute.port());
  for (const std::string& url : {slow.url(), deaf_url, tls_url, std::string("http://hooks.svc/")}) {
    fetcher.start({.url = url, .timeout = seconds(600)}, answers.next_slot());
  }
  slow.request(0);
  ASSERT_TRUE(test::eventually([&] { return mute.open_connections() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  fetcher.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, test::kPatience);
  fetcher.stop();
  fetcher.start({.url = slow.url()}, answers.next_slot());
  fetcher.cancel(1);
  EXPECT_EQ(answers.waiting(), 0U);
  EXPECT_TRUE(test::eventually([&] { return slow.open_connections() + mute.open_connections() == 0; }));
}

TEST_F(FetcherTest, ACallBackMayStartTheNextRequest) {
  FakeUpstream server("model");
  Fetcher fetcher;
  fetcher.start({.url = server.url()}, [&](FetchAnswer) { fetcher.start({.url = server.url()}, answers.next_slot()); });
  EXPECT_EQ(answers.next().body, "model");
}

}  // namespace
}  // namespace sluice::http
