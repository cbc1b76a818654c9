#include "sluice/stats/unit_exceedance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/relative_risk.hpp"

namespace sluice::stats {
namespace {

struct Alarms {
  bool of_units = false;
  bool of_requests = false;
};

/// Users with error rates of their own that stick to a version, equally good versions.
Alarms clustered_run(Random& random, double worse) {
  constexpr double share = 0.2;
  constexpr int users = 400;
  std::vector<bool> on_candidate;
  std::vector<double> rates;
  std::vector<std::uint64_t> events(users);
  for (int i = 0; i < users; ++i) {
    on_candidate.push_back(random.uniform() < share);
    // A few unlucky users have most of the errors.
    const double rate = random.uniform() < 0.05 ? 0.3 : 0.002;
    rates.push_back(on_candidate.back() ? std::fmin(1.0, rate * worse) : rate);
  }
  UnitExceedance units;
  RelativeRisk requests;
  Alarms alarms;
  for (int look = 0; look < 100; ++look) {
    UnitExceedance::Counts candidate{};
    UnitExceedance::Counts both{};
    for (std::size_t i = 0; i < users; ++i) {
      if (random.uniform() >= rates[i]) continue;
      requests.add(share, on_candidate[i] ? 1 : 0, 1);
      const auto levels = UnitExceedance::reached(events[i], events[i] + 1);
      ++events[i];
      for (std::size_t level = levels.first; level < levels.last; ++level) {
        ++both[level];
        candidate[level] += on_candidate[i] ? 1 : 0;
      }
    }
    units.add(share, candidate, both);
    alarms.of_units = alarms.of_units || units.log_e() >= std::log(20);
    alarms.of_requests = alarms.of_requests || requests.log_e() >= std::log(20);
  }
  return alarms;
}

TEST(UnitExceedance, NotesEveryLevelOnce) {
  const auto first = UnitExceedance::reached(0, 1);
  EXPECT_EQ(first.first, 0U);
  EXPECT_EQ(first.last, 1U);
  const auto jump = UnitExceedance::reached(1, 9);
  EXPECT_EQ(jump.first, 1U);
  EXPECT_EQ(jump.last, 4U);
  const auto between = UnitExceedance::reached(5, 7);
  EXPECT_EQ(between.first, between.last);
  const auto beyond = UnitExceedance::reached(16, 1000);
  EXPECT_EQ(beyond.first, beyond.last);
}

TEST(UnitExceedance, KeepsItsLevelWhereCountingRequestsDoesNot) {
  Random random(11);
  constexpr int runs = 300;
  int of_units = 0;
  int of_requests = 0;
  for (int run = 0; run < runs; ++run) {
    const auto alarms = clustered_run(random, 1);
    of_units += alarms.of_units ? 1 : 0;
    of_requests += alarms.of_requests ? 1 : 0;
  }
  // A standard error is 1.3 %.
  EXPECT_LE(of_units, runs * 8 / 100);
  EXPECT_GT(of_requests, runs * 15 / 100);
}

TEST(UnitExceedance, StillSeesAWorseCandidate) {
  Random random(12);
  int seen = 0;
  for (int run = 0; run < 20; ++run) seen += clustered_run(random, 4).of_units ? 1 : 0;
  EXPECT_GE(seen, 19);
}

TEST(UnitExceedance, AddsUpAndSurvivesTheStore) {
  UnitExceedance all;
  UnitExceedance left;
  UnitExceedance right;
  all.add(0.1, {5, 3, 1, 0, 0}, {20, 9, 4, 2, 0});
  all.add(0.2, {2, 1, 0, 0, 0}, {7, 3, 1, 0, 0});
  left.add(0.1, {5, 3, 1, 0, 0}, {20, 9, 4, 2, 0});
  right.add(0.2, {2, 1, 0, 0, 0}, {7, 3, 1, 0, 0});
  left.merge(right);
  EXPECT_NEAR(all.log_e(), left.log_e(), 1e-12);
  const auto packed = all.pack();
  const auto back = UnitExceedance::unpack(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->log_e(), all.log_e());
  EXPECT_FALSE(UnitExceedance::unpack(std::span(packed).first(packed.size() - 1)));
  EXPECT_FALSE(UnitExceedance::unpack({}));
}

}  // namespace
}  // namespace sluice::stats
