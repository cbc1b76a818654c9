#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace sluice::cli {
namespace {

const std::string canary_file = std::string(SLUICE_SOURCE_DIR) + "/config/canary.yaml";

Ran simulate(std::vector<std::string> arguments) {
  std::vector<std::string> all{"simulate", canary_file, "--errors", "0.2%", "--promote-pauses", "--runs", "20"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return command(std::move(all));
}

TEST(Simulate, ShowsEveryOutcomeWithItsShare) {
  const Ran ran = simulate({"--version", "v2:error-rate=30%"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("RolledBack (CheckFailed)"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("100%"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("1 check asks Prometheus and is left out"), std::string::npos) << ran.out;
}

TEST(Simulate, IsTheSameForTheSameSeedOnly) {
  const std::vector<std::string> arguments{"--version", "v2:error-rate=3%", "--seed"};
  auto with = [&](const char* seed) {
    auto all = arguments;
    all.emplace_back(seed);
    return simulate(all).out;
  };
  EXPECT_EQ(with("5"), with("5"));
  EXPECT_NE(with("5"), with("6"));
}

TEST(Simulate, OneRunIsToldWithVirtualTimes) {
  const Ran ran = command({"simulate", canary_file, "fraud", "--errors", "0.2%", "--promote-pauses", "--runs", "1"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("10m10s  Advanced"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("Promoted after"), std::string::npos) << ran.out;
}

TEST(Simulate, SpeaksJson) {
  const Ran ran = simulate({"-o", "json", "--version", "v2:error-rate=30%"});
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_EQ(json["route"], "fraud");
  EXPECT_EQ(json["runs"], 20);
  ASSERT_EQ(json["outcomes"].size(), 1U);
  EXPECT_EQ(json["outcomes"][0]["ending"], "aborts");
  EXPECT_EQ(json["outcomes"][0]["share"], 1.0);
  EXPECT_GT(json["outcomes"][0]["badAnswers"]["median"].get<double>(), 0);
}

TEST(Simulate, MetExpectationsExitWithZero) {
  const Ran ran =
      simulate({"--expect", "v2:error-rate=50% aborts within 5m", "--expect", "v2 promotes in 50% of runs"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.out.find("NOT MET"), std::string::npos) << ran.out;
}

TEST(Simulate, AnExpectationThatIsNotMetExitsWithOneAndItsNumbers) {
  const Ran ran =
      simulate({"--expect", "v2:error-rate=50% promotes", "--expect", "v2:error-rate=50% aborts within 5m"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("NOT MET  v2:error-rate=50% promotes: 0% of 20 runs, at least 95% wanted"), std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("RolledBack"), std::string::npos) << ran.out;
}

TEST(Simulate, TheWordsOfTheCommandLineAreChecked) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--expect", "v2 explodes"}, std::vector<std::string>{"--expect", "v9 promotes"},
        std::vector<std::string>{"--version", "v2:error-rate=5"}, std::vector<std::string>{"--version", "v9"},
        std::vector<std::string>{"--version", "v2", "--version", "v2"}, std::vector<std::string>{"--rate", "0"},
        std::vector<std::string>{"--max", "soon"}, std::vector<std::string>{"--errors", "2"}}) {
    const Ran ran = simulate(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments.back();
    EXPECT_FALSE(ran.err.empty()) << arguments.back();
  }
}

TEST(Simulate, SupposesOutcomesDriftsUsersAndBrokenSplits) {
  const Ran ran = command({"simulate",
                           std::string(SLUICE_SOURCE_DIR) + "/config/ab-test-outcomes.yaml",
                           "--runs",
                           "2",
                           "--max",
                           "1h",
                           "--outcome",
                           "click=5%,click-delay=1m,revenue=12±3@50%",
                           "--version",
                           "v2:click=9%,latency-p99=300ms",
                           "--drift",
                           "rate:±60%/24h",
                           "--units",
                           "500",
                           "--unit-heterogeneity",
                           "0.2",
                           "--unit-skew",
                           "1",
                           "--broken-split",
                           "v3:20%"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* line :
       {"all: 5% click after 1m (exponential)", "all: 12±3 revenue of 50%", "v2: p99 300ms, 9% click",
        "drift: rate:±60%/1d", "v3: 20% vanish", "500 users, heterogeneity 0.2, skew 1"}) {
    EXPECT_NE(ran.out.find(line), std::string::npos) << line << "\n" << ran.out;
  }
}

TEST(Simulate, RefusesTrafficThatDoesNotFitTheRoute) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--outcome", "click=5%"}, std::vector<std::string>{"--drift", "click:x2/1h"},
        std::vector<std::string>{"--drift", "v9:latency:x2/1h"}, std::vector<std::string>{"--drift", "v2:rate:x2/1h"},
        std::vector<std::string>{"--broken-split", "v9:50%"}, std::vector<std::string>{"--broken-split", "v2"},
        std::vector<std::string>{"--unit-heterogeneity", "2"}, std::vector<std::string>{"--latency-p99", "long"}}) {
    const Ran ran = simulate(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments.back();
    EXPECT_FALSE(ran.err.empty()) << arguments.back();
  }
}

TEST(Simulate, ExperimentsAreListedRunAndChanged) {
  const Ran list = command({"simulate", "--experiment", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_NE(list.out.find("detect-5x"), std::string::npos) << list.out;
  const Ran parameters = command({"simulate", "--experiment", "detect-5x", "--set", "list"});
  EXPECT_NE(parameters.out.find("the candidate's share of the requests"), std::string::npos) << parameters.out;
  const Ran own = command({"simulate", "--experiment", "detect-5x", "--replications", "200"});
  EXPECT_EQ(own.exit_code, 0) << own.out << own.err;
  EXPECT_NE(own.out.find("≤ 1 895"), std::string::npos) << own.out;
  const Ran changed =
      command({"simulate", "--experiment", "detect-5x", "--set", "share=50%", "--replications", "50", "-o", "json"});
  const auto json = nlohmann::json::parse(changed.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << changed.out;
  EXPECT_EQ(json["parameters"]["share"], 0.5);
  EXPECT_LT(json["figures"][0]["value"].get<double>(), 1500);
  EXPECT_TRUE(json["figures"][0]["atMost"].is_null()) << "what was wished was wished of 5 %";
  const Ran rows = command({"simulate", "--experiment", "split-sound", "--replications", "10", "--markdown"});
  EXPECT_EQ(rows.out.find("| `split-sound` | warned (share) | ≤ 5% |"), 0U) << rows.out;
}

TEST(Simulate, AnExperimentNeedsANameAndParametersThatItHas) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--experiment", "nonsense"},
        std::vector<std::string>{"--experiment", "detect-5x", "--set", "color=1"},
        std::vector<std::string>{"--experiment", "detect-5x", "--set", "share=many"}, std::vector<std::string>{}}) {
    auto all = arguments;
    all.insert(all.begin(), "simulate");
    const Ran ran = command(all);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_FALSE(ran.err.empty());
  }
}

TEST(Simulate, WantsAPolicyAndARouteThatAreThere) {
  EXPECT_EQ(command({"simulate", "/nowhere.yaml"}).exit_code, 2);
  EXPECT_EQ(command({"simulate", canary_file, "other"}).exit_code, 2);
  const Ran plain = command({"simulate", std::string(SLUICE_SOURCE_DIR) + "/config/plain.yaml"});
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_NE(plain.err.find("no route has a strategy"), std::string::npos) << plain.err;
}

}  // namespace
}  // namespace sluice::cli
