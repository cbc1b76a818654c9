#include "support/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "support/metrics_text.hpp"

namespace sluice::test {
namespace {

TEST(ChildProcess, KeepsBothOutputsAndTheExitCode) {
  const auto finished = run({"sh", "-c", "cat; echo oops >&2; exit 3"}, "typed");
  EXPECT_EQ(finished.exit.code, 3);
  EXPECT_EQ(finished.exit.signal, 0);
  EXPECT_EQ(finished.out, "typed");
  EXPECT_EQ(finished.err, "oops\n");
}

TEST(ChildProcess, TellsWhichSignalEndedIt) {
  ChildProcess process({"sleep", "60"});
  EXPECT_TRUE(process.is_running());
  EXPECT_GT(process.resident(), 0u);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().signal, SIGTERM);
}

TEST(ChildProcess, SaysWhenItWritesALine) {
  ChildProcess process({"sh", "-c", "echo ready; exec sleep 60"});
  EXPECT_TRUE(process.says("ready\n"));
  EXPECT_FALSE(process.says("never", std::chrono::milliseconds(20)));
}

TEST(ChildProcess, GivesUpWaitingForALineWhenItEnded) {
  ChildProcess process({"true"});
  EXPECT_FALSE(process.says("ready"));
}

TEST(ChildProcess, MeasuresMemoryFromWhereItWasTold) {
  ChildProcess process({"sh", "-c", "x=$(head -c 30000000 /dev/zero | tr '\\0' x); x=; echo grown; sleep 60"});
  ASSERT_TRUE(process.says("grown\n"));
  EXPECT_GT(process.resident_high_water(), 30000000u);
  process.forget_high_water();
  EXPECT_LT(process.resident_high_water(), 30000000u);
}

TEST(MetricsText, SumsTheSeriesThatCarryTheLabels) {
  const MetricsText metrics(
      "# TYPE sluice_requests_total counter\n"
      "sluice_requests_total{route=\"a\",version=\"v1\",code=\"200\"} 3\n"
      "sluice_requests_total{route=\"a\",version=\"v1\",code=\"502\"} 1\n"
      "sluice_requests_total{route=\"a\",version=\"v2\",code=\"200\"} 5e1\n"
      "up 1\n");
  EXPECT_EQ(metrics.value("sluice_requests_total", {{"version", "v1"}}), 4);
  EXPECT_EQ(metrics.value("sluice_requests_total"), 54);
  EXPECT_EQ(metrics.value("up"), 1);
  EXPECT_FALSE(metrics.has("sluice_requests_total", {{"version", "v3"}}));
}

}  // namespace
}  // namespace sluice::test
