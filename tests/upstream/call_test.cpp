#include "call_fixture.hpp"
#include "support/gate.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::FailureReason;
using test::Conversation;
using test::FakeUpstream;

using CallTest = CallFixture;

TEST_F(CallTest, GivesTheStatusOfTheAnswer) {
  FakeUpstream upstream(test::answers(418, "short and stout"));
  const CallOutcome outcome = run(make_pool(upstream.port()));
  EXPECT_EQ(outcome.status, 418);
  EXPECT_EQ(upstream.request(0).target(), "/ready");
}

TEST_F(CallTest, ReadsTheAnswerToItsEndAndUsesTheConnectionAgain) {
  FakeUpstream upstream(test::answers(200, std::string(300'000, 'x')));
  EndpointPool& pool = make_pool(upstream.port());
  EXPECT_EQ(run(pool).status, 200);
  EXPECT_EQ(run(pool).status, 200);
  EXPECT_EQ(upstream.connections(), 1u);
  EXPECT_EQ(idle(), 1);
}

TEST_F(CallTest, AFreshOneUsesAConnectionForItselfAlone) {
  FakeUpstream upstream;
  EndpointPool& pool = make_pool(upstream.port());
  EXPECT_EQ(run(pool).status, 200);
  EXPECT_EQ(run(pool, true).status, 200);
  EXPECT_EQ(upstream.connections(), 2u);
  EXPECT_EQ(idle(), 1) << "the first one's";
}

TEST_F(CallTest, InterimAnswersAreNotTheAnswer) {
  FakeUpstream upstream(
      test::always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n0\r\n\r\n"));
  EXPECT_EQ(run(make_pool(upstream.port())).status, 200);
}

TEST_F(CallTest, AnAnswerMayLastUntilTheConnectionEnds) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.0 200 OK\r\n\r\nall there is");
  });
  EXPECT_EQ(run(make_pool(upstream.port())).status, 200);
  EXPECT_EQ(idle(), 0);
}

TEST_F(CallTest, AHeadAnswerHasNoBody) {
  FakeUpstream upstream(test::always("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"));
  begin(make_pool(upstream.port()), false, http::Method::Head, "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->status, 200);
}

TEST_F(CallTest, ANewConnectionThatDiesIsAFailure) {
  FakeUpstream upstream([](Conversation& gateway) { gateway.read_request(); });
  const CallOutcome outcome = run(make_pool(upstream.port()));
  EXPECT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure, FailureReason::Reset);
  EXPECT_EQ(upstream.connections(), 1u);
}

TEST_F(CallTest, AnAnswerThatIsCutOffIsAFailure) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
  });
  const CallOutcome outcome = run(make_pool(upstream.port()));
  EXPECT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure, FailureReason::BadResponse);
}

TEST_F(CallTest, WhatIsNoHttpIsAFailure) {
  FakeUpstream upstream(test::always("220 mail.example ESMTP\r\n\r\n"));
  EXPECT_EQ(run(make_pool(upstream.port())).failure, FailureReason::BadResponse);
}

TEST_F(CallTest, NobodyListensIsAFailure) {
  const CallOutcome outcome = run(make_pool(test::refused_port()));
  EXPECT_EQ(outcome.failure, FailureReason::ConnectFailed);
  EXPECT_FALSE(outcome.timed_out);
}

TEST_F(CallTest, TheDeadlineEndsAnAnswerThatDoesNotCome) {
  FakeUpstream upstream(test::never_answers());
  begin(make_pool(upstream.port()));
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 1; }));
  EXPECT_FALSE(outcome.has_value());
  advance(1s + wheel.tick());
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_FALSE(outcome->answered());
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_EQ(outcome->failure, FailureReason::ResponseTimeout);
  EXPECT_GE(outcome->took, 1s);
}

TEST_F(CallTest, TheDeadlineEndsADialThatDoesNotEnd) {
  test::DeafListener deaf;
  begin(make_pool(deaf.port()));
  settle();
  advance(1s + wheel.tick());
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->failure, FailureReason::ConnectTimeout);
  EXPECT_TRUE(outcome->timed_out);
}

TEST_F(CallTest, CancellingEndsItWithoutAStatus) {
  FakeUpstream upstream(test::never_answers());
  begin(make_pool(upstream.port()));
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 1; }));
  call.cancel();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_FALSE(outcome->answered());
  EXPECT_FALSE(outcome->timed_out);
  call.cancel();  // nothing is under way: harmless
}

TEST_F(CallTest, ReportsHowItWentToTheEndpointsStatus) {
  FakeUpstream well;
  run(make_reporting_pool(well.port()));
  EXPECT_EQ(reports().answered.value(), 1u);
  FakeUpstream sick(test::answers(503, ""));
  run(make_reporting_pool(sick.port()));
  EXPECT_EQ(reports().server_errors.value(), 1u);
  FakeUpstream rude([](Conversation& gateway) { gateway.read_request(); });
  run(make_reporting_pool(rude.port()));
  EXPECT_EQ(reports().gateway_errors.value(), 1u);
  FakeUpstream silent(test::never_answers());
  begin(make_reporting_pool(silent.port()));
  ASSERT_TRUE(run_until([&] { return silent.request_count() == 1; }));
  advance(1s + wheel.tick());
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(reports().gateway_errors.value(), 2u);
}

TEST_F(CallTest, ReportsNoEndpointForWhatWasNotItsDoing) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "");
    if (gateway.number() == 0) return;  // then the connection it keeps is dead
    gateway.read_request();
    gateway.sees_close();
  });
  EndpointPool& pool = make_reporting_pool(upstream.port());
  run(pool);
  run(pool);
  EXPECT_EQ(reports().answered.value(), 2u);
  begin(pool);
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 3; }));
  call.cancel();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(reports().gateway_errors.value(), 0u) << "neither a stale connection nor our own change of mind";
}

/// Sees what passes by.
struct Onlooker final : AnswerSink {
  void take_head(const http::ResponseHead& answer, const char* base) noexcept override {
    ++heads;
    kind = answer.find(base, "content-type");
  }
  void take_payload(std::string_view payload) noexcept override { body.append(payload); }
  int heads = 0;
  std::string kind;
  std::string body;
};

TEST_F(CallTest, ShowsTheAnswerThatItThrowsAway) {
  const std::string text(100'000, 'x');
  FakeUpstream upstream(
      test::always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/x\r\n"
                   "transfer-encoding: chunked\r\n\r\n" +
                   test::chunked(text, 999)));
  EndpointPool& pool = make_pool(upstream.port());
  Onlooker onlooker;
  life = make_call(call, pool, {http::Method::Get, kGetReady, clock.now() + 1s, false, &onlooker}, outcome);
  life.start();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->status, 200);
  EXPECT_EQ(onlooker.heads, 1) << "the final one";
  EXPECT_EQ(onlooker.kind, "text/x");
  EXPECT_TRUE(onlooker.body == text);
  EXPECT_GT(outcome->received, text.size()) << "with heads and framing";
}

TEST_F(CallTest, OfAnAnswerThatBreaksOffItShowsWhatCame) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
  });
  Onlooker onlooker;
  life = make_call(call, make_pool(upstream.port()), {http::Method::Get, kGetReady, clock.now() + 1s, false, &onlooker},
                   outcome);
  life.start();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_FALSE(outcome->answered());
  EXPECT_EQ(onlooker.body, "half");
}

TEST_F(CallTest, IsReportedToNobodyWhereItShallNotBe) {
  for (const auto& script : {test::answers(503, ""), test::answers(200, ""),
                             FakeUpstream::Script([](Conversation& gateway) { gateway.read_request(); })}) {
    FakeUpstream upstream(script);
    outcome.reset();
    CallRequest request{http::Method::Get, kGetReady, clock.now() + 1s};
    request.reported = false;
    life = make_call(call, make_reporting_pool(upstream.port()), request, outcome);
    life.start();
    ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  }
  EXPECT_EQ(reports().answered.value() + reports().server_errors.value() + reports().gateway_errors.value(), 0u);
}

TEST_F(CallTest, TellsHowLongTheEndpointWorkedHoweverThatEnded) {
  FakeUpstream upstream(test::never_answers());
  begin(make_pool(upstream.port()));
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 1; }));
  advance(300ms);
  call.cancel();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_GE(outcome->worked_on, 300ms);
  test::DeafListener deaf;
  begin(make_pool(deaf.port()));
  settle();
  advance(1s + wheel.tick());
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->worked_on, 0s) << "it was never asked";
}

TEST_F(CallTest, ABodyMayHaveMoreTimeThanItsHead) {
  test::Gate more;
  test::Gate rest;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    gateway.wait_for(more);
    gateway.send("3\r\ndef\r\n");
    gateway.wait_for(rest);
    gateway.send("0\r\n\r\n");
  });
  SeenBody seen;
  CallRequest request{http::Method::Get, kGetReady, clock.now() + 1s};
  request.sink = &seen;
  request.patience = BodyPatience{clock.now() + 2s, clock.now() + 10s, 3s};
  life = make_call(call, make_pool(upstream.port()), request, outcome);
  life.start();
  ASSERT_TRUE(run_until([&] { return seen.text == "abc"; }));
  advance(2500ms);
  EXPECT_FALSE(outcome.has_value()) << "it is a stream, whose next piece has its own time";
  more.open();
  ASSERT_TRUE(run_until([&] { return seen.text == "abcdef"; }));
  advance(2500ms);
  EXPECT_FALSE(outcome.has_value());
  rest.open();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->status, 200);
}

TEST_F(CallTest, AStreamThatStallsOrNeverEndsIsLate) {
  FakeUpstream stalls([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    gateway.sees_close();
  });
  EndpointPool& pool = make_pool(stalls.port());
  for (const auto& [streamed, idle] : {std::pair{60s, 3s}, std::pair{3s, 60s}}) {
    SeenBody seen;
    outcome.reset();
    CallRequest request{http::Method::Get, kGetReady, clock.now() + 1s};
    request.sink = &seen;
    request.patience = BodyPatience{clock.now() + 1s, clock.now() + streamed, idle};
    life = make_call(call, pool, request, outcome);
    life.start();
    ASSERT_TRUE(run_until([&] { return seen.text == "abc"; }));
    advance(2s);
    settle();
    EXPECT_FALSE(outcome.has_value());
    advance(1s + 2 * wheel.tick());
    ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
    EXPECT_TRUE(outcome->timed_out);
    EXPECT_FALSE(outcome->answered());
  }
}

TEST_F(CallTest, AnOutcomeReadsAsASentenceWould) {
  EXPECT_EQ(describe(CallOutcome{.status = 200, .took = 3ms}), "200 in 3ms");
  EXPECT_EQ(describe(CallOutcome{.failure = FailureReason::ConnectFailed, .took = 600us}), "connect_failed in 1ms");
}

}  // namespace
}  // namespace sluice::upstream
