#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "support/connection.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Json = nlohmann::json;
using Answer = std::pair<int, std::string>;

Json rollout(const std::string& phase) {
  const bool over = phase == "Promoted" || phase == "RolledBack";
  return {{"phase", phase}, {"over", over}, {"step", 2}, {"steps", 5}, {"message", "error-rate 5% > max 1% (n=200)"}};
}

/// A gateway with the one route `fraud`, whose rollout has the phase that the test gives.
Answer gateway(const test::HttpMessage& request, const std::string& phase, int answered = 0) {
  const std::string target = request.target();
  if (target == "/api/v1/config") return {200, R"({"build": "0.1.0", "generation": 7, "hash": "4f1c2aab00000000"})"};
  if (target == "/api/v1/drain") return {200, R"({"phase": "serving"})"};
  if (target.starts_with("/api/v1/routes/fraud/journal")) {
    return {200, Json{{"entries", {{{"kind", "Begun"}, {"text", target.substr(target.find('?'))}}}}}.dump()};
  }
  Json route{{"route", "fraud"}, {"strategy", "canary"}, {"rollout", rollout(phase)}};
  route["versions"] = Json::array({{{"version", "v1"}, {"answered", answered}}});
  if (target == "/api/v1/routes/fraud") return {200, route.dump()};
  if (target == "/api/v1/routes") return {200, Json{{"routes", {route}}}.dump()};
  return {404, R"({"error": "there is no route"})"};
}

TEST(StatusVerb, ShowsAllAboutOneRouteAndALineForEach) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request, "Progressing"); }));
  const Ran one = command({"status", "fraud", "--admin", address_of(port)});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_NE(one.out.find("Phase:   "), std::string::npos);
  EXPECT_NE(one.out.find("Progressing   Step 2/5"), std::string::npos) << one.out;
  const Ran all = command({"status", "--admin", address_of(port)});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(all.out.find("Phase:   "), std::string::npos) << all.out;
  EXPECT_NE(all.out.find("\nfraud  canary "), std::string::npos) << all.out;
  const Ran unknown = command({"status", "frau", "--admin", address_of(port)});
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_EQ(unknown.err, "sluice: there is no route; did you mean fraud?\n");
}

TEST(StatusVerb, WritesAllOfItForPrograms) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request, "Progressing"); }));
  const Json all = Json::parse(command({"status", "-o", "json", "--admin", address_of(port)}).out);
  EXPECT_EQ(all["config"]["generation"], 7);
  EXPECT_EQ(all["drain"]["phase"], "serving");
  EXPECT_EQ(all["routes"][0]["rollout"]["phase"], "Progressing");
  const Json one = Json::parse(command({"status", "fraud", "-o", "json", "--admin", address_of(port)}).out);
  EXPECT_EQ(one["routes"].size(), 1U);
}

TEST(StatusVerb, AnAnswerOfSomethingElseIsAnError) {
  const FakeUpstream port(admin_port([](const auto&) { return Answer{200, "<html>"}; }));
  EXPECT_EQ(command({"status", "--admin", address_of(port)}).exit_code, 1);
}

TEST(StatusVerb, AsksTheJournalForMoreEventsThanARolloutCarries) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request, "Progressing"); }));
  const Ran ran = command({"status", "fraud", "--events", "50", "--admin", address_of(port)});
  EXPECT_NE(ran.out.find("?limit=50"), std::string::npos) << ran.out;
  EXPECT_EQ(command({"status", "fraud", "--events", "9", "--admin", address_of(port)}).out.find("?limit"),
            std::string::npos);
}

TEST(StatusVerb, AWatchShowsRatesBetweenItsLooks) {
  std::atomic<int> answered{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    if (request.target() == "/api/v1/routes/fraud") answered += 100;
    return gateway(request, "Progressing", answered);
  }));
  const Ran ran = command(
      {"status", "fraud", "--watch", "-n", "3", "--interval", "1ms", "-o", "json", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::vector<Json> looks;
  for (std::string line; std::getline(lines, line);) looks.push_back(Json::parse(line));
  ASSERT_EQ(looks.size(), 3U);
  EXPECT_FALSE(looks[0]["routes"][0]["versions"][0].contains("rps"));
  for (int i = 1; i < 3; ++i) {
    const double seconds = looks[i]["time"].get<double>() - looks[i - 1]["time"].get<double>();
    EXPECT_NEAR(looks[i]["routes"][0]["versions"][0]["rps"].get<double>(), 100 / seconds, 1e-6 / seconds / seconds);
  }
}

TEST(StatusVerb, AWatchThatIsNoScreenSaysALineForEachChange) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    if (request.target() == "/api/v1/config") ++looks;
    return gateway(request, looks < 3 ? "Progressing" : "Promoted", looks);
  }));
  const Ran ran = command({"status", "fraud", "--watch", "-n", "5", "--interval", "1ms", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::vector<std::string> said;
  constexpr std::size_t kDate = sizeof "2026-11-22 09:51:07  " - 1;
  for (std::string line; std::getline(lines, line);) said.push_back(line.substr(std::min(kDate, line.size())));
  ASSERT_EQ(said.size(), 3U) << ran.out;
  EXPECT_EQ(said[0], "gateway serving, policy generation 7 (sha 4f1c2aab)");
  EXPECT_EQ(said[1], "fraud  Progressing  step 2/5  endpoints 0/0");
  EXPECT_EQ(said[2], "fraud  Promoted  step 2/5  endpoints 0/0");
}

TEST(StatusVerb, AWatchOutlivesARestartAndDoesNotClearWhatIsNoScreen) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    const bool away = request.target() == "/api/v1/config" && (++looks == 2 || looks == 3);
    if (away) return Answer{503, R"({"error": "not yet"})"};
    return gateway(request, looks < 4 ? "Progressing" : "Promoted");
  }));
  const Ran ran = command({"status", "--watch", "-n", "4", "--interval", "1ms", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "sluice: not yet\n") << "said once";
  EXPECT_EQ(ran.out.find('\033'), std::string::npos);
  EXPECT_NE(ran.out.find("fraud  Promoted"), std::string::npos) << ran.out;
}

TEST(StatusVerb, WaitsUntilThePhaseIsThere) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    return gateway(request, request.target() == "/api/v1/routes/fraud" && ++looks >= 3 ? "Promoted" : "Progressing");
  }));
  const Ran ran = command({"status", "fraud", "--wait", "promoted", "-o", "json", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["routes"][0]["rollout"]["phase"], "Promoted");
  EXPECT_GE(looks, 3);
}

TEST(StatusVerb, AnotherEndIsSaidAtOnce) {
  std::string phase = "RolledBack";
  const FakeUpstream port(admin_port([&](const auto& request) { return gateway(request, phase); }));
  const auto wait = [&](const std::string& wished) {
    return command({"status", "fraud", "--wait", wished, "--admin", address_of(port)});
  };
  const Ran ran = wait("Promoted");
  EXPECT_EQ(ran.exit_code, 5);
  EXPECT_EQ(ran.err,
            "sluice: fraud will not be Promoted, it is RolledBack, step 2/5: error-rate 5% > max 1% (n=200)\n");
  phase = "Idle";
  EXPECT_EQ(wait("Promoted").exit_code, 5) << "nothing will ever be decided";
  EXPECT_EQ(wait("Idle").exit_code, 0);
}

TEST(StatusVerb, AWaitThatTakesTooLongSaysHowFarItIs) {
  const FakeUpstream port(admin_port([](const auto& request) { return gateway(request, "Paused"); }));
  const Ran ran = command({"status", "fraud", "--wait", "Promoted", "--timeout", "1ms", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 124);
  EXPECT_EQ(ran.err, "sluice: fraud is not Promoted after 1ms: Paused, step 2/5\n");
}

TEST(StatusVerb, AWaitForARolloutThatHasNotBegunDoesNotTakeTheOneBeforeForIt) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    Answer answer = gateway(request, "RolledBack");
    if (request.target() != "/api/v1/routes/fraud") return answer;
    Json route = Json::parse(answer.second);
    const bool is_new = ++looks >= 3;
    route["rollout"] = rollout(is_new ? "Promoted" : "RolledBack");
    route["rollout"]["id"] = is_new ? "fraud-2" : "fraud-1";
    return Answer{200, route.dump()};
  }));
  const Ran ran =
      command({"status", "fraud", "--wait", "Promoted", "--rollout", "fraud-2", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_GE(looks, 3);
  EXPECT_EQ(command({"status", "fraud", "--rollout", "fraud-2"}).exit_code, 2) << "wait for what?";
}

TEST(StatusVerb, AWaitOutlivesARestartButNotAnUnknownRoute) {
  std::atomic<int> looks{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    if (++looks == 1) return Answer{503, R"({"error": "not yet"})"};
    return gateway(request, "Promoted");
  }));
  EXPECT_EQ(command({"status", "fraud", "--wait", "Promoted", "--admin", address_of(port)}).exit_code, 0);
  EXPECT_EQ(command({"status", "frau", "--wait", "Promoted", "--admin", address_of(port)}).exit_code, 4);
}

TEST(StatusVerb, ATokenThatIsNotTakenEndsAWaitAndAWatchAtOnce) {
  const FakeUpstream port(admin_port([](const auto&) {
    return Answer{401, R"({"error": "a bearer token is needed"})"};
  }));
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--wait", "Promoted"}, {"--watch"}}) {
    std::vector<std::string> words{"status", "fraud", "--admin", address_of(port)};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = command(words);
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.err.find("sluice: a bearer token is needed; --token-file FILE"), 0U) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

TEST(StatusVerb, AWaitEndsAtOnceWhereNoGatewayAnswersButNotWhereAProxyWaitsForOne) {
  const FakeUpstream other(admin_port([](const auto&) { return Answer{200, "<html>"}; }));
  EXPECT_EQ(command({"status", "fraud", "--wait", "Promoted", "--admin", address_of(other)}).exit_code, 1);
  std::atomic<int> looks{0};
  const FakeUpstream proxy(admin_port([&](const auto& request) {
    return ++looks < 3 ? Answer{502, "<html>"} : gateway(request, "Promoted");
  }));
  const Ran ran = command({"status", "fraud", "--wait", "Promoted", "--admin", address_of(proxy)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
}

TEST(StatusVerb, CountersThatRoutesShareAreNoRoute) {
  std::atomic<int> answered{0};
  const FakeUpstream port(admin_port([&](const auto& request) {
    const std::string target = request.target();
    Json pool{{"route", "_other"}, {"strategy", "none"}};
    pool["versions"] = Json::array({{{"version", "_other"}, {"answered", 9}}});
    if (target == "/api/v1/routes/_other") return Answer{200, pool.dump()};
    Answer answer = gateway(request, "Progressing", answered);
    if (target != "/api/v1/routes") return answer;
    Json page = Json::parse(answer.second);
    page["routes"].push_back(pool);
    return Answer{200, page.dump()};
  }));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"status"}, {"status", "fraud"}}) {
    std::vector<std::string> asked = words;
    asked.insert(asked.end(), {"-o", "json", "--admin", address_of(port)});
    answered = 0;
    const Json pooled = Json::parse(command(asked).out)["routes"];
    ASSERT_EQ(pooled.size(), 1U) << pooled;
    EXPECT_EQ(pooled[0]["route"], "fraud");
    EXPECT_TRUE(pooled[0].value("pooled", false)) << "its numbers are not 0, but unknown";
    answered = 1;
    EXPECT_FALSE(Json::parse(command(asked).out)["routes"][0].contains("pooled"));
  }
}

TEST(StatusVerb, RefusesWhatMakesNoSense) {
  EXPECT_EQ(command({"status", "--wait", "Promoted"}).exit_code, 2) << "of which route?";
  EXPECT_EQ(command({"status", "fraud", "--wait", "Done"}).exit_code, 2);
  EXPECT_EQ(command({"status", "fraud", "--wait", "Promoted", "--watch"}).exit_code, 2);
  EXPECT_EQ(command({"status", "fraud", "--timeout", "1s"}).exit_code, 2);
  EXPECT_EQ(command({"status", "--watch", "--interval", "1"}).exit_code, 2);
  EXPECT_EQ(command({"status", "--watch", "--interval", "0s"}).exit_code, 2) << "no pause at all";
  EXPECT_EQ(command({"status", "--events", "1001"}).exit_code, 2);
}

}  // namespace
}  // namespace sluice::cli
