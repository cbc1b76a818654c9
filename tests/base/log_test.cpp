#include "sluice/base/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace sluice::log {
namespace {

/// Logs into a temporary file; `lines` ends the log and reads it.
class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override {
    stop();
    std::fclose(file_);
  }

  void begin(Options options = {}) {
    options.stream = file_;
    start(options);
  }

  std::vector<std::string> lines() {
    stop();
    std::rewind(file_);
    std::string text;
    std::array<char, 4096> piece;
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file_)) text.append(piece.data(), n);
    std::vector<std::string> result;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
  }

  std::FILE* file_ = std::tmpfile();
};

TEST_F(LogTest, TextLineHasTimeLevelMessageAndFields) {
  begin();
  info("policy in force", {{"generation", 7}, {"file", "a b.yaml"}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].size() - std::string("info  policy in force generation=7 file=\"a b.yaml\"").size(),
            std::string("2026-01-01T00:00:00.000000Z ").size());
  EXPECT_EQ(written[0][26], 'Z');
  EXPECT_EQ(written[0].substr(28), "info  policy in force generation=7 file=\"a b.yaml\"");
}

TEST_F(LogTest, JsonLineIsAnObject) {
  Options options;
  options.format = Format::Json;
  begin(options);
  warn("100% %v {} \"quoted\"", {{"path", "/a\nb"}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  const auto parsed = nlohmann::json::parse(written[0]);
  EXPECT_EQ(parsed["level"], "warn");
  EXPECT_EQ(parsed["message"], "100% %v {} \"quoted\"");
  EXPECT_EQ(parsed["path"], "/a\nb");
  EXPECT_EQ(parsed["time"].get<std::string>().size(), std::string("2026-01-01T00:00:00.000000Z").size());
}

TEST_F(LogTest, LevelsBelowTheThresholdAreSilent) {
  begin();
  debug("no");
  set_level(Level::Error);
  warn("no");
  error("yes");
  set_level(Level::Off);
  error("no");
  EXPECT_FALSE(enabled(Level::Error));
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(LogTest, ASiteIsHeldToItsRateAndSaysWhatItHeldBack) {
  begin();
  Site site(5);
  const std::uint64_t before = suppressed_lines();
  for (int i = 0; i < 5000; ++i) warn(site, "storm");
  const std::uint64_t held_back = suppressed_lines() - before;
  const auto written = lines();
  EXPECT_EQ(written.size() + held_back, 5000U);
  EXPECT_LT(written.size(), 1000U);  // five for every second that the loop took
  EXPECT_GE(written.size(), 5U);
}

TEST_F(LogTest, AccessLinesAreOffByDefault) {
  begin();
  EXPECT_FALSE(sample_access());
}

TEST_F(LogTest, AccessLinesAreSampledByTheirRatio) {
  begin();
  set_access_ratio(0.1);
  int sampled = 0;
  for (int i = 0; i < 100'000; ++i) sampled += sample_access() ? 1 : 0;
  EXPECT_NEAR(sampled, 10'000, 600);  // six standard deviations
  set_access_ratio(1);
  EXPECT_TRUE(sample_access());
  set_access_ratio(0);
  EXPECT_FALSE(sample_access());
}

TEST_F(LogTest, AccessLineLeavesOutWhatIsNotThere) {
  begin();
  AccessRecord record;
  record.method = "POST";
  record.path = "/v2/models/fraud/infer";
  record.route = "fraud";
  record.version = "v2";
  record.status = 200;
  record.duration = std::chrono::milliseconds(12);
  record.bytes_received = 250;
  record.request_id = "r-1";
  access(record);
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].substr(28),
            "info  access method=POST path=/v2/models/fraud/infer route=fraud version=v2 status=200 duration=0.012 "
            "upstream_duration=0 bytes_received=250 bytes_sent=0 request_id=r-1");
}

TEST_F(LogTest, AccessLinesAreHeldToTheirRate) {
  Options options;
  options.access_rate = 3;
  begin(options);
  for (int i = 0; i < 1000; ++i) access({});
  EXPECT_LT(lines().size(), 100U);
}

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  Options options;
  options.format = Format::Json;
  options.queue = 10'000;
  begin(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 500; ++i) info("line", {{"thread", t}, {"number", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::array<int, 4> next{};
  for (const std::string& line : lines()) {
    const auto parsed = nlohmann::json::parse(line);
    EXPECT_EQ(parsed["number"].get<int>(), next.at(parsed["thread"].get<std::size_t>())++);
  }
  EXPECT_EQ(next, (std::array<int, 4>{500, 500, 500, 500}));
}

TEST(Log, AReaderThatDoesNotReadHoldsNobodyUp) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  std::FILE* stream = fdopen(ends[1], "w");
  Options options;
  options.stream = stream;
  options.queue = 16;
  const std::uint64_t before = dropped_lines();
  start(options);
  const std::string filler(1000, 'x');
  for (int i = 0; i < 2000; ++i) info(filler);  // many times what pipe and queue hold: returns all the same
  EXPECT_GT(dropped_lines() - before, 1000U);

  std::thread reader([&] {
    std::array<char, 65536> sink;
    while (read(ends[0], sink.data(), sink.size()) > 0) {
    }
  });
  stop();
  EXPECT_GT(dropped_lines() - before, 1000U);  // still counted afterwards
  std::fclose(stream);
  reader.join();
  close(ends[0]);
}

TEST(Log, BeforeItStartsOnlyWarningsAreSaid) {
  ::testing::internal::CaptureStderr();
  info("quiet");
  warn("loud", {{"n", 1}});
  access({});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "warn  loud n=1\n");
}

TEST(Log, NamesOfLevelsAndFormatsAreRead) {
  EXPECT_EQ(*parse_level("warn"), Level::Warn);
  EXPECT_EQ(*parse_format("json"), Format::Json);
  ASSERT_FALSE(parse_level("Loud").ok());
  EXPECT_EQ(parse_level("Loud").error().message,
            "unknown log level \"Loud\"; one of trace, debug, info, warn, error, off");
  EXPECT_EQ(parse_format("xml").error().message, "unknown log format \"xml\"; one of text, json");
}

}  // namespace
}  // namespace sluice::log
