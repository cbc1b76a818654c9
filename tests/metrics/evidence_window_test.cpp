#include "sluice/metrics/evidence_window.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::metrics {
namespace {

using namespace std::chrono_literals;

TEST(EvidenceWindow, BeginsWithNothing) {
  const EvidenceWindow window(2, 3);
  const auto totals = window.totals();
  ASSERT_EQ(totals.size(), 3u);
  for (const VersionEvidenceTotals& version : totals) {
    EXPECT_EQ(version.all.requests + version.control.requests + version.shadow.requests, 0u);
    EXPECT_EQ(version.all.latency.count(), 0u);
  }
}

TEST(EvidenceWindow, AddsUpTheWorkersOfEachVersionAndKind) {
  EvidenceWindow window(2, 2);
  window.cells(0, 1).all.answered(200, 10ms);
  window.cells(0, 1).all.first_byte.record(4ms);
  window.cells(1, 1).all.answered(404, 20ms);
  window.cells(1, 1).all.answered(503, 30ms);
  window.cells(1, 1).all.failed();
  window.cells(1, 0).control.answered(200, 5ms);
  window.cells(0, 0).shadow.failed();
  const auto totals = window.totals();
  EXPECT_EQ(totals[1].all.requests, 4u);
  EXPECT_EQ(totals[1].all.failures, 2u) << "an answer of 503 and none at all; 404 is an answer";
  EXPECT_EQ(totals[1].all.latency.count(), 3u) << "of those that were answered";
  EXPECT_EQ(totals[1].all.latency.sum(), 60ms);
  EXPECT_EQ(totals[1].all.first_byte.sum(), 4ms);
  EXPECT_EQ(totals[1].control.requests, 0u);
  EXPECT_EQ(totals[0].all.requests, 0u);
  EXPECT_EQ(totals[0].control.requests, 1u);
  EXPECT_EQ(totals[0].control.latency.sum(), 5ms);
  EXPECT_EQ(totals[0].shadow.requests, 1u);
  EXPECT_EQ(totals[0].shadow.failures, 1u);
}

TEST(EvidenceWindow, AddsUpWhatCopiesCost) {
  EvidenceWindow window(2, 2);
  window.cells(0, 1).shadow_bytes.add(100);
  window.cells(1, 1).shadow_bytes.add(11);
  window.cells(0, 1).shadow_nanoseconds.add(7);
  window.cells(1, 1).shadow_nanoseconds.add(5'000'000'000);
  const auto totals = window.totals();
  EXPECT_EQ(totals[1].shadow_bytes, 111u);
  EXPECT_EQ(totals[1].shadow_nanoseconds, 5'000'000'007u);
  EXPECT_EQ(totals[0].shadow_bytes + totals[0].shadow_nanoseconds, 0u);
}

TEST(EvidenceWindow, KnowsWhatWasAssignedBeforeItIsOver) {
  EvidenceWindow window(2, 2);
  window.cells(0, 1).assigned.add();
  window.cells(1, 1).assigned.add();
  window.cells(1, 1).all.answered(200, 5ms);
  const auto totals = window.totals();
  EXPECT_EQ(totals[1].assigned, 2u);
  EXPECT_EQ(totals[1].all.requests, 1u);
  EXPECT_EQ(totals[0].assigned, 0u);
}

TEST(EvidenceWindow, CountsFailuresByUnitWhereItIsAskedTo) {
  EXPECT_EQ(EvidenceWindow(1, 1).unit_failures(), nullptr);
  EvidenceWindow window(1, 2, true);
  window.unit_failures()->note(0, 1, 4711);
  EXPECT_EQ(window.unit_failures()->counts()->at(1)[0], 1u);
}

TEST(EvidenceWindow, CountsSegmentsOnTheirOwnWhereThereAreAny) {
  EXPECT_EQ(EvidenceWindow(1, 1).segments(), 0u);
  EXPECT_TRUE(EvidenceWindow(1, 1).totals()[0].segments.empty());
  EvidenceWindow window(2, 2, true, 3);
  window.cells(0, 1, 2).answered(200, 10ms);
  window.cells(1, 1, 2).failed();
  window.cells(1, 0, 0).failed();
  window.unit_cells(0, 1, 2).answered(200, 10ms);
  const auto totals = window.totals();
  ASSERT_EQ(totals[1].segments.size(), 3u);
  EXPECT_EQ(totals[1].segments[2].requests, 2u);
  EXPECT_EQ(totals[1].segments[2].failures, 1u);
  EXPECT_EQ(totals[1].segments[2].latency.count(), 1u);
  EXPECT_EQ(totals[1].segment_units[2].requests, 1u);
  EXPECT_EQ(totals[1].segments[0].requests + totals[1].segments[1].requests, 0u);
  EXPECT_EQ(totals[0].segments[0].requests, 1u);
  EXPECT_EQ(totals[0].all.requests, 0u) << "whoever counts a segment counts the whole as well";
  window.unit_failures(1)->note(0, 1, 4711);
  EXPECT_EQ(window.unit_failures(1)->counts()->at(1)[0], 1u);
  EXPECT_EQ(window.unit_failures(2)->counts()->at(1)[0], 0u);
  EXPECT_EQ(window.unit_failures(3), nullptr);
}

TEST(EvidenceWindow, EveryCellIsAlone) {
  EvidenceWindow window(3, 5);
  for (std::size_t worker = 0; worker < 3; ++worker) {
    for (std::size_t version = 0; version < 5; ++version) {
      for (std::size_t i = 0; i <= version; ++i) window.cells(worker, version).all.failed();
    }
  }
  const auto totals = window.totals();
  for (std::size_t version = 0; version < 5; ++version) EXPECT_EQ(totals[version].all.requests, 3 * (version + 1));
}

TEST(EvidenceWindow, WithoutALimitReachedGivesCopiesAndTakesThemBack) {
  EvidenceWindow window(1, 1);
  EXPECT_TRUE(window.take_copy(2));
  EXPECT_TRUE(window.take_copy(2));
  EXPECT_FALSE(window.take_copy(2));
  window.give_copy_back();
  EXPECT_TRUE(window.take_copy(2));
  EXPECT_FALSE(window.take_copy(1)) << "a smaller limit later";
  EXPECT_EQ(window.copies(), 2u);
}

TEST(EvidenceWindow, NeverGivesMoreCopiesThanTheLimitWhoeverAsks) {
  constexpr std::uint64_t kLimit = 5000;
  EvidenceWindow window(4, 1);
  std::atomic<std::uint64_t> given{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (int asked = 0; asked < 4000; ++asked) given += window.take_copy(kLimit) ? 1 : 0;
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(given, kLimit);
}

TEST(EvidenceWindow, CanBeReadWhileItIsWritten) {
  constexpr std::uint64_t kRequests = 100000;
  EvidenceWindow window(1, 1);
  std::thread worker([&] {
    for (std::uint64_t i = 0; i < kRequests; ++i) window.cells(0, 0).all.answered(i % 2 == 0 ? 200 : 500, 1ms);
  });
  std::uint64_t last = 0;
  while (last < kRequests) {
    const auto seen = window.totals()[0].all;
    EXPECT_GE(seen.requests, last);
    last = seen.requests;
  }
  worker.join();
  const auto all = window.totals()[0].all;
  EXPECT_EQ(all.failures, kRequests / 2);
  EXPECT_EQ(all.latency.count(), kRequests);
}

TEST(EvidenceWindow, KnowsAUnitThatCameBefore) {
  EvidenceWindow window(1, 2, true);
  EXPECT_TRUE(window.is_first(0x1234'5678'0000'0001));
  EXPECT_FALSE(window.is_first(0x1234'5678'0000'0001));
  EXPECT_TRUE(window.is_first(0x1234'5678'0000'0002));
  EXPECT_FALSE(window.is_first(0x9999'5678'0000'0002)) << "of the same group";
  EXPECT_TRUE(window.is_first(0) && window.is_first(0)) << "requests without a unit are units of their own";
  EvidenceWindow of_requests(1, 2);
  EXPECT_FALSE(of_requests.is_first(7)) << "nobody sticks";
}

TEST(EvidenceWindow, CountsTheFirstOfEachGroupOnceWhoeverAsks) {
  EvidenceWindow window(4, 1, true);
  std::atomic<std::uint64_t> first{0};
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      std::uint64_t own = 0;
      for (std::uint64_t unit = 1; unit <= 20'000; ++unit) own += window.is_first(unit) ? 1 : 0;
      first += own;
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(first, 20'000u);
  window.cells(2, 0).units.answered(200, 5ms);
  window.cells(2, 0).assigned_units.add();
  EXPECT_EQ(window.totals()[0].units.latency.count(), 1u);
  EXPECT_EQ(window.totals()[0].assigned_units, 1u);
}

}  // namespace
}  // namespace sluice::metrics
