// What requests show by themselves: told by the workers, read from answers on their way to the client.
#include "rollout_fixture.hpp"
#include "sluice/base/stable_hash.hpp"
#include "sluice/outcomes/answer_value.hpp"
#include "sluice/outcomes/observation_ring.hpp"

namespace sluice::gateway {
namespace {

using outcomes::Observation;
using outcomes::Unread;
using test::FakeUpstream;
using test::RawClient;

outcomes::AnswerField answer_field(policy::AnswerPart part, const std::string& name) {
  outcomes::AnswerField field;
  field.part = part;
  field.type = policy::OutcomeType::Value;
  field.name = name;
  if (part == policy::AnswerPart::JsonPointer) field.pointer = {name};
  return field;
}

/// A header, and a value in the JSON body.
Route read_route(const std::vector<Backend>& backends, std::optional<traffic::Field> unit = {}) {
  Route route = route_of(backends, std::move(unit));
  route.observed = true;
  route.window = 5;
  route.answers = std::make_shared<const outcomes::AnswerFields>(outcomes::AnswerFields{
      answer_field(policy::AnswerPart::Header, "x-score"), answer_field(policy::AnswerPart::JsonPointer, "score")});
  return route;
}

/// Every request gets these bytes.
FakeUpstream::Script sends(const std::string& answer) {
  return [answer](test::Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.send(answer);
    }
  };
}

class ObservationsTest : public RolloutFixture {
 protected:
  ObservationsTest() { ring.open(); }
  ~ObservationsTest() override {
    if (gateway) gateway->stop();
  }
  void start_observed(Config config) {
    registry.emplace(2);
    gateway.emplace(*registry, clock);
    gateway->set_observations(&ring);
    const auto started = gateway->start(at_once(std::move(config)));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  /// A request is told a moment after its answer.
  Observation next() {
    const bool came = test::eventually([&] {
      ring.drain([&](const Observation& seen) { told.push_back(seen); });
      return !told.empty();
    });
    if (!came) {
      ADD_FAILURE() << "nothing was told";
      return {};
    }
    const Observation first = told.front();
    told.erase(told.begin());
    return first;
  }

  outcomes::ObservationRing ring{2};
  std::vector<Observation> told;
};

TEST_F(ObservationsTest, TellTheDecisionItsAnswerAndItsValues) {
  FakeUpstream v1(sends("HTTP/1.1 200 OK\r\nX-Score: 0.5\r\nContent-Length: 13\r\n\r\n{\"score\":2.5}"));
  start_observed(
      config_of(read_route({{"v1", v1.port(), 75}, {"v2", v1.port(), 25}}, traffic::Field::header("x-user"))));
  RawClient client(port);
  const std::string version = client.get("/", {{"x-user", "ann"}}).field("x-sluice-version");
  const Observation seen = next();
  EXPECT_EQ(seen.decision.route, outcomes::name_hash("digits"));
  EXPECT_EQ(seen.decision.version, outcomes::name_hash(version));
  EXPECT_EQ(seen.decision.unit, stable_hash("digits", "salt", "ann"));
  EXPECT_EQ(seen.decision.window, 5U);
  EXPECT_EQ(seen.decision.propensity, version == "v1" ? 0.75F : 0.25F);
  EXPECT_TRUE(seen.decision.split);
  EXPECT_LE(seen.decision.time, clock.wall_now());
  EXPECT_FALSE(seen.failed);
  EXPECT_TRUE(seen.counted);
  EXPECT_GT(seen.latency, 0);
  EXPECT_EQ(seen.read, 3);
  EXPECT_EQ(seen.values[0], 0.5F);
  EXPECT_EQ(seen.values[1], 2.5F);
}

TEST_F(ObservationsTest, TheClientGetsItsAnswerUnchangedHoweverItComes) {
  const std::string json = R"({"text":")" + std::string(30'000, 'x') + R"(","score":4})";
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + test::chunked(json, 1000);
  FakeUpstream chunked(sends(chunks));
  FakeUpstream whole(sends("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(json.size()) + "\r\n\r\n" + json));
  FakeUpstream until_close([&](test::Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + json);
    gateway.close();
  });
  for (const FakeUpstream* const upstream : {&chunked, &whole, &until_close}) {
    Config config = config_of(read_route({{"v1", upstream->port()}}));
    if (gateway) {
      publish(std::move(config));
    } else {
      start_observed(std::move(config));
    }
    EXPECT_EQ(RawClient(port).get("/").body, json);
    const Observation seen = next();
    EXPECT_EQ(seen.read, 2);
    EXPECT_EQ(seen.values[1], 4.0F);
    EXPECT_EQ(seen.unread[0], Unread::Absent);
    RawClient old(port);
    old.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    EXPECT_EQ(old.read_response().body, json) << "without the chunks";
    EXPECT_EQ(next().values[1], 4.0F);
  }
}

TEST_F(ObservationsTest, WhatIsTooLargePassesByUnread) {
  const std::string json = R"({"score":4,"text":")" + std::string(100'000, 'x') + "\"}";
  FakeUpstream v1(sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + test::chunked(json, 10'000)));
  start_observed(config_of(read_route({{"v1", v1.port()}})));
  EXPECT_EQ(RawClient(port).get("/").body, json);
  const Observation seen = next();
  EXPECT_EQ(seen.read, 0);
  EXPECT_EQ(seen.unread[1], Unread::TooLarge);
}

TEST_F(ObservationsTest, AFailureHasNoValues) {
  FakeUpstream v1(sends("HTTP/1.1 503 Busy\r\nX-Score: 1\r\nContent-Length: 11\r\n\r\n{\"score\":2}"));
  FakeUpstream rude(hangs_up());
  start_observed(config_of(read_route({{"v1", v1.port()}})));
  EXPECT_EQ(RawClient(port).get("/").status(), 503);
  Observation seen = next();
  EXPECT_TRUE(seen.failed);
  EXPECT_TRUE(seen.counted);
  EXPECT_EQ(seen.read, 0);
  publish(config_of(read_route({{"v1", rude.port()}})));
  EXPECT_EQ(RawClient(port).get("/").status(), 502);
  seen = next();
  EXPECT_TRUE(seen.failed);
  EXPECT_TRUE(seen.counted);
  EXPECT_EQ(seen.latency, 0);
}

TEST_F(ObservationsTest, WhatStableAnswersInItsPlaceIsNotTheCandidatesValue) {
  FakeUpstream v1(sends("HTTP/1.1 200 OK\r\nX-Score: 1\r\nContent-Length: 11\r\n\r\n{\"score\":2}"));
  FakeUpstream rude(hangs_up());
  Config config = config_of(read_route({{"v1", v1.port(), 0}, {"v2", rude.port(), 1}}));
  config.routes[0].versions[1].fallback = 0;
  start_observed(std::move(config));
  EXPECT_EQ(RawClient(port).get("/").field("x-sluice-version"), "v1");
  const Observation seen = next();
  EXPECT_EQ(seen.decision.version, outcomes::name_hash("v2"));
  EXPECT_TRUE(seen.failed);
  EXPECT_TRUE(seen.counted);
  EXPECT_EQ(seen.read, 0);
}

TEST_F(ObservationsTest, ARouteThatOnlyLearnsIsToldWithoutValuesAndOthersAreNot) {
  FakeUpstream v1(sends("HTTP/1.1 200 OK\r\nX-Score: 1\r\nContent-Length: 0\r\n\r\n"));
  Config config = config_for({{"v1", v1.port()}});
  config.routes[0].observed = true;
  start_observed(config);
  EXPECT_EQ(RawClient(port).get("/").status(), 200);
  const Observation seen = next();
  EXPECT_EQ(seen.read, 0);
  EXPECT_GT(seen.latency, 0);
  config.routes[0].observed = false;
  publish(std::move(config));
  EXPECT_EQ(RawClient(port).get("/").status(), 200);
  gateway->stop();
  ring.drain([&](const Observation& more) { told.push_back(more); });
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(ring.lost(), 0U);
}

}  // namespace
}  // namespace sluice::gateway
