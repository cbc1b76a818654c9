// What applications report about decisions: from the token of an answer to the ledger, over real processes.
#include <algorithm>
#include <thread>

#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

constexpr const char* kReportPath = "/sluice/v1/outcomes";
constexpr const char* kOutcomes =
    "outcomes: [{name: click}, {name: revenue, type: Value, attributionWindow: 7d}, "
    "{name: quick, attributionWindow: 1s}]\n";

/// What an answer said about its decision.
struct Told {
  std::string token;
  std::string version;
};

std::string report(const std::string& token, const std::string& values = R"("click":1)") {
  return R"({"decision":")" + token + R"(",)" + values + "}";
}

/// Two versions, half each, and a store; the gateway may be killed and started again.
class Outcomes : public ::testing::Test {
 protected:
  void write_policy(const std::string& outcomes = kOutcomes) {
    path_ = dir_.write("policy.yaml", split_policy(v1_, v2_, 1, 1, outcomes, kept_in(dir_)));
  }
  SluiceProcess start() {
    if (path_.empty()) write_policy();
    return SluiceProcess::serve_path(path_);
  }
  static std::vector<Told> decide(const SluiceProcess& sluice, int requests) {
    std::vector<Told> told;
    RawClient client(sluice.port());
    for (int i = 0; i < requests; ++i) {
      const HttpMessage answer = client.post("/", "x");
      told.push_back({answer.field("x-sluice-decision"), version_of(answer)});
    }
    return told;
  }
  static HttpMessage post(const SluiceProcess& sluice, const std::string& body,
                          const std::string& type = "application/json") {
    return RawClient(sluice.port()).post(kReportPath, body, {{"content-type", type}});
  }
  static Json said(const SluiceProcess& sluice, const std::string& body, const std::string& type = "application/json") {
    return Json::parse(post(sluice, body, type).body, nullptr, false);
  }

  FakeUpstream v1_{"one"};
  FakeUpstream v2_{"two"};
  TempDir dir_;
  std::filesystem::path path_;
};

TEST_F(Outcomes, WhatIsReportedCountsOnceForTheVersionThatWasChosen) {
  const SluiceProcess sluice = start();
  EXPECT_TRUE(sluice.metrics().has("sluice_outcomes_total", {{"version", "v2"}, {"outcome", "revenue"}})) << "at zero";
  const std::vector<Told> told = decide(sluice, 60);
  double of_v1 = 0;
  std::string lines;
  for (const Told& one : told) {
    ASSERT_EQ(one.token.size(), 96U);
    of_v1 += one.version == "v1" ? 1 : 0;
    lines += report(one.token, R"("click":true,"revenue":2.5)") + "\n";
  }
  const HttpMessage answer = post(sluice, lines, "application/x-ndjson");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("content-type").substr(0, 16), "application/json");
  EXPECT_EQ(answer.body, R"({"accepted":120,"duplicates":0,"rejected":0})");
  EXPECT_EQ(said(sluice, lines)["duplicates"], 120);
  EXPECT_EQ(sluice.metric_becomes(of_v1, "sluice_outcomes_total", {{"version", "v1"}, {"outcome", "click"}}), of_v1);
  const double of_v2 = 60 - of_v1;
  EXPECT_EQ(sluice.metric_becomes(of_v2, "sluice_outcomes_total", {{"version", "v2"}, {"outcome", "click"}}), of_v2);
  EXPECT_EQ(sluice.metric_becomes(150, "sluice_outcome_value_total", {{"outcome", "revenue"}}), 150);
  EXPECT_EQ(sluice.metric_becomes(60, "sluice_outcome_delay_seconds_count", {{"outcome", "click"}}), 60);
  EXPECT_EQ(sluice.metric_becomes(120, "sluice_outcome_ledger_reports"), 120);
}

TEST_F(Outcomes, GoodItemsCountBesideAllKindsOfBadOnes) {
  const SluiceProcess sluice = start();
  std::vector<Told> told = decide(sluice, 4);
  ASSERT_EQ(said(sluice, report(told[0].token))["accepted"], 1);
  // On a busy machine a second may be over before anything is reported.
  ASSERT_TRUE(eventually([&] {
    told[1] = decide(sluice, 1)[0];
    return said(sluice, report(told[1].token, R"("quick":1)"))["accepted"] == 1;
  }));
  ASSERT_TRUE(eventually([&] {
    const Json answer = said(sluice, report(told[1].token, R"("quick":1)"));
    return answer["rejected"] == 1 && answer["problems"][0]["reason"] == "expired";
  }));
  std::string forged = told[2].token;
  forged[15] = forged[15] == 'A' ? 'B' : 'A';
  const Json answer =
      said(sluice, "[" + report(told[0].token) + "," + report(forged) + "," + report(told[1].token, R"("quick":1)") +
                       R"(,"what",)" + report(told[3].token, R"("click":2,"clack":1,"revenue":-3)") + "," +
                       report(told[2].token) + R"(,{"decision":"x","click":1}])");
  EXPECT_EQ(answer["accepted"], 2);
  EXPECT_EQ(answer["duplicates"], 1);
  EXPECT_EQ(answer["rejected"], 6);
  std::vector<std::string> problems;
  for (const Json& problem : answer["problems"]) {
    problems.push_back(std::to_string(problem["index"].get<int>()) + " " + problem.value("outcome", "") + " " +
                       problem["reason"].get<std::string>());
  }
  EXPECT_EQ(problems, (std::vector<std::string>{"1  forged", "2 quick expired", "3  malformed", "4 click invalid_value",
                                                "4 clack unknown_outcome", "6  malformed"}));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_outcome_unmatched_total", {{"reason", "malformed"}}), 2);
  EXPECT_EQ(
      sluice.metric_becomes(1, "sluice_outcome_unmatched_total", {{"route", "model"}, {"reason", "unknown_outcome"}}),
      1);
  EXPECT_EQ(post(sluice, "{").status(), 400);
  EXPECT_EQ(post(sluice, report(forged)).status(), 400);
}

TEST_F(Outcomes, LateAndOutOfOrderReportsCountAcrossRestartsAndOnce) {
  std::vector<Told> told;
  {
    SluiceProcess first = start();
    told = decide(first, 30);
    std::string body;
    for (std::size_t i = 0; i < 10; ++i) body += report(told[3 * i].token) + "\n";
    EXPECT_EQ(said(first, body)["accepted"], 10);
    first.signal(SIGKILL);
    first.wait();
  }
  {
    SluiceProcess second = start();
    const std::vector<Told> more = decide(second, 5);
    told.insert(told.begin(), more.begin(), more.end());
    std::string body;
    for (std::size_t i = 20; i-- > 0;) body += report(told[i].token) + "\n";
    const Json answer = said(second, body);
    EXPECT_EQ(answer["accepted"], 15) << answer;
    EXPECT_EQ(answer["duplicates"], 5);
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait().code, 0);
  }
  const SluiceProcess third = start();
  std::string body;
  for (const Told& one : told) body += report(one.token, R"("click":0)") + "\n";
  const Json answer = said(third, body);
  EXPECT_EQ(answer["duplicates"], 25) << answer;
  EXPECT_EQ(answer["accepted"], 10);
  EXPECT_EQ(answer["rejected"], 0);
}

TEST_F(Outcomes, WhatWasAnsweredIsThereAfterSigkill) {
  std::vector<std::string> acknowledged;
  {
    SluiceProcess sluice = start();
    const std::vector<Told> told = decide(sluice, 400);
    std::atomic<bool> enough{false};
    std::thread client([&] {
      try {
        RawClient connection(sluice.port());
        for (const Told& one : told) {
          if (connection.post(kReportPath, report(one.token)).status() != 200) break;
          acknowledged.push_back(one.token);
          enough = acknowledged.size() > 50;
        }
      } catch (const std::exception&) {  // it was killed
      }
      enough = true;
    });
    eventually([&] { return enough.load(); });
    sluice.signal(SIGKILL);
    sluice.wait();
    client.join();
  }
  ASSERT_GT(acknowledged.size(), 50U);
  const SluiceProcess sluice = start();
  std::string body;
  for (const std::string& token : acknowledged) body += report(token) + "\n";
  const Json answer = said(sluice, body);
  EXPECT_EQ(answer["duplicates"], acknowledged.size()) << answer;
}

TEST_F(Outcomes, WhatIsReportedWhileTheGatewayDrainsIsAnsweredAndKept) {
  path_ = dir_.write("policy.yaml",
                     split_policy(v1_, v2_, 1, 1, kOutcomes, kept_in(dir_) + "\ndrain: {delay: 300ms, timeout: 10s}"));
  constexpr std::size_t clients = 4;
  std::array<std::vector<std::string>, clients> acknowledged;
  std::array<std::string, clients> trouble;
  {
    SluiceProcess sluice = start();
    std::atomic<std::size_t> begun{0};
    std::vector<std::thread> threads;
    for (std::size_t c = 0; c < clients; ++c) {
      threads.emplace_back([&, c] {
        try {
          RawClient connection(sluice.port());
          for (bool open = true; open;) {
            const HttpMessage decided = connection.post("/", "x");
            if (decided.field("connection") == "close") return;
            const std::string token = decided.field("x-sluice-decision");
            const HttpMessage answer = connection.post(kReportPath, report(token));
            if (answer.status() != 200) trouble[c] = "status " + std::to_string(answer.status());
            acknowledged[c].push_back(token);
            ++begun;
            open = answer.field("connection") != "close";
          }
        } catch (const std::exception& error) {
          trouble[c] = error.what();
        }
      });
    }
    eventually([&] { return begun > 20; });
    sluice.signal(SIGTERM);
    EXPECT_EQ(sluice.wait().code, 0);
    for (std::thread& thread : threads) thread.join();
  }
  std::string body;
  std::size_t all = 0;
  for (std::size_t c = 0; c < clients; ++c) {
    EXPECT_EQ(trouble[c], "");
    for (const std::string& token : acknowledged[c]) body += report(token) + "\n";
    all += acknowledged[c].size();
  }
  const SluiceProcess sluice = start();
  const Json answer = said(sluice, body);
  EXPECT_EQ(answer["duplicates"], all) << answer;
}

TEST_F(Outcomes, ANewPolicySaysWhatIsReportedFromThenOn) {
  const SluiceProcess sluice = start();
  const std::vector<Told> told = decide(sluice, 3);
  ASSERT_EQ(said(sluice, report(told[0].token))["accepted"], 1);
  write_policy("outcomes: [{name: bought}]\n");
  ASSERT_TRUE(eventually([&] { return sluice.metrics().has("sluice_outcomes_total", {{"outcome", "bought"}}); }));
  const Json answer = said(sluice, report(told[1].token, R"("click":1,"bought":1)"));
  EXPECT_EQ(answer["accepted"], 1) << answer;
  EXPECT_EQ(answer["problems"][0]["reason"], "unknown_outcome");
  write_policy("");
  ASSERT_TRUE(eventually([&] { return post(sluice, report(told[2].token, R"("bought":1)")).status() == 404; }));
  EXPECT_EQ(decide(sluice, 1)[0].token, "");
}

TEST_F(Outcomes, AScriptReportsThroughTheCommandLine) {
  const SluiceProcess sluice = start();
  const std::vector<Told> told = decide(sluice, 4);
  const std::string gateway = "http://127.0.0.1:" + std::to_string(sluice.port());
  const auto cli = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {sluice_binary(), "outcome"});
    arguments.insert(arguments.end(), {"--gateway", gateway});
    return run(arguments, {}, std::chrono::seconds(60));
  };
  auto done = cli({told[0].token, "click=1", "revenue=12.5", "--unit", "alice"});
  EXPECT_EQ(done.exit.code, 0) << done.err;
  EXPECT_EQ(done.out, "2 accepted, 0 known before, 0 rejected\n");
  done = cli({told[0].token, "click=1", "-o", "json"});
  EXPECT_EQ(done.exit.code, 0) << done.err;
  EXPECT_EQ(Json::parse(done.out)["duplicates"], 1);
  done = cli({told[1].token, "click=7"});
  EXPECT_EQ(done.exit.code, 3);
  EXPECT_EQ(done.err, "sluice: item 0 (click): invalid_value: it takes 0 or 1\n");
  const auto file = dir_.write("reports.ndjson", report(told[2].token) + "\nnonsense\n" + report(told[3].token) + "\n");
  done = cli({"--file", file.string()});
  EXPECT_EQ(done.exit.code, 3);
  EXPECT_EQ(done.out, "2 accepted, 0 known before, 1 rejected\n");
  EXPECT_EQ(done.err, "sluice: item 1: malformed: it is no object\n");
}

}  // namespace
}  // namespace sluice::test
