// Endpoints and versions that are taken out of a running gateway, and let in again.
#include "e2e/operator.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

const std::string kGet = request_text("GET", "/");

/// One version with two endpoints.
std::string pair_policy(const FakeUpstream& first, const FakeUpstream& second, std::string_view route_spec = {}) {
  return gateway_yaml() +
         route_yaml("model", {version_yaml("v1", std::vector<std::string>{first.url(), second.url()})}, route_spec);
}

TEST(DrainEndpoints, OneOfTwoUnderLoadFailsNothingAndGetsNothingMore) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(pair_policy(first, second));
  const Operator admin(sluice);
  Load load(sluice.port(), 4, kGet);
  ASSERT_TRUE(load.answers(200));
  const auto drained = admin.verb({"drain", "model", "--endpoint", address_of(first), "--wait"});
  EXPECT_EQ(drained.exit.code, 0) << drained.err;
  EXPECT_EQ(drained.out, "drained: " + address_of(first) + " of model, 1 endpoint, 0 requests in flight\n");
  const auto before = first.request_count();
  ASSERT_TRUE(load.answers(500));
  EXPECT_EQ(first.request_count(), before);
  EXPECT_EQ(admin.endpoint("model", address_of(first))["state"], "draining");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_endpoints", {{"state", "draining"}}), 1);
  first.stop();
  ASSERT_TRUE(load.answers(500)) << "what is drained may die";
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
}

TEST(DrainEndpoints, WhatWasLetInAgainGetsRequests) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(pair_policy(first, second));
  const Operator admin(sluice);
  EXPECT_EQ(admin.drain({{"route", "model"}, {"endpoint", address_of(first)}}).status(), 200);
  Load load(sluice.port(), 2, kGet);
  ASSERT_TRUE(load.answers(100));
  const auto before = first.request_count();
  const auto undone = admin.verb({"drain", "model/v1", "--endpoint", first.url(), "--undo"});
  EXPECT_EQ(undone.exit.code, 0) << undone.err;
  EXPECT_TRUE(eventually([&] { return first.request_count() > before; }));
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
}

TEST(DrainEndpoints, OrdersAreIdempotent) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(pair_policy(first, second));
  const Operator admin(sluice);
  nlohmann::json order{{"route", "model"}, {"version", "v1"}, {"endpoint", address_of(first)}};
  const auto changed = [&] {
    const auto answer = admin.drain(order);
    EXPECT_EQ(answer.status(), 200) << answer.body;
    return nlohmann::json::parse(answer.body)["changed"].get<int>();
  };
  EXPECT_EQ(changed(), 1);
  EXPECT_EQ(changed(), 0);
  order["undo"] = true;
  EXPECT_EQ(changed(), 1);
  EXPECT_EQ(changed(), 0);
}

TEST(DrainEndpoints, TheLastOneOfAVersionStaysUnlessAnotherVersionAnswers) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(pair_policy(first, second));
  const Operator admin(sluice);
  EXPECT_EQ(admin.drain({{"route", "model"}, {"endpoint", address_of(first)}}).status(), 200);
  const auto last = admin.drain({{"route", "model"}, {"endpoint", address_of(second)}});
  EXPECT_EQ(last.status(), 409);
  EXPECT_NE(error_of(last).find("no endpoint"), std::string::npos) << last.body;
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "two");
}

TEST(DrainEndpoints, ACandidateAsAWholeUnderLoadIsAnsweredByStable) {
  FakeUpstream stable("stable");
  FakeUpstream candidate("candidate");
  SluiceProcess sluice(
      gateway_yaml() +
      route_yaml("model", {version_yaml("v1", stable), version_yaml("v2", candidate)},
                 "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}, {pause: {}}]}}"));
  const Operator admin(sluice);
  Load load(sluice.port(), 4, kGet);
  ASSERT_TRUE(load.answers(200));
  const auto drained = admin.verb({"drain", "model/v2", "--wait"});
  EXPECT_EQ(drained.exit.code, 0) << drained.err;
  const auto before = candidate.request_count();
  candidate.stop();
  ASSERT_TRUE(load.answers(300));
  EXPECT_EQ(candidate.request_count(), before);
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
  EXPECT_EQ(admin.verb({"drain", "model/v1"}).exit.code, 1) << "nobody answers for stable";
}

TEST(DrainEndpoints, AnOpenStreamKeepsTheWaitWaiting) {
  Gate gate;
  FakeUpstream streams([&](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
      gateway.wait_for(gate);
      gateway.send("0\r\n\r\n");
    }
  });
  FakeUpstream other("other");
  SluiceProcess sluice(pair_policy(streams, other));
  const Operator admin(sluice);
  std::vector<std::unique_ptr<RawClient>> clients;
  ASSERT_TRUE(eventually([&] {
    clients.push_back(std::make_unique<RawClient>(sluice.port()));
    clients.back()->send(kGet);
    clients.back()->read_until("\r\n\r\n");
    return streams.request_count() == 1;
  })) << "two endpoints share the requests";
  const auto early = admin.verb({"drain", "model", "--endpoint", address_of(streams), "--wait", "--timeout", "300ms"});
  EXPECT_EQ(early.exit.code, 1);
  EXPECT_NE(early.err.find("1 requests in flight"), std::string::npos) << early.err;
  gate.open();
  EXPECT_EQ(admin.verb({"drain", "model", "--endpoint", address_of(streams), "--wait"}).exit.code, 0);
}

TEST(DrainEndpoints, AReloadForgetsNoDrain) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(pair_policy(first, second));
  const Operator admin(sluice);
  admin.drain({{"route", "model"}, {"endpoint", address_of(first)}});
  replace_file(sluice.policy_path(), pair_policy(first, second, "timeouts: {request: 20s}"));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  EXPECT_EQ(admin.endpoint("model", address_of(first))["state"], "draining");
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "two");
}

}  // namespace
}  // namespace sluice::test
