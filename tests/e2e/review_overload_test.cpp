// Limits, queues and records with requests whose bodies do not come with their heads, and with reloads in between.
#include "e2e/overload.hpp"
#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// More than comes with a head.
const std::string kLarge(8000, 'x');

std::string post(const std::string& body) {
  return request_text("POST", "/", body);
}

// --- adaptive limits ---

TEST(OverloadReview, AnAnswerToARequestOfBeforeBringsNoLimitBackThatAReloadRemoved) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream, "adaptiveConcurrency: {min: 2, max: 8}", "workers: 1"));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_concurrency_limit"), 2);
  RawClient first(sluice.port());
  first.send(post("first"));
  upstream.request(0);
  sluice.write_policy(policy_for(upstream, {}, "workers: 1"));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_concurrency_limit"), 0);
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(first.post("/", "again").body, "again");
  EXPECT_EQ(sluice.metrics().value("sluice_concurrency_limit"), 0);
}

TEST(OverloadReview, AnAdaptiveLimitGrowsWithRequestsWhoseBodiesComeAfterTheirHeads) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream,
                                  "limits: {requestsInFlight: 1000, waiting: 1000}\n"
                                  "adaptiveConcurrency: {min: 1, max: 3}",
                                  "workers: 1"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_concurrency_limit"), 1);
  Load load(sluice.port(), 8, post(kLarge));
  EXPECT_TRUE(eventually([&] { return sluice.metrics().value("sluice_concurrency_limit") >= 2; }));
  load.stop();
}

// --- clients that leave while they wait ---

struct QueueCase {
  const char* name;
  const char* gateway;
  const char* route;
};

class OverloadReviewQueue : public testing::TestWithParam<QueueCase> {};

TEST_P(OverloadReviewQueue, NobodyWorksForAClientThatLeftBeforeItsBodyWasRead) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream, GetParam().route, std::string("workers: 1\n") + GetParam().gateway));
  RawClient first(sluice.port());
  first.send(post("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(post(kLarge));
  const std::string route = *GetParam().route == '\0' ? "" : "model";
  const auto waiting_become = [&](double count) {
    return sluice.metric_becomes(count, "sluice_requests_waiting", {{"route", route}, {"version", ""}});
  };
  EXPECT_EQ(waiting_become(1), 1);
  RawClient third(sluice.port());
  third.send(post(kLarge));
  EXPECT_EQ(waiting_become(2), 2);
  second.close();
  gate.open();
  EXPECT_TRUE(third.read_response().body == kLarge) << "one that stays is served";
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
  EXPECT_EQ(upstream.request_count(), 2u);
  EXPECT_EQ(upstream.connections(), 1u);
  EXPECT_EQ(waiting_become(0), 0);
  expect_quiet(sluice);
}

INSTANTIATE_TEST_SUITE_P(
    Levels, OverloadReviewQueue,
    testing::Values(QueueCase{"Gateway", "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}", ""},
                    QueueCase{"Route", "", "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}"}),
    [](const auto& info) { return std::string(info.param.name); });

// --- requests kept for warm-ups ---

struct RecordCase {
  const char* name;
  const char* retry;
  std::string request;
  std::string body;
};

class OverloadReviewRecord : public testing::TestWithParam<RecordCase> {};

TEST_P(OverloadReviewRecord, ARequestWhoseBodyComesAfterItsHeadWarmsUpANewEndpoint) {
  FakeUpstream old(echo());
  FakeUpstream fresh(echo());
  const auto policy = [&](const std::vector<std::string>& urls) {
    return gateway_yaml("workers: 1") +
           route_yaml("model", {version_yaml("v1", urls)},
                      std::string("warmUp: {recorded: {last: 5, bodyBytes: 300KiB}}\n") + GetParam().retry);
  };
  SluiceProcess sluice(policy({old.url()}));
  RawClient client(sluice.port());
  EXPECT_TRUE(client.exchange(GetParam().request).body == GetParam().body);
  client.get("/after");  // what belongs to the first is done
  sluice.write_policy(policy({old.url(), fresh.url()}));
  const auto warm_up = fresh.request(0);
  EXPECT_EQ(warm_up.field("x-sluice-warmup"), "true");
  EXPECT_TRUE(warm_up.body == GetParam().body) << warm_up.body.size();
  EXPECT_TRUE(warm_up.complete);
}

std::string large_and_chunked() {
  return "POST / HTTP/1.1\r\nHost: model\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(kLarge, 500, {});
}

INSTANTIATE_TEST_SUITE_P(Bodies, OverloadReviewRecord,
                         testing::Values(RecordCase{"OfAKnownLength", "", post(kLarge), kLarge},
                                         RecordCase{"OfMoreThanOneBlock", "", post(std::string(290000, 'y')),
                                                    std::string(290000, 'y')},
                                         RecordCase{"InChunks", "", large_and_chunked(), kLarge},
                                         RecordCase{"WithoutRetries", "retry: {attempts: 0}", post(kLarge), kLarge}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(OverloadReview, ABodyThatIsKeptForWarmUpsAloneIsNotSentTwice) {
  for (const std::string retry : {"retry: {bodyBytes: 1KiB}", "retry: {attempts: 0}"}) {
    const TwoEndpoints endpoints(in_turn({resetting(), echoing()}));
    SluiceProcess sluice(
        tries_policy({endpoints.version()}, retry + "\nwarmUp: {recorded: {last: 5, bodyBytes: 64KiB}}"));
    RawClient client(sluice.port());
    EXPECT_EQ(client.post("/", kLarge).status(), 502) << retry;
    EXPECT_EQ(endpoints.requests(), 1u) << retry;
  }
}

TEST(OverloadReview, ARequestThatIsLargerThanTheRecordIsNotKept) {
  FakeUpstream old(echo());
  FakeUpstream fresh(echo());
  const auto policy = [&](const std::vector<std::string>& urls) {
    return gateway_yaml("workers: 1") +
           route_yaml("model", {version_yaml("v1", urls)}, "warmUp: {recorded: {last: 5, bodyBytes: 7999B}}");
  };
  SluiceProcess sluice(policy({old.url()}));
  RawClient client(sluice.port());
  EXPECT_TRUE(client.post("/", kLarge).body == kLarge);
  const std::string fits(7999, 'z');
  EXPECT_TRUE(client.post("/", fits).body == fits);
  client.get("/after");
  sluice.write_policy(policy({old.url(), fresh.url()}));
  EXPECT_TRUE(fresh.request(0).body == fits) << "the first that fits is the first that is kept";
}

}  // namespace
}  // namespace sluice::test
