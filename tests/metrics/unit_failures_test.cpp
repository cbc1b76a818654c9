#include "sluice/metrics/unit_failures.hpp"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "sluice/base/random.hpp"

namespace sluice::metrics {
namespace {

void fail_times(UnitFailures& failures, std::size_t version, std::uint64_t unit, int times) {
  for (int i = 0; i < times; ++i) failures.note(0, version, unit);
}

TEST(UnitFailures, AreNoneAtFirst) {
  UnitFailures failures(2, 3);
  const auto counts = failures.counts();
  ASSERT_TRUE(counts);
  EXPECT_EQ(*counts, std::vector<UnitFailureCounts>(3));
}

TEST(UnitFailures, SayHowManyUnitsHadAtLeastThatMany) {
  UnitFailures failures(1, 2);
  fail_times(failures, 1, 1000, 1);
  fail_times(failures, 1, 2000, 3);
  fail_times(failures, 1, 3000, 4);
  fail_times(failures, 1, 4000, 40);
  EXPECT_EQ(failures.counts()->at(1), (UnitFailureCounts{4, 3, 2, 1, 1}));
  EXPECT_EQ(failures.counts()->at(0), UnitFailureCounts{});
}

TEST(UnitFailures, GoOnFromWhatWasThereAtTheLastLook) {
  UnitFailures failures(1, 1);
  fail_times(failures, 0, 1000, 3);
  EXPECT_EQ(failures.counts()->at(0), (UnitFailureCounts{1, 1, 0, 0, 0}));
  fail_times(failures, 0, 1000, 1);
  EXPECT_EQ(failures.counts()->at(0), (UnitFailureCounts{1, 1, 1, 0, 0}));
}

TEST(UnitFailures, OfOneUnitAddUpOverTheWorkers) {
  UnitFailures failures(3, 1);
  for (std::size_t worker = 0; worker < 3; ++worker) failures.note(worker, 0, 77777);
  failures.note(1, 0, 77777);
  EXPECT_EQ(failures.counts()->at(0), (UnitFailureCounts{1, 1, 1, 0, 0}));
}

TEST(UnitFailures, OfOneUnitAtTwoVersionsAreTwoUnits) {
  UnitFailures failures(1, 64);
  fail_times(failures, 0, 1000, 2);
  fail_times(failures, 63, 1000, 1);
  EXPECT_EQ(failures.counts()->at(0), (UnitFailureCounts{1, 1, 0, 0, 0}));
  EXPECT_EQ(failures.counts()->at(63), (UnitFailureCounts{1, 0, 0, 0, 0}));
}

TEST(UnitFailures, OfRequestsWithoutAUnitAreUnitsOfTheirOwn) {
  UnitFailures failures(1, 2);
  fail_times(failures, 1, 0, 5);
  EXPECT_EQ(failures.counts()->at(1), (UnitFailureCounts{5, 0, 0, 0, 0}));
}

TEST(UnitFailures, OfAUnitWhoseHashLooksLikeNoneStillBelongTogether) {
  UnitFailures failures(1, 2);
  for (const std::uint64_t small : {1, 63}) fail_times(failures, 1, small, 2);
  EXPECT_EQ(failures.counts()->at(1)[1], 1u) << "hashes that differ in their last bits only are taken for one unit";
}

TEST(UnitFailures, AreNotKnownOnceThereWereMoreUnitsThanAreKept) {
  UnitFailures failures(1, 1, 10);
  for (std::uint64_t unit = 1; unit <= 10; ++unit) failures.note(0, 0, unit << 32);
  failures.note(0, 0, std::uint64_t{1} << 32);
  ASSERT_TRUE(failures.counts());
  EXPECT_EQ(failures.counts()->at(0)[0], 10u);
  failures.note(0, 0, std::uint64_t{11} << 32);
  EXPECT_FALSE(failures.counts());
  EXPECT_FALSE(failures.counts()) << "and never again within the window";
}

TEST(UnitFailures, AreNotKnownOnceMoreCameBetweenTwoLooksThanThereIsRoomFor) {
  UnitFailures failures(2, 1);
  for (std::size_t i = 0; i < FailureRing::kRoom; ++i) failures.note(1, 0, 5000);
  ASSERT_TRUE(failures.counts());
  EXPECT_EQ(failures.counts()->at(0)[4], 1u);
  for (std::size_t i = 0; i <= FailureRing::kRoom; ++i) failures.note(1, 0, 5000);
  EXPECT_FALSE(failures.counts());
}

TEST(UnitFailures, CanBeLookedAtWhileTheyHappen) {
  constexpr std::size_t kWorkers = 3;
  constexpr std::size_t kFailures = 20'000;
  UnitFailures failures(kWorkers, 2);
  std::map<std::uint64_t, std::uint64_t> expected;
  std::vector<std::vector<std::uint64_t>> plans(kWorkers);
  Random random(7);
  for (auto& plan : plans) {
    for (std::size_t i = 0; i < kFailures; ++i) {
      plan.push_back((1 + random.below(5000)) << 20);
      ++expected[plan.back()];
    }
  }
  std::atomic<std::size_t> looks{0};
  std::atomic<std::size_t> running{kWorkers};
  // Nobody may run further ahead than there is room: what was noted is counted once two looks have begun and ended.
  const auto wait_for_looks = [&] {
    for (const std::size_t before = looks; looks < before + 2;) std::this_thread::yield();
  };
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      for (std::size_t i = 0; i < kFailures; ++i) {
        failures.note(worker, 1, plans[worker][i]);
        if (i % (FailureRing::kRoom / 2) == 0) wait_for_looks();
      }
      --running;
    });
  }
  while (running > 0) {
    EXPECT_TRUE(failures.counts());
    ++looks;
  }
  for (auto& worker : workers) worker.join();
  UnitFailureCounts wanted{};
  for (const auto& [unit, count] : expected) {
    for (std::size_t step = 0; step < wanted.size(); ++step)
      wanted[step] += count >= (std::uint64_t{1} << step) ? 1 : 0;
  }
  EXPECT_EQ(failures.counts()->at(1), wanted);
}

}  // namespace
}  // namespace sluice::metrics
