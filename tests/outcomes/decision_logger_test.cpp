#include "sluice/outcomes/decision_logger.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <sstream>
#include <thread>

#include "sluice/outcomes/decision_log.hpp"
#include "support/temp_dir.hpp"

namespace sluice::outcomes {
namespace {

LoggedRoute shop(double ratio) {
  return {"shop", {"v1", "v2"}, {{"age", {}}, {"country", {"DE", "FR"}}}, ratio};
}

DecisionRecord record_of(std::uint64_t nonce, std::string_view version = "v2") {
  DecisionRecord record;
  record.decision.route = name_hash("shop");
  record.decision.version = name_hash(version);
  record.decision.nonce = nonce;
  record.decision.propensity = 0.25;
  record.decision.time = WallTime(std::chrono::milliseconds(1'790'000'000'123));
  record.status = 200;
  record.latency = 0.5;
  return record;
}

class DecisionLoggerTest : public ::testing::Test {
 protected:
  std::unique_ptr<DecisionLogger> start(std::size_t workers = 1, std::size_t records = 64) {
    DecisionLogger::Options options;
    options.path = (dir_ / "decisions.ndjson").string();
    options.workers = workers;
    options.records = records;
    auto made = DecisionLogger::start(options);
    EXPECT_TRUE(made);
    return made ? std::move(made).value() : nullptr;
  }

  std::vector<LogEntry> entries() const {
    std::vector<LogEntry> found;
    std::istringstream text(test::read_file(dir_ / "decisions.ndjson"));
    LogLineReader reader;
    for (std::string line; std::getline(text, line);) {
      auto entry = reader.read(line);
      EXPECT_TRUE(entry) << line;
      if (entry) found.push_back(std::move(entry).value());
    }
    return found;
  }

  const test::TempDir dir_;
};

TEST_F(DecisionLoggerTest, ADecisionAndItsOutcomeAreLinesOfOneFile) {
  auto logger = start();
  logger->set_routes({shop(1)});
  auto record = record_of(7);
  record.features = 2;
  record.context = {34.3F, 1.0F};
  logger->report(record.decision, "click", 1, record.decision.time);
  logger->note(0, record);
  logger->flush();
  const auto found = entries();
  ASSERT_EQ(found.size(), 2u);
  const auto& decision = std::get<LoggedDecision>(found[0]);
  EXPECT_EQ(decision.version, "v2");
  EXPECT_EQ(decision.propensity, 0.25);
  EXPECT_EQ(decision.context, (std::vector<Feature>{{"age", 34.3}, {"country", std::string("FR")}}));
  EXPECT_EQ(std::get<LoggedOutcome>(found[1]).decision, 7u);
}

TEST_F(DecisionLoggerTest, AFeatureThatARequestDidNotHaveIsLeftOut) {
  auto logger = start();
  logger->set_routes({shop(1)});
  auto record = record_of(7);
  record.features = 2;
  record.context = {std::nanf(""), -1.0F};
  logger->note(0, record);
  logger->flush();
  const auto found = entries();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(std::get<LoggedDecision>(found[0]).context.empty());
}

TEST_F(DecisionLoggerTest, ASampleKeepsDecisionsTogetherWithTheirOutcomes) {
  auto logger = start(1, 4096);
  logger->set_routes({shop(0.25)});
  for (std::uint64_t nonce = 1; nonce <= 2000; ++nonce) {
    logger->note(0, record_of(nonce));
    logger->report(record_of(nonce).decision, "click", 1, {});
  }
  logger->flush();
  std::set<std::uint64_t> decisions;
  std::set<std::uint64_t> outcomes;
  for (const auto& entry : entries()) {
    if (const auto* decision = std::get_if<LoggedDecision>(&entry)) decisions.insert(decision->decision);
    if (const auto* outcome = std::get_if<LoggedOutcome>(&entry)) outcomes.insert(outcome->decision);
  }
  EXPECT_EQ(decisions, outcomes);
  EXPECT_NEAR(static_cast<double>(decisions.size()), 500, 100);
}

TEST_F(DecisionLoggerTest, RoutesThatAreNotLoggedAndVersionsThatAreGoneLeaveNothing) {
  auto logger = start();
  logger->set_routes({shop(1), {"other", {"v1"}, {}, 0}});
  auto other = record_of(1, "v1");
  other.decision.route = name_hash("other");
  logger->note(0, other);
  logger->note(0, record_of(2, "v9"));
  logger->note(0, record_of(3));
  logger->flush();
  EXPECT_EQ(entries().size(), 1u);
  EXPECT_EQ(logger->lost(), 0u);
}

TEST_F(DecisionLoggerTest, WhatDoesNotFitIsCountedAndHoldsNobodyUp) {
  auto logger = start(1, 8);
  logger->set_routes({shop(1)});
  // More than the ring holds in less time than the thread rests.
  for (std::uint64_t nonce = 1; nonce <= 100'000; ++nonce) logger->note(0, record_of(nonce));
  logger->flush();
  EXPECT_GT(logger->lost(), 0u);
  EXPECT_EQ(entries().size() + logger->lost(), 100'000u);
}

TEST_F(DecisionLoggerTest, WhatWaitsIsWrittenAtTheEndFromAllWorkers) {
  auto logger = start(2);
  logger->set_routes({shop(1)});
  std::thread other([&] { logger->note(1, record_of(2)); });
  logger->note(0, record_of(1));
  other.join();
  logger.reset();
  EXPECT_EQ(entries().size(), 2u);
}

}  // namespace
}  // namespace sluice::outcomes
