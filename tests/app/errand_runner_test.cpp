#include "sluice/app/errand_runner.hpp"

#include <gtest/gtest.h>

#include "support/fake_upstream.hpp"

namespace sluice::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using strategy::Errand;
using strategy::ErrandAnswer;
using strategy::Query;
using strategy::QueryAnswer;
using test::Conversation;
using test::FakeUpstream;
using Outcome = ErrandAnswer::State;

/// A server whose answer a test changes as it goes.
class Hook {
 public:
  void say(int status, const std::string& body = {}) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    body_ = body;
  }
  std::string url() const { return server_.url() + "/hook"; }
  FakeUpstream& server() { return server_; }

 private:
  void serve(Conversation& peer) {
    peer.read_request();
    const auto [status, body] = [this] {
      const std::lock_guard lock(mutex_);
      return std::pair(status_, body_);
    }();
    peer.answer(status, body);
  }

  std::mutex mutex_;
  int status_ = 200;
  std::string body_;
  FakeUpstream server_{[this](Conversation& peer) { serve(peer); }};
};

class ErrandRunnerTest : public testing::Test {
 protected:
  static Errand errand(const std::string& key, const std::string& url) {
    Errand out;
    out.key = key;
    out.url = url;
    out.body = R"({"name":"fraud"})";
    return out;
  }
  static Query query(const std::string& key, const std::string& address, const std::string& promql = "up") {
    Query out;
    out.key = key;
    out.address = address;
    out.promql = promql;
    return out;
  }

  /// A tick: what the controller asks for, and what has come until then.
  std::map<std::string, ErrandAnswer> tick(const std::vector<Errand>& errands) {
    auto answers = runner.answers();
    runner.keep(errands, {});
    return answers;
  }
  /// Ticks until the errand is in this state after so many tries. The clock stands still meanwhile.
  std::string until(const Errand& errand, Outcome state, std::uint32_t tries) {
    ErrandAnswer last;
    const bool happened = test::eventually([&] {
      runner.keep({errand}, {});
      last = runner.answers()[errand.key];
      return last.state == state && last.tries == tries;
    });
    return happened ? last.detail : "(tries " + std::to_string(last.tries) + ", " + last.detail + ")";
  }
  bool says(const Errand& errand, const std::string& detail) {
    return test::eventually([&] {
      runner.keep({errand}, {});
      return runner.answers().at(errand.key).detail == detail;
    });
  }
  QueryAnswer value(const Query& query) {
    QueryAnswer last;
    EXPECT_TRUE(test::eventually([&] {
      runner.keep({}, {query});
      last = runner.values()[query.key];
      return last.state != QueryAnswer::State::Pending;
    }));
    return last;
  }

  http::Fetcher fetcher;
  ManualClock clock;
  ErrandRunner runner{fetcher, clock};
};

// --- errands ---

TEST_F(ErrandRunnerTest, AnErrandIsRunOnceHoweverOftenItIsWished) {
  Hook hook;
  const Errand one = errand("a", hook.url());
  EXPECT_EQ(until(one, Outcome::Succeeded, 1), "answered 200");
  for (int i = 0; i < 20; ++i) {
    clock.advance(std::chrono::minutes(1));
    EXPECT_EQ(tick({one}).at("a").state, Outcome::Succeeded);
  }
  EXPECT_EQ(hook.server().request_count(), 1U);
  const auto request = hook.server().request(0);
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.body, one.body);
  EXPECT_EQ(request.field("content-type"), "application/json");
}

TEST_F(ErrandRunnerTest, BeforeItsAnswerAnErrandIsRunning) {
  FakeUpstream hanging(test::never_answers());
  const Errand one = errand("a", hanging.url());
  runner.keep({one}, {});
  hanging.request(0);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(tick({one}).at("a").state, Outcome::Running);
}

TEST_F(ErrandRunnerTest, EveryStatusFrom200To299IsAYes) {
  Hook hook;
  for (const auto& [status, state] : {std::pair(200, Outcome::Succeeded),
                                      {202, Outcome::Succeeded},
                                      {204, Outcome::Succeeded},
                                      {302, Outcome::Refused},
                                      {400, Outcome::Refused},
                                      {403, Outcome::Refused},
                                      {500, Outcome::Refused}}) {
    hook.say(status);
    const Errand one = errand("status-" + std::to_string(status), hook.url());
    until(one, state, 1);
    EXPECT_EQ(runner.answers().at(one.key).status, static_cast<unsigned>(status));
    EXPECT_EQ(runner.answers().at(one.key).state, state);
  }
}

TEST_F(ErrandRunnerTest, ARefusalIsToldInTheServersWordsOnOneLine) {
  Hook hook;
  hook.say(403, "  freeze until\r\n\tMonday" + std::string(500, '.'));
  const std::string detail = until(errand("a", hook.url()), Outcome::Refused, 1);
  EXPECT_TRUE(detail.starts_with("answered 403: freeze until   Monday..."));
  EXPECT_LE(detail.size(), 200U);
}

TEST_F(ErrandRunnerTest, WhoeverDoesNotAnswerHasFailed) {
  const std::string gone = "http://127.0.0.1:" + std::to_string(test::refused_port());
  const std::string detail = until(errand("a", gone), Outcome::Failed, 1);
  EXPECT_NE(detail.find("Connection refused"), std::string::npos) << detail;
  EXPECT_EQ(runner.answers().at("a").status, 0U);
}

TEST_F(ErrandRunnerTest, ItsTimeoutIsItsOwn) {
  FakeUpstream hanging(test::never_answers());
  Errand one = errand("a", hanging.url());
  one.timeout = milliseconds(50);
  EXPECT_EQ(until(one, Outcome::Failed, 1), "no answer within 0.05 s");
}

TEST_F(ErrandRunnerTest, RetriesComeAfterPausesThatGrow) {
  Hook hook;
  Errand one = errand("a", hook.url());
  one.retries = 7;
  std::uint32_t tries = 0;
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    hook.say(503, "busy " + std::to_string(++tries));
    EXPECT_TRUE(says(one, "answered 503: busy " + std::to_string(tries)));
    EXPECT_EQ(runner.answers().at("a").state, Outcome::Running);
    clock.advance(seconds(pause) - milliseconds(1));
    EXPECT_EQ(tick({one}).at("a").tries, tries);
    EXPECT_EQ(runner.answers().at("a").tries, tries) << "not before " << pause << " s";
    clock.advance(milliseconds(1));
  }
  hook.say(503, "still busy");
  EXPECT_EQ(until(one, Outcome::Refused, 8), "answered 503: still busy");
  clock.advance(std::chrono::hours(1));
  tick({one});
  EXPECT_EQ(runner.answers().at("a").tries, 8U) << "then it stands";
  EXPECT_EQ(hook.server().request_count(), 8U);
}

TEST_F(ErrandRunnerTest, ARetryThatGoesWellIsASuccess) {
  Hook hook;
  hook.say(500);
  Errand one = errand("a", hook.url());
  one.retries = 3;
  ASSERT_TRUE(says(one, "answered 500"));
  hook.say(200);
  clock.advance(seconds(1));
  EXPECT_EQ(until(one, Outcome::Succeeded, 2), "answered 200");
}

TEST_F(ErrandRunnerTest, AGateIsAskedAgainUntilItOpens) {
  Hook hook;
  hook.say(403, "not yet");
  Errand gate = errand("gate", hook.url());
  gate.again = seconds(10);
  EXPECT_EQ(until(gate, Outcome::Refused, 1), "answered 403: not yet");
  clock.advance(seconds(9));
  EXPECT_EQ(tick({gate}).at("gate").tries, 1U);
  hook.say(403, "still not");
  clock.advance(seconds(1));
  EXPECT_TRUE(says(gate, "answered 403: still not"));
  EXPECT_EQ(runner.answers().at("gate").state, Outcome::Refused);
  hook.say(200);
  clock.advance(seconds(10));
  EXPECT_EQ(until(gate, Outcome::Succeeded, 3), "answered 200");
  hook.say(403);
  clock.advance(seconds(100));
  EXPECT_EQ(tick({gate}).at("gate").state, Outcome::Succeeded) << "a yes stands";
  EXPECT_EQ(hook.server().request_count(), 3U);
}

TEST_F(ErrandRunnerTest, AGateThatNobodyAnswersIsAskedAgainToo) {
  Errand gate = errand("gate", "http://127.0.0.1:" + std::to_string(test::refused_port()));
  gate.again = seconds(10);
  until(gate, Outcome::Failed, 1);
  Hook hook;
  gate.url = hook.url();
  clock.advance(seconds(10));
  EXPECT_EQ(until(gate, Outcome::Succeeded, 2), "answered 200");
}

TEST_F(ErrandRunnerTest, WhatIsNoLongerNamedIsCancelledAndForgotten) {
  FakeUpstream hanging(test::never_answers());
  runner.keep({errand("a", hanging.url())}, {});
  hanging.request(0);
  runner.keep({}, {});
  EXPECT_TRUE(runner.answers().empty());
  EXPECT_TRUE(test::eventually([&] { return hanging.open_connections() == 0; }));
}

TEST_F(ErrandRunnerTest, AKeyThatComesBackIsAskedAgain) {
  Hook hook;
  const Errand one = errand("a", hook.url());
  until(one, Outcome::Succeeded, 1);
  runner.keep({}, {});
  hook.say(500);
  EXPECT_EQ(until(one, Outcome::Refused, 1), "answered 500");
  EXPECT_EQ(hook.server().request_count(), 2U);
}

TEST_F(ErrandRunnerTest, MoreErrandsThanFitAreAllRunInTheEnd) {
  Hook hook;
  std::vector<Errand> many;
  for (int i = 0; i < 1500; ++i) many.push_back(errand(std::to_string(i), hook.url()));
  EXPECT_TRUE(test::eventually(
      [&] {
        runner.keep(many, {});
        const auto answers = runner.answers();
        return std::all_of(answers.begin(), answers.end(),
                           [](const auto& answer) { return answer.second.state == Outcome::Succeeded; });
      },
      3 * test::kPatience));
  EXPECT_EQ(hook.server().request_count(), 1500U);
}

TEST_F(ErrandRunnerTest, AnEndWithErrandsUnderWayIsHarmless) {
  FakeUpstream hanging(test::never_answers());
  {
    ErrandRunner other(fetcher, clock);
    other.keep({errand("a", hanging.url())}, {query("q", hanging.url())});
    other.send(errand("b", hanging.url()));
    hanging.request(2);
  }
  EXPECT_TRUE(test::eventually([&] { return hanging.open_connections() == 0; }));
}

// --- what is sent and forgotten ---

TEST_F(ErrandRunnerTest, WhatIsSentIsTriedAgainAndNobodyIsToldOfIt) {
  Hook hook;
  hook.say(500);
  Errand event = errand("event", hook.url());
  event.retries = 1;
  runner.send(event);
  hook.server().request(0);
  EXPECT_TRUE(test::eventually([&] {
    clock.advance(seconds(1));
    return tick({}).empty() && hook.server().request_count() == 2;
  }));
  for (int i = 0; i < 20; ++i) {
    clock.advance(seconds(60));
    EXPECT_TRUE(tick({}).empty());
  }
  EXPECT_EQ(hook.server().request_count(), 2U);
}

TEST_F(ErrandRunnerTest, TheSameEventMayBeSentTwice) {
  Hook hook;
  runner.send(errand("event", hook.url()));
  runner.send(errand("event", hook.url()));
  hook.server().request(1);
}

TEST_F(ErrandRunnerTest, BeyondTheBoundTheOldestIsDropped) {
  FakeUpstream hanging(test::never_answers());
  Hook hook;
  ErrandRunner bounded(fetcher, clock, {.sent = 2});
  bounded.send(errand("first", hanging.url()));
  hanging.request(0);
  bounded.send(errand("second", hanging.url()));
  hanging.request(1);
  EXPECT_EQ(hanging.open_connections(), 2U);
  bounded.send(errand("third", hook.url()));
  EXPECT_TRUE(test::eventually([&] { return hanging.open_connections() == 1; }));
  hook.server().request(0);
}

// --- queries ---

std::string prometheus_says(const std::string& value) {
  return R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,")" + value + "\"]}]}}";
}

TEST_F(ErrandRunnerTest, AQueryIsAskedAtTheApiOfItsServer) {
  Hook hook;
  hook.say(200, prometheus_says("0.5"));
  const QueryAnswer answer = value(query("q", hook.server().url() + "/prefix/", "up > 0"));
  EXPECT_EQ(answer.state, QueryAnswer::State::Value);
  EXPECT_DOUBLE_EQ(answer.value, 0.5);
  EXPECT_EQ(answer.at, clock.wall_now());
  EXPECT_EQ(hook.server().request(0).start_line, "GET /prefix/api/v1/query?query=up%20%3E%200 HTTP/1.1");
}

TEST_F(ErrandRunnerTest, AValueIsAskedForAgainWhenItIsOldAndStandsMeanwhile) {
  Hook hook;
  hook.say(200, prometheus_says("1"));
  const Query one = query("q", hook.server().url());
  EXPECT_DOUBLE_EQ(value(one).value, 1);
  hook.say(200, prometheus_says("2"));
  clock.advance(seconds(9));
  for (int i = 0; i < 5; ++i) EXPECT_DOUBLE_EQ(value(one).value, 1);
  EXPECT_EQ(hook.server().request_count(), 1U);
  clock.advance(seconds(1));
  EXPECT_TRUE(test::eventually([&] {
    const QueryAnswer answer = value(one);
    EXPECT_EQ(answer.state, QueryAnswer::State::Value) << "there is always one";
    return answer.value == 2;
  }));
  EXPECT_EQ(runner.values().at("q").at, clock.wall_now());
}

TEST_F(ErrandRunnerTest, AServerThatHangsOrIsGoneFailsTheQueryAndNothingElse) {
  FakeUpstream hanging(test::never_answers());
  Query one = query("q", hanging.url());
  one.timeout = milliseconds(50);
  const QueryAnswer failed = value(one);
  EXPECT_EQ(failed.state, QueryAnswer::State::Failed);
  EXPECT_EQ(failed.detail, "no answer within 0.05 s");
  Hook hook;
  hook.say(200, prometheus_says("3"));
  one.address = hook.server().url();
  one.timeout = seconds(5);
  EXPECT_DOUBLE_EQ(value(one).value, 3) << "another server is asked at once";
}

TEST_F(ErrandRunnerTest, AnotherQueryUnderTheSameKeyStartsAnew) {
  Hook hook;
  hook.say(200, prometheus_says("1"));
  Query one = query("q", hook.server().url());
  EXPECT_DOUBLE_EQ(value(one).value, 1);
  hook.say(200, prometheus_says("2"));
  one.promql = "down";
  runner.keep({}, {one});
  EXPECT_DOUBLE_EQ(value(one).value, 2);
}

TEST_F(ErrandRunnerTest, AThousandErrandsThatHangLeavePlacesForValues) {
  FakeUpstream hanging(test::never_answers());
  Hook hook;
  hook.say(200, prometheus_says("1"));
  std::vector<Errand> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back(errand(std::to_string(i), hanging.url()));
    many.back().timeout = std::chrono::minutes(10);
  }
  EXPECT_TRUE(test::eventually([&] {
    runner.keep(many, {query("q", hook.server().url())});
    return runner.values()["q"].state == QueryAnswer::State::Value;
  }));
}

TEST_F(ErrandRunnerTest, AQueryThatIsNoLongerNamedIsForgotten) {
  Hook hook;
  hook.say(200, prometheus_says("1"));
  value(query("q", hook.server().url()));
  runner.keep({}, {});
  EXPECT_TRUE(runner.values().empty());
}

}  // namespace
}  // namespace sluice::app
