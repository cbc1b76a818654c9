// A rollout outlives its process: killed at any step it goes on there, and when the file is lost it is careful.
#include <filesystem>
#include <fstream>

#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

/// Two versions and a store; the gateway may be killed and started again on the same file.
struct Kept {
  explicit Kept(const std::string& canary_rest)
      : path(dir.write("policy.yaml", rollout_policy(v1, v2, canary(canary_rest), kept_in(dir)))) {}

  SluiceProcess start() const { return SluiceProcess::serve_path(path); }
  static void kill(SluiceProcess& sluice) {
    sluice.signal(SIGKILL);
    sluice.wait();
  }

  FakeUpstream v1{"one"};
  FakeUpstream v2{"two"};
  TempDir dir;
  std::filesystem::path path;
};

TEST(RolloutRestart, AKillInTheMiddleLeavesStepWeightAndClockAsTheyWere) {
  const Kept given("steps: [{setWeight: 10}, {pause: {duration: 1s}}, {setWeight: 30}, {pause: {duration: 1h}}]");
  nlohmann::json before;
  std::vector<std::string> journal;
  {
    SluiceProcess first = given.start();
    const Operator person(first);
    ASSERT_TRUE(eventually([&] {
      before = rollout_of(person);
      return before["step"] == 4 && before["phase"] == "Paused";
    })) << before.dump(2);
    journal = journal_of(person, true);
    Kept::kill(first);
  }
  SluiceProcess second = given.start();
  EXPECT_NEAR(share_of(second, "two"), 0.3, 0.06) << "with its first request";
  const Operator person(second);
  const auto after = rollout_of(person);
  for (const char* field : {"id", "phase", "reason", "step", "begun", "phaseSince"}) {
    EXPECT_EQ(after[field], before[field]) << field;
  }
  EXPECT_EQ(second.metrics().value("sluice_target_weight_ratio", {{"version", "v2"}}), 0.3);
  EXPECT_EQ(journal_of(person, true), journal) << "nothing was told twice";
}

TEST(RolloutRestart, APauseThatRanOutMeanwhileIsOver) {
  const Kept given("steps: [{setWeight: 10}, {pause: {duration: 2s}}, {setWeight: 30}, {pause: {}}]");
  {
    SluiceProcess first = given.start();
    ASSERT_TRUE(comes_to(Operator(first), "Paused"));
    Kept::kill(first);
  }
  SluiceProcess second = given.start();
  const Operator person(second);
  ASSERT_TRUE(eventually([&] { return rollout_of(person)["step"] == 4; })) << rollout_of(person).dump(2);
  EXPECT_EQ(rollout_of(person)["id"], "model-1");
  EXPECT_EQ(count_of(journal_of(person), "Begun"), 1u);
}

TEST(RolloutRestart, APromotedVersionStaysPromotedAndMayStillBeUndone) {
  const Kept given("steps: [{setWeight: 10}, {pause: {}}]");
  {
    SluiceProcess first = given.start();
    ASSERT_EQ(Operator(first).verb({"promote", "model", "--full"}).exit.code, 0);
    Kept::kill(first);
  }
  {
    SluiceProcess second = given.start();
    EXPECT_EQ(answers(second), std::set<std::string>{"two"});
    EXPECT_EQ(rollout_of(Operator(second))["phase"], "Promoted");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait().code, 0);
  }
  SluiceProcess third = given.start();
  EXPECT_EQ(answers(third), std::set<std::string>{"two"});
  const Operator person(third);
  EXPECT_EQ(person.verb({"undo", "model"}).exit.code, 0);
  EXPECT_EQ(answers(third), std::set<std::string>{"one"});
}

TEST(RolloutRestart, ADatabaseThatIsDamagedIsSetAsideAndEverybodyGetsStableUntilAPersonRetries) {
  const Kept given("steps: [{setWeight: 50}, {pause: {}}]");
  {
    SluiceProcess first = given.start();
    const Operator person(first);
    ASSERT_TRUE(comes_to(person, "Paused"));
    EXPECT_EQ(answers(first), (std::set<std::string>{"one", "two"}));
    Kept::kill(first);
  }
  {
    std::fstream file(given.dir / "sluice.db", std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(4096, '?');
  }
  SluiceProcess second = given.start();
  EXPECT_EQ(answers(second), std::set<std::string>{"one"}) << "nobody knows how far it was";
  const Operator person(second);
  const auto rollout = rollout_of(person);
  EXPECT_EQ(rollout["phase"], "Held") << rollout.dump(2);
  EXPECT_EQ(rollout["reason"], "StateLost");
  const auto everything = person.json("/api/v1/journal")["entries"];
  EXPECT_TRUE(std::any_of(everything.begin(), everything.end(), [](const auto& e) {
    return e["kind"] == "StoreAlarm";
  })) << everything.dump(2);
  bool aside = false;
  for (const auto& entry : std::filesystem::directory_iterator(given.dir.path())) {
    aside = aside || entry.path().filename().string().rfind("sluice.db.corrupt-", 0) == 0;
  }
  EXPECT_TRUE(aside) << "nothing is deleted";
  EXPECT_NE(person.verb({"status"}).out.find("\nThe state was damaged: "), std::string::npos);
  EXPECT_EQ(second.metric_becomes(1, "sluice_state_degraded"), 1);
  EXPECT_EQ(person.verb({"retry", "model"}).exit.code, 0);
  ASSERT_TRUE(comes_to(person, "Paused"));
  EXPECT_EQ(answers(second), (std::set<std::string>{"one", "two"}));
}

TEST(RolloutRestart, AnotherStrategySupersedesTheRolloutAndATimeoutDoesNot) {
  const Kept given("steps: [{setWeight: 50}, {pause: {}}]");
  SluiceProcess sluice = given.start();
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Paused"));
  Load load(sluice.port(), 1, request_text("POST", "/", "x"));
  const auto put = [&](const std::string& rest, const std::string& route) {
    sluice.write_policy(rollout_policy(given.v1, given.v2, canary(rest), kept_in(given.dir), route));
    EXPECT_EQ(person.post("/api/v1/reload").status(), 200);
  };
  put("steps: [{setWeight: 50}, {pause: {}}]", "timeouts: {request: 7s}\n");
  const auto same = rollout_of(person);
  EXPECT_EQ(same["id"], "model-1");
  EXPECT_EQ(same["phase"], "Paused");
  EXPECT_EQ(same["observedGeneration"], same["generation"]);
  EXPECT_EQ(count_of(journal_of(person), "Superseded"), 0u);

  put("steps: [{setWeight: 5}, {pause: {}}]", "");
  EXPECT_EQ(rollout_of(person)["id"], "model-2");
  EXPECT_EQ(count_of(journal_of(person), "Superseded"), 1u);
  ASSERT_TRUE(comes_to(person, "Paused"));
  EXPECT_EQ(sluice.metrics().value("sluice_target_weight_ratio", {{"version", "v2"}}), 0.05);
  EXPECT_EQ(load.stop(), Nothing());
}

}  // namespace
}  // namespace sluice::test
