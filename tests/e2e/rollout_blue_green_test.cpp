// Blue-green between real processes: the flip is one moment for everybody, and the way back is another.
#include "e2e/rollout.hpp"
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

std::string blue_green(const std::string& rest) {
  return "blueGreen: {active: v1, preview: v2, " + rest + "}";
}

TEST(RolloutBlueGreen, NobodyWhoAsksAfterTheFirstAnswerOfGreenGetsBlue) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1, v2, blue_green("keepWarm: 10m"), "workers: 4"));
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Paused"));
  Witnesses witnesses(sluice, 8);
  std::vector<Witnesses::Time> flips;
  const int rounds = 12;
  for (int i = 0; i < rounds; ++i) {
    ASSERT_TRUE(witnesses.see(100));
    flips.push_back(std::chrono::steady_clock::now());
    ASSERT_EQ(person.post("/api/v1/routes/model/promote", R"({"full": true})").status(), 200);
    ASSERT_TRUE(witnesses.see(100));
    flips.push_back(std::chrono::steady_clock::now());
    ASSERT_EQ(person.post("/api/v1/routes/model/undo").status(), 200);
    ASSERT_TRUE(witnesses.see(100));
    ASSERT_EQ(person.post("/api/v1/routes/model/retry").status(), 200);
  }
  const auto seen = witnesses.stop();
  EXPECT_EQ(failures_in(seen), Nothing());
  flips.push_back(Witnesses::Time::max());
  for (std::size_t i = 0; i + 1 < flips.size(); ++i) {
    std::vector<Witnesses::Answer> between;
    for (const auto& answer : seen) {
      if (answer.asked >= flips[i] && answer.asked < flips[i + 1]) between.push_back(answer);
    }
    const bool there = i % 2 == 0;
    EXPECT_EQ(mixed(between, there ? "one" : "two", there ? "two" : "one", flips[i]), 0u) << "flip " << i;
  }
}

TEST(RolloutBlueGreen, CopiesProveGreenAndThenEverybodyHasItWithoutAFailedRequest) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(
      v1, v2,
      blue_green("prePromotion: {mirror: 50%, " + std::string(kErrorsBelow5) +
                 "}, autoPromote: {enabled: true}, postPromotion: {" + std::string(kErrorsBelow5) + "}")));
  const Operator person(sluice);
  Witnesses witnesses(sluice, 2);
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  ASSERT_TRUE(witnesses.see(50));
  const auto seen = witnesses.stop();
  EXPECT_EQ(failures_in(seen), Nothing());
  EXPECT_EQ(mixed(seen, "one", "two", {}), 0u);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
}

TEST(RolloutBlueGreen, GreenThatFailsOnlyAfterTheFlipFlipsBackAndNobodyIsFailed) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  SluiceProcess sluice(
      rollout_policy(v1.upstream(), v2.upstream(), blue_green("postPromotion: {" + std::string(kErrorsBelow5) + "}")));
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Paused"));
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  v2.status = 500;
  const auto flipped = person.post("/api/v1/routes/model/promote");
  ASSERT_EQ(flipped.status(), 200) << flipped.body;
  EXPECT_EQ(nlohmann::json::parse(flipped.body)["reason"], "Watching") << flipped.body;
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing()) << "blue answered what green failed";
  const std::string message = rollout_of(person)["message"];
  EXPECT_NE(message.find("error-rate 100% > max 5% (n="), std::string::npos) << message;
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
}

TEST(RolloutBlueGreen, APreviewIsThereForThoseWhoAskForItBeforeAnybodyElse) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(
      rollout_policy(v1, v2, blue_green("previewMatch: {headers: [{name: x-preview, value: \"1\"}]}")));
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Paused"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x", {{"x-preview", "1"}}).body, "two");
  EXPECT_EQ(client.post("/", "x").body, "one");
}

}  // namespace
}  // namespace sluice::test
