#include "sluice/app/rollout_service.hpp"

#include <gtest/gtest.h>

#include <array>

#include "sluice/policy/reader.hpp"
#include "support/patience.hpp"
#include "support/temp_dir.hpp"

namespace sluice::app {
namespace {

const std::string kPolicy = R"(apiVersion: sluice.dev/v1
kind: ModelRoute
metadata: {name: fraud}
spec:
  matches: [{path: {type: PathPrefix, value: /}}]
  versions:
    - {name: v1, endpoints: ["http://127.0.0.1:9001"]}
    - {name: v2, endpoints: ["http://127.0.0.1:9101"]}
  strategy:
    canary: {stable: v1, candidate: v2, steps: [{setWeight: 5}, {pause: {}}]}
)";

policy::PolicySet policy_set() {
  const std::array<policy::Source, 1> sources{policy::Source{"policy.yaml", kPolicy}};
  auto reading = policy::read(sources);
  EXPECT_TRUE(reading.ok());
  return std::move(reading.set);
}

class RolloutServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(service.open(policy::MemoryState{}));
    ASSERT_TRUE(service.put_in_force(policy_set(), 1, [](gateway::Config) { return Result<void>(); }));
    service.start();
  }

  SystemClock clock;
  metrics::Registry registry{1};
  gateway::Gateway gateway{registry, clock};
  RolloutService service{gateway, registry, clock, [](const state::JournalEntry&) {}};
};

TEST_F(RolloutServiceTest, ShowsTheRolloutsAsTheyWereLastOnceNothingMovesAnyMore) {
  // From then on it waits for a person, and does not move between two looks of this test.
  ASSERT_TRUE(test::eventually([&] { return service.views().at(0).phase == strategy::Phase::Paused; }));
  service.stop();
  const auto after = service.views();
  ASSERT_EQ(after.size(), 1U) << "while the process drains";
  EXPECT_EQ(after[0].id, "fraud-1");
  EXPECT_EQ(after[0].phase, strategy::Phase::Paused);
  service.stop();
  EXPECT_EQ(service.views().size(), 1U);
}

TEST_F(RolloutServiceTest, RefusesAVerbOnceNothingMovesAnyMore) {
  service.stop();
  const auto done = service.command("fraud", {strategy::Verb::Abort, false, "alice"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().status, 503U);
}

/// One process on the state in this file, from its start to its end.
class Process {
 public:
  explicit Process(const std::string& path) {
    EXPECT_TRUE(service_.open(policy::SqliteState{path}));
    EXPECT_TRUE(service_.put_in_force(policy_set(), 1, [](gateway::Config) { return Result<void>(); }));
  }
  std::vector<std::string> damage() const { return service_.damage(); }
  bool is_degraded() const { return registry_.snapshot().state.value().degraded; }

 private:
  SystemClock clock_;
  metrics::Registry registry_{1};
  gateway::Gateway gateway_{registry_, clock_};
  RolloutService service_{gateway_, registry_, clock_, [](const state::JournalEntry&) {}};
};

TEST(DamagedState, IsTheReasonWhyTheStateIsDegraded) {
  const test::TempDir dir;
  const std::string path = (dir / "sluice.db").string();
  {
    const Process first(path);
    EXPECT_TRUE(first.damage().empty());
    EXPECT_FALSE(first.is_degraded());
  }
  {
    auto store = state::make_sqlite_store({path});
    ASSERT_TRUE(store);
    state::Change change;
    state::JournalEntry& forged = change.append.emplace_back();
    forged.sequence = 1000;
    forged.text = "everything is well";
    ASSERT_TRUE((*store)->commit(change));
  }
  const Process second(path);
  ASSERT_EQ(second.damage().size(), 1U);
  EXPECT_NE(second.damage()[0].find("1000"), std::string::npos) << second.damage()[0];
  EXPECT_TRUE(second.is_degraded());
}

}  // namespace
}  // namespace sluice::app
