#include "sluice/metrics/cells.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "sluice/metrics/counters.hpp"

namespace sluice::metrics {
namespace {

TEST(Cells, StatusCodesHaveASlotEachAndTheRestShareOne) {
  for (int status = 100; status <= 599; ++status) EXPECT_EQ(status_of_slot(status_slot(status)), status);
  for (const int odd : {-1, 0, 99, 600, 1 << 30}) EXPECT_EQ(status_slot(odd), 0U);
  EXPECT_EQ(status_slot(599), kStatusSlots - 1);
}

TEST(Cells, GaugeGoesBelowZeroOnOneWorkerWhenAnotherHoldsTheRest) {
  Gauge gauge;
  gauge.add(2);
  gauge.subtract(3);
  EXPECT_EQ(gauge.value(), -1);
}

TEST(Cells, HistogramReadsBackWhatThePlainOneHolds) {
  AtomicHistogram live;
  stats::Histogram plain;
  std::mt19937_64 random(5);
  for (int i = 0; i < 5000; ++i) {
    const Duration value(static_cast<std::int64_t>(random() % 10'000'000'000) - 1000);
    live.record(value);
    plain.record(value);
  }
  stats::Histogram read;
  live.add_to(read);
  EXPECT_EQ(read, plain);
}

TEST(Cells, ReaderSeesNeitherTornNorShrinkingValuesWhileTheWorkerWrites) {
  AtomicHistogram live;
  Counter counter;
  constexpr std::uint64_t kWrites = 200'000;
  std::thread worker([&] {
    for (std::uint64_t i = 0; i < kWrites; ++i) {
      live.record(Duration(static_cast<std::int64_t>(i * 1000)));
      counter.add();
    }
  });
  std::uint64_t seen = 0;
  while (seen < kWrites) {
    const std::uint64_t now = counter.value();
    ASSERT_GE(now, seen);
    ASSERT_LE(now, kWrites);
    seen = now;
  }
  worker.join();
  stats::Histogram read;
  live.add_to(read);
  EXPECT_EQ(read.count(), kWrites);
}

TEST(Counters, WorkersShareNoCacheLine) {
  EXPECT_EQ(alignof(VersionCounters), kCacheLine);
  EXPECT_EQ(sizeof(VersionCounters) % kCacheLine, 0U);
  EXPECT_EQ(sizeof(RouteCounters) % kCacheLine, 0U);
  EXPECT_EQ(sizeof(GatewayCounters) % kCacheLine, 0U);
}

}  // namespace
}  // namespace sluice::metrics
