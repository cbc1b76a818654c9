#include "sluice/strategy/split_check.hpp"

#include <gtest/gtest.h>

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

TEST(SplitCheck, SaysNothingWhereUsersStick) {
  Drawn split;
  split.route.unit.source = policy::UnitSource::Header;
  EXPECT_FALSE(split.assign(1000, 0).broken);
  EXPECT_TRUE(split.state.split.empty());
}

}  // namespace
}  // namespace sluice::strategy
