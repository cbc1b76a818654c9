#include "sluice/strategy/split_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

struct Drawn {
  Drawn() {
    route.unit = {};
    evidence.window = state.window = 3;
    evidence.counters = 1;
    evidence.versions.resize(2);
    for (std::size_t i = 0; i < 2; ++i) evidence.versions[i].version = i == 0 ? "v1" : "v2";
    evidence.versions[0].share = 0.75;
    evidence.versions[1].share = 0.25;
  }
  SplitLook assign(std::uint64_t to_stable, std::uint64_t to_candidate) {
    evidence.versions[0].assigned += to_stable;
    evidence.versions[1].assigned += to_candidate;
    return look_at_split(route, {"v1", "v2"}, evidence, state);
  }
  policy::ModelRoute route = route_with({"v1", "v2"});
  Evidence evidence;
  RolloutState state;
};

TEST(SplitCheck, IsContentWithWhatIsDrawn) {
  Drawn split;
  for (int i = 0; i < 50; ++i) {
    const auto found = split.assign(i % 2 == 0 ? 76 : 74, i % 2 == 0 ? 24 : 26);
    EXPECT_FALSE(found.broken);
    EXPECT_TRUE(found.news.empty()) << found.news;
  }
  EXPECT_FALSE(is_split_doubtful(split.state));
}

TEST(SplitCheck, FindsADeadArmWithinAHundredRequests) {
  Drawn split;
  const auto found = split.assign(100, 0);
  EXPECT_TRUE(found.broken);
  EXPECT_TRUE(is_split_broken(split.state));
  EXPECT_NE(found.news.find("nothing is promoted"), std::string::npos) << found.news;
  EXPECT_TRUE(split.assign(100, 0).news.empty()) << "told once";
}

TEST(SplitCheck, WarnsBeforeItBlocks) {
  Drawn split;
  std::string news;
  for (int i = 0; i < 40 && news.empty(); ++i) news = split.assign(80, 20).news;
  EXPECT_TRUE(news.starts_with("the split is doubtful: ")) << news;
  EXPECT_TRUE(is_split_doubtful(split.state));
  EXPECT_FALSE(is_split_broken(split.state));
}

TEST(SplitCheck, GoesOnAfterARestartAndInANewWindow) {
  Drawn split;
  split.assign(900, 200);
  const double before = split.state.split->log_e;
  ++split.evidence.counters;
  for (auto& version : split.evidence.versions) version.assigned = 0;
  split.assign(900, 200);
  EXPECT_GT(split.state.split->log_e, before + 1);
  const double middle = split.state.split->log_e;
  split.evidence.window = split.state.window = 4;
  for (auto& version : split.evidence.versions) version.assigned = 0;
  split.assign(900, 200);
  EXPECT_GT(split.state.split->log_e, middle + 1);
}

/// Users who stick, with requests in lumps: most come once, some a hundred times.
struct StickyUsers : Drawn {
  explicit StickyUsers(std::uint64_t seed) : random(seed) { route.unit.source = policy::UnitSource::Header; }

  /// What a gateway counts of these users, by their places on the line; `lost` of the candidate's never get through.
  SplitLook come(const std::vector<double>& users, double lost = 0) {
    for (const double place : users) {
      const std::size_t version = place < evidence.versions[1].share ? 1 : 0;
      if (version == 1 && uniform(random) < lost) continue;
      evidence.versions[version].assigned += uniform(random) < 0.05 ? 100 : 1;
      ++evidence.versions[version].assigned_units;
    }
    return look_at_split(route, {"v1", "v2"}, evidence, state);
  }
  std::vector<double> new_users(int count) {
    std::vector<double> made;
    for (int i = 0; i < count; ++i) made.push_back(uniform(random));
    return made;
  }
  void begin_window() {
    evidence.window = ++state.window;
    for (auto& version : evidence.versions) version.assigned = version.assigned_units = 0;
  }

  std::mt19937_64 random;
  std::uniform_real_distribution<double> uniform{0, 1};
};

TEST(SplitCheckOfUsers, IsContentHoweverTheirRequestsAreLumped) {
  int doubtful = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    StickyUsers gate(seed);
    bool was = false;
    for (int look = 0; look < 30; ++look) {
      EXPECT_FALSE(gate.come(gate.new_users(40)).broken) << seed;
      was = was || is_split_doubtful(gate.state);
    }
    doubtful += was ? 1 : 0;
  }
  EXPECT_LE(doubtful, 15) << "one in twenty is promised";
}

TEST(SplitCheckOfUsers, IsContentWhenTheSameUsersComeAgainInEveryWindow) {
  int doubtful = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    StickyUsers gate(seed);
    const auto users = gate.new_users(500);
    for (int window = 0; window < 12; ++window) {
      EXPECT_FALSE(gate.come(users).broken) << seed;
      gate.begin_window();
    }
    doubtful += is_split_doubtful(gate.state) ? 1 : 0;
  }
  EXPECT_LE(doubtful, 15) << "what is uneven by chance stays so, and is counted once";
}

TEST(SplitCheckOfUsers, FindsThatHalfOfTheCandidatesUsersAreLost) {
  StickyUsers gate(5);
  bool broken = false;
  int users = 0;
  for (; users < 2000 && !broken; users += 50) broken = gate.come(gate.new_users(50), 0.5).broken;
  EXPECT_TRUE(broken);
  EXPECT_LT(users, 800);
  gate.begin_window();
  gate.come(gate.new_users(10));
  EXPECT_GT(gate.state.split->log_e, std::log(100)) << "another window does not make it good";
}

TEST(SplitCheckOfUsers, SaysNothingWhereNobodyCountsThem) {
  Drawn split;
  split.route.unit.source = policy::UnitSource::Header;
  EXPECT_FALSE(split.assign(1000, 0).broken);
  EXPECT_TRUE(split.state.split.empty());
}

}  // namespace
}  // namespace sluice::strategy
