// What answers say about the decision that they came by.
#include <thread>

#include "rollout_fixture.hpp"
#include "sluice/base/stable_hash.hpp"
#include "sluice/outcomes/token.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using outcomes::name_hash;
using test::FakeUpstream;
using test::RawClient;

std::shared_ptr<const outcomes::TokenKeys> keys_of(std::uint8_t id, std::vector<outcomes::TokenKey> others = {}) {
  outcomes::TokenKey key{id, {}};
  key.secret.fill(static_cast<std::uint8_t>(id * 3 + 1));
  return std::make_shared<outcomes::TokenKeys>(key, others);
}

class TokensTest : public RolloutFixture {
 protected:
  Config with_tokens(Config config) {
    config.routes[0].tokens = true;
    config.keys = keys;
    config.policy_generation = 9;
    return config;
  }
  outcomes::Decision decision_of(const test::HttpMessage& answer) const {
    const auto read = outcomes::read_token(answer.field("x-sluice-decision"), *keys);
    if (!read) ADD_FAILURE() << to_string(read.error()) << ": " << answer.raw_head;
    return read ? *read : outcomes::Decision{};
  }

  std::shared_ptr<const outcomes::TokenKeys> keys = keys_of(1);
  FakeUpstream v1{"one"};
  FakeUpstream v2{"two"};
};

TEST_F(TokensTest, OfASplitSayWhoWasChosenWithWhichProbability) {
  Route route = route_of({{"v1", v1.port(), 75}, {"v2", v2.port(), 25}}, traffic::Field::header("x-user"));
  route.window = 17;
  start(with_tokens(config_of(std::move(route))));
  RawClient client(port);
  const WallTime before = std::chrono::time_point_cast<std::chrono::milliseconds>(clock.wall_now());
  std::array<int, 2> seen{};
  std::vector<std::uint64_t> nonces;
  for (int i = 0; i < 60; ++i) {
    const std::string user = "user-" + std::to_string(i);
    const auto answer = client.get("/", {{"x-user", user}});
    const bool candidate = answer.field("x-sluice-version") == "v2";
    const outcomes::Decision said = decision_of(answer);
    EXPECT_EQ(answer.all("x-sluice-decision").size(), 1u);
    EXPECT_EQ(said.route, name_hash("digits"));
    EXPECT_EQ(said.version, name_hash(candidate ? "v2" : "v1"));
    EXPECT_EQ(said.propensity, candidate ? 0.25F : 0.75F);
    EXPECT_EQ(said.unit, stable_hash("digits", "salt", user));
    EXPECT_EQ(said.window, 17u);
    EXPECT_EQ(said.generation, 9u);
    EXPECT_TRUE(said.split);
    EXPECT_GE(said.time, before);
    EXPECT_LE(said.time, clock.wall_now());
    nonces.push_back(said.nonce);
    ++seen[candidate ? 1 : 0];
  }
  EXPECT_GT(seen[0], 0);
  EXPECT_GT(seen[1], 0);
  std::sort(nonces.begin(), nonces.end());
  EXPECT_EQ(std::unique(nonces.begin(), nonces.end()), nonces.end()) << "no two decisions are the same";
}

TEST_F(TokensTest, SayAfterARescueWhoWasChosenAndNotWhoAnswered) {
  FakeUpstream rude(hangs_up());
  Config config = config_for({{"v1", v1.port(), 0}, {"v2", rude.port(), 1}});
  config.routes[0].versions[1].fallback = 0;
  start(with_tokens(std::move(config)));
  const auto answer = RawClient(port).get("/");
  EXPECT_EQ(answer.field("x-sluice-version"), "v1");
  EXPECT_EQ(decision_of(answer).version, name_hash("v2"));
}

TEST_F(TokensTest, OfRulesAndPinsSayThatTheyAreNoEvidence) {
  Route route = route_of({{"v1", v1.port(), 1}, {"v2", v2.port(), 0}}, traffic::Field::header("x-user"));
  traffic::PlanSpec spec = route.plan.spec();
  spec.pin = traffic::Pin{};
  spec.rules.push_back({{traffic::Match({{traffic::Field::header("x-tester"), traffic::TextTest::exact("yes")}})},
                        traffic::Target::version(1)});
  route.plan = *traffic::TrafficPlan::build(std::move(spec));
  start(with_tokens(config_of(std::move(route))));
  RawClient client(port);
  for (const std::string field : {"x-sluice-version: v2", "x-tester: yes"}) {
    const auto answer = client.exchange("GET / HTTP/1.1\r\nHost: m\r\nx-user: alice\r\n" + field + "\r\n\r\n");
    const auto said = decision_of(answer);
    EXPECT_FALSE(said.split) << field;
    EXPECT_EQ(said.version, name_hash("v2"));
    EXPECT_EQ(said.propensity, 1);
    EXPECT_EQ(said.unit, stable_hash("digits", "salt", "alice"));
  }
  EXPECT_TRUE(decision_of(client.get("/")).split);
}

TEST_F(TokensTest, AreOnErrorsOfAVersionThatWasChosen) {
  FakeUpstream rude(hangs_up());
  FakeUpstream faulty(test::answers(503, "x"));
  start(with_tokens(config_for({{"v1", rude.port()}})));
  const auto ours = RawClient(port).get("/");
  EXPECT_EQ(ours.status(), 502);
  EXPECT_EQ(decision_of(ours).version, name_hash("v1"));
  publish(with_tokens(config_for({{"v1", faulty.port()}})));
  const auto theirs = RawClient(port).get("/");
  EXPECT_EQ(theirs.status(), 503);
  EXPECT_EQ(decision_of(theirs).version, name_hash("v1"));
}

TEST_F(TokensTest, AreNotOnErrorsBeforeOneWasChosen) {
  Config config = with_tokens(config_for({{"v1", v1.port()}}));
  config.limits.body_bytes = 10;
  start(std::move(config));
  const auto too_large = RawClient(port).post("/", std::string(20, 'x'));
  EXPECT_EQ(too_large.status(), 413);
  EXPECT_FALSE(too_large.has("x-sluice-decision"));
  const auto malformed = RawClient(port).exchange("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(malformed.status(), 400);
  EXPECT_FALSE(malformed.has("x-sluice-decision"));
}

TEST_F(TokensTest, AreNotOnARouteThatHasNoOutcomesNorWithoutAKey) {
  Config config = config_for({{"v1", v1.port()}});
  start(config);
  EXPECT_FALSE(RawClient(port).get("/").has("x-sluice-decision"));
  config.routes[0].tokens = true;
  publish(config);
  EXPECT_FALSE(RawClient(port).get("/").has("x-sluice-decision"));
  ASSERT_TRUE(gateway->use_keys(keys));
  EXPECT_EQ(decision_of(RawClient(port).get("/")).version, name_hash("v1"));
}

TEST_F(TokensTest, OfAnEndpointNeverReachTheClientNorThoseOfAClientAnEndpoint) {
  FakeUpstream liar([](test::Conversation& asked) {
    while (true) {
      asked.read_request();
      asked.answer(200, "x", {{"X-Sluice-Decision", "forged"}});
    }
  });
  start(with_tokens(config_for({{"v1", liar.port()}})));
  const auto answer = RawClient(port).get("/", {{"x-sluice-decision", "mine"}});
  EXPECT_EQ(answer.all("x-sluice-decision").size(), 1u);
  EXPECT_EQ(decision_of(answer).version, name_hash("v1"));
  EXPECT_FALSE(liar.request(0).has("x-sluice-decision"));
}

TEST_F(TokensTest, AreOnlyOnTheFinalAnswer) {
  FakeUpstream talks([](test::Conversation& asked) {
    asked.read_request();
    asked.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    asked.answer(200, "x");
  });
  start(with_tokens(config_for({{"v1", talks.port()}})));
  const auto answer = RawClient(port).get("/");
  ASSERT_EQ(answer.interim.size(), 1u);
  EXPECT_FALSE(answer.interim[0].has("x-sluice-decision"));
  EXPECT_TRUE(answer.has("x-sluice-decision"));
}

TEST_F(TokensTest, AreSignedWithTheNewKeyFromTheMomentItIsPutInForce) {
  start(with_tokens(config_for({{"v1", v1.port()}})));
  RawClient client(port);
  const auto old = client.get("/");
  outcomes::TokenKey first{1, {}};
  first.secret.fill(4);
  const auto both = keys_of(2, {first});
  ASSERT_TRUE(gateway->use_keys(both));
  const auto fresh = client.get("/");
  EXPECT_FALSE(outcomes::read_token(fresh.field("x-sluice-decision"), *keys));
  EXPECT_TRUE(outcomes::read_token(fresh.field("x-sluice-decision"), *both));
  EXPECT_TRUE(outcomes::read_token(old.field("x-sluice-decision"), *both));

  Config without = with_tokens(config_for({{"v1", v1.port()}}));
  without.keys = nullptr;
  publish(std::move(without));
  EXPECT_TRUE(outcomes::read_token(client.get("/").field("x-sluice-decision"), *both))
      << "a configuration that brings no keys keeps those in force";
}

TEST_F(TokensTest, CanChangeTheirKeyUnderLoadWithoutALostRequest) {
  constexpr int kClients = 3;
  start(with_tokens(config_for({{"v1", v1.port(), 50}, {"v2", v2.port(), 50}})));
  std::vector<outcomes::TokenKey> all;
  for (int id = 1; id <= 20; ++id) {
    outcomes::TokenKey key{static_cast<std::uint8_t>(id), {}};
    key.secret.fill(static_cast<std::uint8_t>(id * 3 + 1));
    all.push_back(key);
  }
  const outcomes::TokenKeys known(all[0], all);
  std::atomic<bool> rotated{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      RawClient client(port);
      for (bool last = false; !last;) {
        last = rotated;
        const auto answer = client.get("/");
        EXPECT_EQ(answer.status(), 200);
        EXPECT_TRUE(outcomes::read_token(answer.field("x-sluice-decision"), known));
        EXPECT_TRUE(!last || outcomes::read_token(answer.field("x-sluice-decision"), *keys_of(20)).ok());
      }
    });
  }
  for (int id = 2; id <= 20; ++id) EXPECT_TRUE(gateway->use_keys(keys_of(static_cast<std::uint8_t>(id))));
  rotated = true;
  for (auto& client : clients) client.join();
}

TEST_F(TokensTest, CannotGetKeysFromAGatewayThatDoesNotRun) {
  registry.emplace(1);
  gateway.emplace(*registry, clock);
  EXPECT_FALSE(gateway->use_keys(keys));
  start(with_tokens(config_for({{"v1", v1.port()}})), 1);
  gateway->stop();
  EXPECT_FALSE(gateway->use_keys(keys));
}

}  // namespace
}  // namespace sluice::gateway
