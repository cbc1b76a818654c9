#include "sluice/metrics/process_stats.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>

namespace sluice::metrics {
namespace {

constexpr std::string_view kLine =
    "4321 (a (b) c) S 1 2 3 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 7 0 12345 1048576 256 18446744073709551615 1 1";

TEST(ProcessStats, ReadsTheFieldsAfterAnyCommandName) {
  const auto stats = parse_process_stat(kLine, 100, 4096, 1'000'000);
  ASSERT_TRUE(stats.has_value());
  EXPECT_DOUBLE_EQ(stats->cpu_seconds, 4.0);
  EXPECT_DOUBLE_EQ(stats->start_time_seconds, 1'000'123.45);
  EXPECT_EQ(stats->threads, 7U);
  EXPECT_EQ(stats->virtual_bytes, 1'048'576U);
  EXPECT_EQ(stats->resident_bytes, 256U * 4096);
}

TEST(ProcessStats, RefusesWhatIsCutOffAnywhereBeforeItsLastField) {
  const std::size_t last = kLine.find(" 256 ");
  for (std::size_t length = 0; length <= last; ++length) {
    EXPECT_FALSE(parse_process_stat(kLine.substr(0, length), 100, 4096, 0).has_value()) << length;
  }
  EXPECT_FALSE(parse_process_stat(kLine, 0, 4096, 0).has_value());
}

TEST(ProcessStats, OfThisProcessArePlausible) {
  const auto stats = read_process_stats();
  ASSERT_TRUE(stats.has_value());
  EXPECT_GT(stats->resident_bytes, 100'000U);
  EXPECT_GE(stats->threads, 1U);
  EXPECT_GE(stats->open_files_limit, stats->open_files);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(stats->start_time_seconds, now, 3600);

  const int more = dup(1);
  EXPECT_EQ(read_process_stats()->open_files, stats->open_files + 1);
  close(more);
}

}  // namespace
}  // namespace sluice::metrics
