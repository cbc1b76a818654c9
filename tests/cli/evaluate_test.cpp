#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/logged_shop.hpp"
#include "support/temp_dir.hpp"

namespace sluice::cli {
namespace {

class Evaluate : public ::testing::Test {
 protected:
  Ran evaluate(std::vector<std::string> more) const {
    more.insert(more.begin(), {"evaluate", log_.string()});
    return command(std::move(more));
  }
  nlohmann::json as_json(std::vector<std::string> more) const {
    more.insert(more.end(), {"-o", "json"});
    const Ran ran = evaluate(std::move(more));
    EXPECT_EQ(ran.exit_code, 0) << ran.err << ran.out;
    return nlohmann::json::parse(ran.out, nullptr, false);
  }

  const test::TempDir dir_;
  const std::filesystem::path log_ = dir_.write("decisions.ndjson", logged_shop(1, 20'000));
};

TEST_F(Evaluate, TellsWhatOtherPoliciesWouldHaveEarned) {
  const auto json =
      as_json({"--reward", "click", "--policy", "v1", "--policy", "v2", "--policy", "v2 if country=DE; v1"});
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["decisions"], 20'000);
  const double truths[] = {0.1, 0.16, 0.2};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& policy = json["policies"][i];
    for (const char* estimate : {"ips", "snips", "doublyRobust"}) {
      EXPECT_LE(policy[estimate]["lower"].get<double>(), truths[i]) << policy;
      EXPECT_GE(policy[estimate]["upper"].get<double>(), truths[i]) << policy;
    }
    EXPECT_NEAR(policy["meanWeight"].get<double>(), 1, 0.06) << policy;
  }
  const Ran text = evaluate({"--reward", "click", "--policy", "v2 if country=DE; v1"});
  EXPECT_NE(text.out.find("earns more than what was in force"), std::string::npos) << text.out;
}

TEST_F(Evaluate, SaysThatThereIsNoDifferenceWhereThereIsNone) {
  const Ran ran = evaluate({"--policy", "v2"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("no certain difference"), std::string::npos) << ran.out;
}

TEST_F(Evaluate, RefusesAPolicyThatTheLogSaysNothingAbout) {
  const Ran ran = evaluate({"--reward", "click", "--policy", "v3"});
  EXPECT_EQ(ran.exit_code, 3) << ran.out;
  EXPECT_NE(ran.out.find("cannot be told: it chooses versions that the log did not choose"), std::string::npos)
      << ran.out;
}

TEST_F(Evaluate, LeavesOutWhatMayStillConvert) {
  const auto json = as_json({"--reward", "click", "--policy", "v1", "--mature", "1h"});
  EXPECT_EQ(json["immature"], 3600);
}

TEST_F(Evaluate, LinesThatCannotBeReadAreCountedAndHarmNothing) {
  auto text = test::read_file(log_);
  text.insert(0, "rubbish\n{\"time\":1}\n\n");
  dir_.write("decisions.ndjson", text);
  const auto json = as_json({"--reward", "click", "--policy", "v1"});
  EXPECT_EQ(json["unreadable"], 2);
  EXPECT_EQ(json["decisions"], 20'000);
}

TEST_F(Evaluate, ReportsWithoutTheirDecisionAreCounted) {
  dir_.write(
      "decisions.ndjson",
      test::read_file(log_) +
          R"({"time":"2026-09-21T14:13:20.123Z","route":"shop","decision":"ffffffff","outcome":"click","value":1})"
          "\n");
  EXPECT_EQ(as_json({"--reward", "click", "--policy", "v1"})["orphans"], 1);
}

TEST_F(Evaluate, WhatMakesNoSenseIsSaid) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--policy", "v1:10%"}, "add up to 10%"},
      {{"--policy", "v1", "--route", "bank"}, "no decision of the route 'bank'"},
      {{"--policy", "v1", "--confidence", "100%"}, "between 0% and 100%"},
  };
  for (const auto& [arguments, why] : cases) {
    const Ran ran = evaluate(arguments);
    EXPECT_EQ(ran.exit_code, 2) << why;
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
  }
  dir_.write("decisions.ndjson", "");
  const Ran empty = evaluate({"--policy", "v1"});
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_NE(empty.err.find("the log has no decision"), std::string::npos) << empty.err;
}

TEST_F(Evaluate, OfSeveralRoutesOneMustBeNamed) {
  dir_.write("decisions.ndjson",
             test::read_file(log_) +
                 R"({"time":"2026-09-21T14:13:20.123Z","route":"bank","decision":"1","version":"v1","propensity":1})"
                 "\n");
  const Ran ran = evaluate({"--policy", "v1"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.err.find("'bank', 'shop'"), std::string::npos) << ran.err;
  EXPECT_EQ(as_json({"--policy", "v1", "--route", "shop"})["decisions"], 20'000);
}

}  // namespace
}  // namespace sluice::cli
