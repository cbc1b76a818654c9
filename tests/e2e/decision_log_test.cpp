// The decision log of a real process: what was decided and what was reported stand in its file.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

/// Two versions, a quarter for v2, and a file.
class DecisionLog : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return dir_ / "decisions.ndjson"; }
  std::string log_yaml(const std::string& more = {}) const {
    return "decisionLog: {path: \"" + file().string() + "\"" + more + "}";
  }
  std::string policy(const std::string& gateway, const std::string& route = "outcomes: [{name: click}]\n") const {
    return split_policy(v1_, v2_, 75, 25, route, gateway);
  }
  /// Every line, which must be an object; those before the last change of files first.
  std::vector<Json> lines() const {
    std::vector<Json> found;
    for (const auto& path : {dir_ / "decisions.1.ndjson", file()}) {
      if (!std::filesystem::exists(path)) continue;
      std::istringstream text(read_file(path));
      for (std::string line; std::getline(text, line);) {
        found.push_back(Json::parse(line, nullptr, false));
        EXPECT_TRUE(found.back().is_object()) << line;
      }
    }
    return found;
  }
  static void end(SluiceProcess& sluice) {
    sluice.signal(SIGTERM);
    EXPECT_EQ(sluice.wait().code, 0) << sluice.logs();
  }

  FakeUpstream v1_{"one"};
  FakeUpstream v2_{"two"};
  TempDir dir_;
};

TEST_F(DecisionLog, HoldsEveryDecisionAndWhatWasReportedOnceTheProcessHasEnded) {
  constexpr int kRequests = 200;
  std::map<std::string, int> answered;
  {
    SluiceProcess sluice(policy(log_yaml()));
    RawClient client(sluice.port());
    std::string reports;
    for (int i = 0; i < kRequests; ++i) {
      const HttpMessage answer = client.post("/", "x");
      ASSERT_EQ(answer.status(), 200);
      ++answered[version_of(answer)];
      if (i % 10 == 0) reports += R"({"decision":")" + answer.field("x-sluice-decision") + R"(","click":1})" + "\n";
    }
    for (const int accepted : {20, 0}) {
      const auto told = client.post("/sluice/v1/outcomes", reports, {{"content-type", "application/x-ndjson"}});
      EXPECT_EQ(Json::parse(told.body, nullptr, false)["accepted"], accepted) << told.body;
    }
    EXPECT_EQ(sluice.metrics().value("sluice_decision_log_lost_total"), 0);
    end(sluice);
  }
  std::map<std::string, int> decided;
  std::set<std::string> names;
  std::set<std::string> reported;
  for (const Json& line : lines()) {
    EXPECT_EQ(line["route"], "model");
    const std::string decision = line["decision"];
    if (line.contains("outcome")) {
      EXPECT_EQ(line["outcome"], "click");
      EXPECT_EQ(line["value"], 1);
      EXPECT_TRUE(reported.insert(decision).second) << "a duplicate is no news";
      continue;
    }
    const std::string version = line["version"];
    ++decided[version];
    names.insert(decision);
    EXPECT_EQ(line["propensity"], version == "v2" ? 0.25 : 0.75);
    EXPECT_EQ(line["status"], 200);
    EXPECT_GT(line["latency"].get<double>(), 0);
  }
  EXPECT_EQ(decided, answered);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kRequests));
  EXPECT_EQ(reported.size(), 20U);
  EXPECT_TRUE(std::includes(names.begin(), names.end(), reported.begin(), reported.end()));
}

TEST_F(DecisionLog, GoesOnBehindWhatIsThereAndWorksWithoutOutcomes) {
  for (int run = 1; run <= 2; ++run) {
    SluiceProcess sluice(policy(log_yaml(), ""));
    RawClient client(sluice.port());
    for (int i = 0; i < 10; ++i) EXPECT_EQ(client.post("/", "x").field("x-sluice-decision"), "");
    end(sluice);
    EXPECT_EQ(lines().size(), 10U * static_cast<std::size_t>(run));
  }
}

TEST_F(DecisionLog, KeepsADecisionAndItsOutcomeInTheSampleOrNeither) {
  {
    SluiceProcess sluice(policy(log_yaml(", sample: 30%")));
    RawClient client(sluice.port());
    std::string reports;
    for (int i = 0; i < 400; ++i) {
      reports += R"({"decision":")" + client.post("/", "x").field("x-sluice-decision") + R"(","click":1})" + "\n";
    }
    client.post("/sluice/v1/outcomes", reports, {{"content-type", "application/x-ndjson"}});
    end(sluice);
  }
  std::set<std::string> decided;
  std::set<std::string> reported;
  for (const Json& line : lines()) (line.contains("outcome") ? reported : decided).insert(line["decision"]);
  EXPECT_EQ(decided, reported);
  // 120 are expected; these are six standard deviations.
  EXPECT_GT(decided.size(), 65U);
  EXPECT_LT(decided.size(), 175U);
}

TEST_F(DecisionLog, OfASampleOfNothingStaysEmpty) {
  {
    SluiceProcess sluice(policy(log_yaml(", sample: 0%")));
    RawClient client(sluice.port());
    for (int i = 0; i < 50; ++i) client.post("/", "x");
    end(sluice);
  }
  EXPECT_EQ(read_file(file()), "");
}

TEST_F(DecisionLog, BeginsAnotherFileAndKeepsNoMoreThanItMay) {
  {
    SluiceProcess sluice(policy(log_yaml(", fileBytes: 64KiB, files: 2"), ""));
    RawClient client(sluice.port());
    for (int i = 0; i < 1500; ++i) client.post("/", "x");
    end(sluice);
  }
  EXPECT_TRUE(std::filesystem::exists(dir_ / "decisions.1.ndjson"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "decisions.2.ndjson"));
  EXPECT_FALSE(lines().empty()) << "whole lines in every file";
}

TEST_F(DecisionLog, ThatCannotBeOpenedIsOneSentenceAndExits1) {
  const std::string gone = (dir_ / "gone").string();
  const auto finished = serve_and_fail(policy("decisionLog: {path: \"" + gone + "/log.ndjson\"}"));
  EXPECT_EQ(finished.exit.code, 1);
  EXPECT_EQ(finished.err, "sluice: the decision log cannot be opened: there is no directory " + gone + "\n");
}

TEST_F(DecisionLog, CannotBeMovedWhileTheProcessRuns) {
  SluiceProcess sluice(policy(log_yaml()));
  sluice.write_policy(policy(log_yaml(", sample: 10%")));
  EXPECT_TRUE(sluice.logs_contain("spec.decisionLog cannot change while running; restart to change it"));
  sluice.write_policy(policy(""));
  EXPECT_TRUE(eventually([&] {
    return sluice.metrics().value("sluice_config_reloads_total", {{"result", "failure"}}) >= 2;
  })) << sluice.logs();
  RawClient(sluice.port()).post("/", "x");
  end(sluice);
  EXPECT_EQ(lines().size(), 1U) << "the old policy stayed in force";
}

}  // namespace
}  // namespace sluice::test
