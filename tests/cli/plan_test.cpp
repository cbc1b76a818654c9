#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.hpp"

namespace sluice::cli {
namespace {

const std::string configs = std::string(SLUICE_SOURCE_DIR) + "/config/";

TEST(Plan, ShowsTheStepsOfACanaryAndWhereAPersonIsWaitedFor) {
  const Ran ran = command({"plan", configs + "canary.yaml", "--errors", "0.2%"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("at 5% for 10m"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("a person"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("and when a person says so"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("ERRORS 50%"), std::string::npos) << ran.out;
}

TEST(Plan, SpeaksJson) {
  const Ran ran = command({"plan", configs + "canary.yaml", "-o", "json", "--errors", "0.2%", "--regression", "50%"});
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_EQ(json["strategy"], "canary");
  ASSERT_GT(json["steps"].size(), 2U);
  EXPECT_EQ(json["steps"][0]["share"], 0) << "a harm budget wants to know the traffic first";
  const auto& step = json["steps"][1];
  EXPECT_DOUBLE_EQ(step["share"].get<double>(), 0.05);
  ASSERT_EQ(step["regressions"].size(), 1U);
  EXPECT_EQ(step["regressions"][0]["end"], "back");
  EXPECT_GT(step["regressions"][0]["badAnswers"].get<double>(), 0);
}

TEST(Plan, IsTheSameEveryTime) {
  const auto once = command({"plan", configs + "rolling.yaml", "-o", "json"}).out;
  EXPECT_EQ(once, command({"plan", configs + "rolling.yaml", "-o", "json"}).out);
}

TEST(Plan, HasSomethingToSayOfEveryStrategy) {
  for (const char* file : {"blue-green", "rolling", "rolling-in-place", "shadow", "bandit", "ab-test", "stages"}) {
    const Ran ran =
        command({"plan", configs + file + ".yaml", "--errors", "0.2%", "--max", "6h", "--regression", "50%"});
    EXPECT_EQ(ran.exit_code, 0) << file << ran.err;
    EXPECT_NE(ran.out.find("At worst"), std::string::npos) << file << ran.out;
  }
}

TEST(Plan, TheWordsOfTheCommandLineAreChecked) {
  EXPECT_EQ(command({"plan", configs + "canary.yaml", "--regression", "bad"}).exit_code, 2);
  EXPECT_EQ(command({"plan", configs + "canary.yaml", "--rate", "-1"}).exit_code, 2);
  EXPECT_EQ(command({"plan", configs + "canary.yaml", "nobody"}).exit_code, 2);
  EXPECT_EQ(command({"plan", "/nowhere.yaml"}).exit_code, 2);
}

}  // namespace
}  // namespace sluice::cli
