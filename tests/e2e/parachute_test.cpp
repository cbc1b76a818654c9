// What a candidate fails, stable answers; the failure stays the candidate's.
#include <cmath>

#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// Only where a candidate's silence is waited for: stable has no more time than it.
const std::string kShort =
    kSanitized ? "timeouts: {request: 30s, backendRequest: 1s}\n" : "timeouts: {request: 8s, backendRequest: 250ms}\n";

double total(const MetricsText& metrics, const char* name, const Labels& labels = {}) {
  return metrics.value(std::string("sluice_") + name, labels);
}

/// How a candidate fails all of its calls, and the reason under which that is counted.
struct Failing {
  const char* name;
  FakeUpstream::Script script;
  const char* reason;
};

void PrintTo(const Failing& given, std::ostream* out) {
  *out << given.name;
}

class Parachute : public testing::TestWithParam<Failing> {};

TEST_P(Parachute, OfACandidateThatFailsEveryCallClientsSeeNoError) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(GetParam().script);
  const bool is_silent = std::string_view(GetParam().reason) == "response_timeout";
  SluiceProcess sluice(
      canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate), is_silent ? kShort : ""));
  const int count = is_silent ? 24 : 60;
  RawClient client(sluice.port());
  for (int i = 0; i < count; ++i) {
    const auto response = client.post("/", "x");
    ASSERT_EQ(response.status(), 200) << i << " " << response.body;
    EXPECT_EQ(response.body, "stable");
    EXPECT_EQ(version_of(response), "v1");
    EXPECT_FALSE(response.has("connection"));
  }
  EXPECT_EQ(sluice.metric_becomes(count, "sluice_requests_total", {{"version", "v1"}, {"code", "200"}}), count);
  const auto metrics = sluice.metrics();
  const double fallen = total(metrics, "decisions_total", {{"version", "v1"}, {"reason", "fallback"}});
  EXPECT_NEAR(fallen, count * 0.5, 6 * std::sqrt(count * 0.25));
  EXPECT_EQ(total(metrics, "decisions_total", {{"version", "v2"}, {"reason", "weight"}}), fallen);
  EXPECT_EQ(total(metrics, "decisions_total", {{"version", "v1"}, {"reason", "weight"}}), count - fallen);
  EXPECT_EQ(total(metrics, "fallbacks_total", {{"version", "v2"}, {"reason", GetParam().reason}}), fallen);
  EXPECT_EQ(total(metrics, "fallbacks_total"), fallen) << "under another reason, or stable's";
  EXPECT_EQ(total(metrics, "requests_total", {{"version", "v2"}}), 0) << "no client got an answer of v2";
  EXPECT_EQ(total(metrics, "requests_total"), count);
  EXPECT_EQ(total(metrics, "request_failures_total"), 0);
  EXPECT_EQ(total(metrics, "retries_total"), 0) << "stable comes before another try at the candidate";
  expect_quiet(sluice);
}

INSTANTIATE_TEST_SUITE_P(
    OfACandidate, Parachute,
    testing::Values(
        Failing{"ThatAnswers500", answers(500, "no"), "server_error"},
        Failing{"ThatAnswers503WithRetryAfter", answers(503, "no", {{"Retry-After", "600"}}), "server_error"},
        Failing{"ThatAnswers504", answers(504, std::string(100000, 'x')), "server_error"},
        Failing{"ThatResets", in_turn({resetting()}), "reset"},
        Failing{"ThatResetsWithinTheBody",
                [](Conversation& gateway) {
                  gateway.read_head();
                  gateway.reset();
                },
                "reset"},
        Failing{"ThatCloses", in_turn({saying("")}), "reset"},
        Failing{"ThatHangs", in_turn({silent()}), "response_timeout"},
        Failing{"ThatHangsInTheHead", in_turn({[](Conversation& gateway, const HttpMessage&) {
                  gateway.send("HTTP/1.1 200 OK\r\nContent-Ty");
                  gateway.sees_close();
                  return false;
                }}),
                "response_timeout"},
        Failing{"ThatSpeaksNoHttp", in_turn({saying("220 mail ready\r\n\r\n")}), "bad_response"},
        Failing{"ThatLiesAboutItsFraming",
                in_turn({saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")}), "bad_response"},
        Failing{"ThatTurnsToGarbage", in_turn({saying(std::string("HTTP/1.1 200 OK\r\nX-\0\r\n\r\n", 25))}),
                "bad_response"},
        Failing{"WhoseBodyIsGarbage",
                in_turn({saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n")}), "bad_response"},
        Failing{"ThatDiesInTheHead", in_turn({saying("HTTP/1.1 200 OK\r\nContent-Ty")}), "reset"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Parachutes, OfACandidateThatRefusesConnections) {
  FakeUpstream stable("stable");
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable),
                                     version_yaml("v2", "http://127.0.0.1:" + std::to_string(refused_port()))));
  RawClient client(sluice.port());
  for (int i = 0; i < 60; ++i) ASSERT_EQ(client.post("/", "x").body, "stable");
  const double fallen = sluice.metrics().value("sluice_decisions_total", {{"reason", "fallback"}});
  EXPECT_GT(fallen, 0);
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total", {{"version", "v2"}, {"reason", "connect_failed"}}),
            fallen);
}

TEST(Parachutes, OfACandidateThatNobodyAccepts) {
  const DeafListener deaf;
  FakeUpstream stable("stable");
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable),
                                     version_yaml("v2", "http://127.0.0.1:" + std::to_string(deaf.port())),
                                     "timeouts: {connect: 150ms}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.post("/", "x").body, "stable");
  EXPECT_GT(sluice.metrics().value("sluice_fallbacks_total", {{"version", "v2"}, {"reason", "connect_timeout"}}), 0);
}

TEST(Parachutes, OfAnAbTestLandAtItsControl) {
  FakeUpstream control("control");
  FakeUpstream bad(answers(500, "no"));
  SluiceProcess sluice(tries_policy({version_yaml("bad", bad), version_yaml("good", control)},
                                    "strategy: {abTest: {variants: [{version: bad, weight: 1}, "
                                    "{version: good, weight: 1}], control: good}}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 40; ++i) ASSERT_EQ(client.get("/").body, "control");
  EXPECT_GT(sluice.metrics().value("sluice_fallbacks_total", {{"version", "bad"}, {"reason", "server_error"}}), 0);
  EXPECT_GT(sluice.metrics().value("sluice_decisions_total", {{"version", "good"}, {"reason", "fallback"}}), 0);
}

TEST(Parachutes, WhatStableFailsNobodyCatches) {
  FakeUpstream stable(answers(500, "stable failed"));
  FakeUpstream candidate("candidate");
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
  RawClient client(sluice.port());
  for (int i = 0; i < 40; ++i) {
    const auto response = client.get("/");
    EXPECT_EQ(response.status(), version_of(response) == "v1" ? 500 : 200);
  }
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"), 0);
}

TEST(Parachutes, WhenBothFailTheClientGetsStablesFailure) {
  FakeUpstream stable(answers(503, "stable failed"));
  FakeUpstream candidate(answers(500, "candidate failed"));
  SluiceProcess sluice(
      canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate), "retry: {attempts: 0}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 30; ++i) {
    const auto response = client.post("/", "x");
    EXPECT_EQ(response.status(), 503);
    EXPECT_EQ(response.body, "stable failed");
    EXPECT_EQ(version_of(response), "v1");
  }
  EXPECT_EQ(stable.request_count(), 30u) << "and it is not asked twice";
  EXPECT_EQ(sluice.metric_becomes(30, "sluice_requests_total", {{"version", "v1"}, {"code", "503"}}), 30);
}

TEST(Parachutes, StableIsRetriedByTheSameRules) {
  FakeUpstream stable(in_turn({answering(503), answering(200, "stable")}));
  FakeUpstream candidate(answers(500, "no"));
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
  RawClient client(sluice.port());
  for (int i = 0; i < 10; ++i) ASSERT_EQ(client.post("/", "x").body, "stable");
  expect_retries(sluice, 1, 1, {{"version", "v1"}});
  expect_retries(sluice, 0, 0, {{"version", "v2"}});
}

// --- what is not caught ---

TEST(Parachutes, AreNotForAnswersThatAreTheClientsDoing) {
  for (const int status : {400, 404, 409, 422, 429}) {
    FakeUpstream stable("stable");
    FakeUpstream candidate(answers(status, "candidate"));
    SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
    RawClient client(sluice.port());
    int own = 0;
    for (int i = 0; i < 30; ++i) own += client.post("/", "x").status() == status ? 1 : 0;
    EXPECT_GT(own, 0) << status;
    EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"), 0) << status;
    EXPECT_EQ(sluice.metric_becomes(own, "sluice_requests_total", {{"version", "v2"}}), own);
  }
}

TEST(Parachutes, AreNotForWhoAsksForTheCandidateByName) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(answers(500, "candidate"));
  SluiceProcess sluice(
      canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate), "pinning: {allow: Everyone}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 10; ++i) {
    const auto response = client.post("/", "x", {{"x-sluice-version", "v2"}});
    EXPECT_EQ(response.status(), 500);
    EXPECT_EQ(response.body, "candidate");
  }
  EXPECT_EQ(stable.request_count(), 0u);
  EXPECT_EQ(sluice.metrics().value("sluice_decisions_total", {{"reason", "pin"}}), 10);
  EXPECT_EQ(client.post("/", "x", {{"x-sluice-version", "v1"}}).status(), 200);
}

TEST(Parachutes, CanBeLeftAtHome) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(answers(500, "candidate"));
  SluiceProcess sluice(
      canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate), {}, "parachute: false"));
  RawClient client(sluice.port());
  int failed = 0;
  for (int i = 0; i < 40; ++i) failed += client.post("/", "x").status() == 500 ? 1 : 0;
  EXPECT_GT(failed, 0);
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"), 0);
}

TEST(Parachutes, AnAnswerThatBeganAndDiedIsAReset) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(in_turn({saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")}));
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
  int cut_off = 0;
  for (int i = 0; i < 30; ++i) {
    RawClient client(sluice.port());
    const auto response = client.post("/", "x");
    if (version_of(response) == "v1") continue;
    ++cut_off;
    EXPECT_EQ(response.body, "half");
    EXPECT_FALSE(response.complete);
  }
  EXPECT_GT(cut_off, 0);
  EXPECT_EQ(sluice.metric_becomes(cut_off, "sluice_request_failures_total", {{"version", "v2"}, {"reason", "reset"}}),
            cut_off);
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"), 0);
}

TEST(Parachutes, TheDeadlineOfTheRequestHoldsOverBoth) {
  FakeUpstream stable(never_answers());
  FakeUpstream candidate(in_turn({silent()}));
  // So far apart that one who looks late does not take both for over at once.
  const std::chrono::milliseconds request = kSanitized ? 2400ms : 600ms;
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate),
                                     "timeouts: {request: " + written(request) +
                                         ", backendRequest: " + written(request * 2 / 3) + "}\nretry: {attempts: 0}"));
  RawClient client(sluice.port());
  int fallen = 0;
  for (int i = 0; fallen < 2; ++i) {
    ASSERT_LT(i, 40) << "both had a whole timeout of their own";
    HttpMessage response;
    const auto took = time_of([&] { response = client.post("/", "x"); });
    EXPECT_EQ(response.status(), 504);
    EXPECT_LT(took, request + (kSanitized ? 10s : 3s));
    if (response.field("x-sluice-error") != "request_timeout") continue;
    ++fallen;
    EXPECT_GE(took, request - 10ms);
    EXPECT_EQ(version_of(response), "v1");
  }
  EXPECT_EQ(sluice.metric_becomes(fallen, "sluice_fallbacks_total", {{"reason", "response_timeout"}}), fallen);
  expect_quiet(sluice);
}

TEST(Parachutes, AClientThatLeavesIsNotTheCandidatesFailure) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(in_turn({silent()}));
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
  int left = 0;
  while (left < 5) {
    RawClient client(sluice.port());
    const std::size_t before = candidate.request_count();
    const std::size_t answered = stable.request_count();
    client.send(request_text("POST", "/", "x"));
    ASSERT_TRUE(eventually([&] { return candidate.request_count() + stable.request_count() > before + answered; }));
    if (candidate.request_count() == before) {
      EXPECT_EQ(client.read_response().body, "stable") << "nobody leaves there";
      continue;
    }
    client.reset();
    ++left;
    EXPECT_TRUE(eventually([&] { return candidate.open_connections() == 0; })) << "the candidate works for nobody";
  }
  EXPECT_EQ(sluice.metric_becomes(left, "sluice_request_failures_total", {{"reason", "client_abort"}}), left);
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"), 0);
  EXPECT_EQ(sluice.metrics().value("sluice_decisions_total", {{"reason", "fallback"}}), 0);
  expect_quiet(sluice);
}

// --- bodies ---

class ParachuteBodies : public testing::TestWithParam<std::tuple<std::size_t, bool>> {};

TEST_P(ParachuteBodies, ReachStableWhole) {
  const auto [size, in_chunks] = GetParam();
  auto keep = std::make_shared<std::atomic<int>>(0);
  FakeUpstream stable(echo());
  FakeUpstream candidate([keep](Conversation& gateway) {
    for (;;) {
      switch (keep->fetch_add(1) % 4) {
        case 0:  // reads nothing of the body
          gateway.read_head();
          return gateway.reset();
        case 1:  // answers before the body came
          gateway.read_head();
          gateway.answer(500, "early", {{"Connection", "close"}});
          gateway.sees_close();
          return;
        case 2:
          gateway.read_request();
          gateway.answer(500, "no");
          break;
        default:
          gateway.read_request();
          return;
      }
    }
  });
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
  RawClient client(sluice.port());
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 131 + i / 65521);
  const int count = 40;
  for (int i = 0; i < count; ++i) {
    const auto response =
        in_chunks ? client.exchange(request_text("POST", "/", chunked(body, 10007), {{"Transfer-Encoding", "chunked"}}))
                  : client.post("/", body);
    ASSERT_EQ(response.status(), 200) << i << response.body.substr(0, 200);
    ASSERT_TRUE(response.body == body) << i;
  }
  EXPECT_GE(keep->load(), 8) << "the candidate failed in every way";
  EXPECT_EQ(sluice.metric_becomes(count, "sluice_requests_total", {{"version", "v1"}, {"code", "200"}}), count);
  expect_quiet(sluice);
}

INSTANTIATE_TEST_SUITE_P(Of, ParachuteBodies,
                         testing::Combine(testing::Values(1024, 100 << 10, 900 << 10), testing::Bool()),
                         [](const auto& test) {
                           return std::to_string(std::get<0>(test.param) >> 10) + "KiB" +
                                  (std::get<1>(test.param) ? "InChunks" : "");
                         });

TEST(Parachutes, BringEveryRequestToStableOnce) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(answers(500, "no"));
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), version_yaml("v2", candidate)));
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.post("/", std::to_string(i)).body, "stable");
  std::multiset<std::string> bodies;
  for (const auto& request : stable.requests()) bodies.insert(request.body);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(bodies.count(std::to_string(i)), 1u);
}

TEST(Parachutes, CarryManyClientsAtOnce) {
  FakeUpstream stable("stable");
  FakeUpstream candidate(in_turn({resetting()}));
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {version_yaml("v1", stable), version_yaml("v2", candidate)},
                                                   "ejection: {enabled: false}\n"
                                                   "strategy: {canary: {stable: v1, candidate: v2, "
                                                   "steps: [{setWeight: 50}, {pause: {}}]}}"));
  Load load(sluice.port(), 8, request_text("POST", "/", std::string(20000, 'x')));
  EXPECT_TRUE(load.answers(kSanitized ? 300 : 2000));
  const auto failures = load.stop();
  EXPECT_TRUE(failures.empty()) << failures.front();
  const auto answered = static_cast<double>(load.answered());
  EXPECT_EQ(sluice.metric_becomes(answered, "sluice_requests_total", {{"code", "200"}}), answered);
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"),
            sluice.metrics().value("sluice_decisions_total", {{"reason", "fallback"}}));
  expect_quiet(sluice);
}

}  // namespace
}  // namespace sluice::test
