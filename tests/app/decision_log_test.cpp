#include "sluice/app/decision_log.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "sluice/outcomes/decision_log.hpp"
#include "support/temp_dir.hpp"

namespace sluice::app {
namespace {

policy::ModelRoute route_named(const std::string& name, const std::vector<std::string>& versions) {
  policy::ModelRoute route;
  route.name = name;
  for (const std::string& version : versions) route.versions.emplace_back().name = version;
  return route;
}

class DecisionLogTest : public testing::Test {
 protected:
  policy::DecisionLog wished(Ratio sample = 100_pct) const {
    policy::DecisionLog wish;
    wish.path = (dir_ / "log.ndjson").string();
    wish.sample = sample;
    return wish;
  }
  void put_in_force(const std::vector<policy::ModelRoute>& routes) {
    log_.expect(routes);
    log_.settle();
  }
  void decide(const std::string& route, const std::string& version) {
    outcomes::DecisionRecord record;
    record.decision.route = outcomes::name_hash(route);
    record.decision.version = outcomes::name_hash(version);
    record.decision.nonce = ++nonce_;
    log_.logger()->note(0, record);
    log_.logger()->flush();
  }
  /// "route/version", in their order.
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    std::istringstream text(test::read_file(dir_ / "log.ndjson"));
    outcomes::LogLineReader reader;
    for (std::string line; std::getline(text, line);) {
      const auto entry = reader.read(line);
      if (!entry) ADD_FAILURE() << line;
      const auto& made = std::get<outcomes::LoggedDecision>(*entry);
      found.push_back(made.route + "/" + made.version);
    }
    return found;
  }

  const test::TempDir dir_;
  DecisionLog log_;
  std::uint64_t nonce_ = 0;
};

TEST_F(DecisionLogTest, IsOffUntilItIsOpened) {
  EXPECT_EQ(log_.logger(), nullptr);
  put_in_force({route_named("fraud", {"v1"})});
  EXPECT_EQ(log_.lost(), 0U);
}

TEST_F(DecisionLogTest, KnowsTheVersionsOfThePolicyBeforeAsLongAsRequestsMayEnd) {
  ASSERT_TRUE(log_.open(wished(), 1));
  put_in_force({route_named("fraud", {"v1", "v2"}), route_named("shop", {"v1"})});
  put_in_force({route_named("fraud", {"v2", "v3"})});
  decide("fraud", "v1");
  decide("fraud", "v3");
  decide("shop", "v1");
  EXPECT_EQ(lines(), (std::vector<std::string>{"fraud/v1", "fraud/v3", "shop/v1"}));
  put_in_force({route_named("fraud", {"v3"})});
  decide("fraud", "v1");
  decide("shop", "v1");
  decide("fraud", "v2");
  EXPECT_EQ(lines().size(), 4U) << "two policies later, what is gone is gone";
  EXPECT_EQ(lines().back(), "fraud/v2");
}

TEST_F(DecisionLogTest, GoesByTheOldPolicyWhenTheNewOneIsNotPutInForce) {
  ASSERT_TRUE(log_.open(wished(), 1));
  put_in_force({route_named("fraud", {"v1"})});
  log_.expect({route_named("fraud", {"v2"})});
  log_.expect({route_named("fraud", {"v3"})});
  decide("fraud", "v1");
  EXPECT_EQ(lines(), (std::vector<std::string>{"fraud/v1"}));
}

TEST_F(DecisionLogTest, OfASampleOfNothingIsEmpty) {
  ASSERT_TRUE(log_.open(wished(0_pct), 1));
  put_in_force({route_named("fraud", {"v1"})});
  for (int i = 0; i < 100; ++i) decide("fraud", "v1");
  EXPECT_TRUE(lines().empty());
}

TEST_F(DecisionLogTest, WithoutItsDirectoryIsNotOpened) {
  policy::DecisionLog wish = wished();
  wish.path = (dir_ / "gone" / "log.ndjson").string();
  const auto opened = log_.open(wish, 1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "the decision log cannot be opened: there is no directory " + (dir_ / "gone").string());
  wish.path = dir_.path().string();
  EXPECT_FALSE(log_.open(wish, 1)) << "a directory is no file";
}

}  // namespace
}  // namespace sluice::app
