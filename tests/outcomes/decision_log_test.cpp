#include "sluice/outcomes/decision_log.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::outcomes {
namespace {

using std::chrono::milliseconds;

LoggedDecision a_logged_decision() {
  LoggedDecision made;
  made.time = WallTime(milliseconds(1'790'000'000'123));
  made.route = "shop";
  made.decision = 0x1f;
  made.version = "v2";
  made.propensity = 0.1;
  made.unit = 0xabcdef0123456789;
  made.status = 200;
  made.latency = 0.0125;
  made.context = {{"age", 34.5}, {"country", std::string("D\"E\n")}};
  return made;
}

TEST(DecisionLog, ADecisionReadsBackAsItWas) {
  std::string line;
  append_line(a_logged_decision(), line);
  EXPECT_EQ(line, R"({"time":"2026-09-21T14:13:20.123Z","route":"shop","decision":"000000000000001f","version":"v2",)"
                  R"("propensity":0.1,"unit":"abcdef0123456789","status":200,"latency":0.0125,)"
                  R"("context":{"age":34.5,"country":"D\"E\n"}})"
                  "\n");
  LogLineReader reader;
  const auto read = reader.read(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<LoggedDecision>(*read), a_logged_decision());
}

TEST(DecisionLog, AnOutcomeReadsBackAsItWas) {
  const LoggedOutcome outcome{WallTime(milliseconds(1'790'000'900'000)), "shop", 0x1f, "revenue", -12.25};
  std::string line;
  append_line(outcome, line);
  LogLineReader reader;
  const auto read = reader.read(line);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<LoggedOutcome>(*read), outcome);
}

TEST(DecisionLog, MembersOfANewerLogArePassedOver) {
  LogLineReader reader;
  const auto read = reader.read(
      R"({"time":"2026-11-22T09:51:03.250Z","route":"r","decision":"1","version":"v","propensity":1,"new":{"a":[1]}})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<LoggedDecision>(*read).version, "v");
  EXPECT_EQ(std::get<LoggedDecision>(*read).status, 0);
}

TEST(DecisionLog, LinesThatAreNoEntriesSayWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not an object"},
      {"[1]", "not an object"},
      {R"({"route":"r"})", "no time"},
      {R"({"time":"2026-13-22T09:51:03.250Z","route":"r"})", "no time"},
      {R"({"time":"2026-11-22T09:51:03.250Z"})", "no route"},
      {R"({"time":"2026-11-22T09:51:03.250Z","route":"r","decision":"xyz"})", "no decision"},
      {R"({"time":"2026-11-22T09:51:03.250Z","route":"r","decision":"1"})", "neither a version nor an outcome"},
      {R"({"time":"2026-11-22T09:51:03.250Z","route":"r","decision":"1","version":"v"})", "no propensity"},
      {R"({"time":"2026-11-22T09:51:03.250Z","route":"r","decision":"1","version":"v","propensity":0})",
       "no propensity"},
      {R"({"time":"2026-11-22T09:51:03.250Z","route":"r","decision":"1","outcome":"c"})", "without a value"},
  };
  LogLineReader reader;
  for (const auto& [line, why] : cases) {
    const auto read = reader.read(line);
    ASSERT_FALSE(read) << line;
    EXPECT_NE(read.error().message.find(why), std::string::npos) << line << ": " << read.error().message;
  }
}

}  // namespace
}  // namespace sluice::outcomes
