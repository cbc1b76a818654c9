// After a start endpoints get traffic before their first check has ended. A rollout does not take that for health.
#include "e2e/rollout.hpp"
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

/// The candidate is down from the start: its checks are answered with 503.
struct Down {
  explicit Down(const std::string& strategy, const std::string& health = "{timeout: 1s, unhealthyInterval: 100ms}") {
    v2.health = 503;
    path = dir.write("policy.yaml", rollout_policy(v1.upstream(), v2.upstream(), strategy, kept_in(dir),
                                                   "health: " + health + "\nslowStart: {duration: 0s}\n"));
  }

  WatchedUpstream v1{"one"};
  WatchedUpstream v2{"two"};
  TempDir dir;
  std::filesystem::path path;
};

void expect_nothing_moved(const SluiceProcess& sluice) {
  const auto rollout = rollout_of(Operator(sluice));
  EXPECT_EQ(rollout["phase"], "Pending") << rollout.dump(2);
  EXPECT_EQ(count_of(journal_of(Operator(sluice)), "Advanced"), 0u);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
}

TEST(RolloutFirstCheck, ACandidateThatIsDownFromTheStartGetsNothingAlsoAfterAKill) {
  Down given(canary("steps: [{setWeight: 20}, {pause: {}}]"));
  for (int start = 0; start < 2; ++start) {
    SluiceProcess sluice = SluiceProcess::serve_path(given.path);
    const Operator person(sluice);
    ASSERT_TRUE(eventually([&] { return rollout_of(person)["reason"] == "CandidateNotReady"; }))
        << rollout_of(person).dump(2);
    expect_nothing_moved(sluice);
    sluice.signal(SIGKILL);
    sluice.wait();
  }
  SluiceProcess sluice = SluiceProcess::serve_path(given.path);
  given.v2.health = 200;
  EXPECT_TRUE(comes_to(Operator(sluice), "Paused"));
  EXPECT_EQ(answers(sluice), (std::set<std::string>{"one", "two"}));
}

TEST(RolloutFirstCheck, NobodyCanFlipToAPreviewOfWhichNothingIsKnown) {
  Down given("blueGreen: {active: v1, preview: v2}", "{timeout: 4s, unhealthyInterval: 100ms}");
  given.v2.health = 0;  // the first check is on its way for as long as this takes
  SluiceProcess sluice = SluiceProcess::serve_path(given.path);
  const Operator person(sluice);
  for (const char* how : {R"({"full": false})", R"({"full": true})"}) {
    const auto refused = person.post("/api/v1/routes/model/promote", how);
    EXPECT_EQ(refused.status(), 409) << refused.body;
    EXPECT_NE(refused.body.find("0 of 1 endpoints are usable"), std::string::npos) << refused.body;
  }
  expect_nothing_moved(sluice);
}

TEST(RolloutFirstCheck, NobodyCanFlipToAPreviewThatIsDown) {
  Down given("blueGreen: {active: v1, preview: v2}");
  SluiceProcess sluice = SluiceProcess::serve_path(given.path);
  const Operator person(sluice);
  ASSERT_TRUE(eventually([&] { return rollout_of(person)["reason"] == "PreviewNotReady"; }))
      << rollout_of(person).dump(2);
  EXPECT_EQ(person.post("/api/v1/routes/model/promote", R"({"full": true})").status(), 409);
  expect_nothing_moved(sluice);
  given.v2.health = 200;
  ASSERT_TRUE(comes_to(person, "Paused"));
  EXPECT_EQ(person.post("/api/v1/routes/model/promote", R"({"full": true})").status(), 200);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
}

}  // namespace
}  // namespace sluice::test
