#include "sluice/stats/sample_ratio.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

using Shares = std::vector<double>;

std::size_t draw(Random& random, const Shares& shares) {
  double left = random.uniform();
  for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
    left -= shares[i];
    if (left < 0) return i;
  }
  return shares.size() - 1;
}

TEST(SampleRatio, IsSoundWhereTheSplitIsTheOneDrawnBy) {
  SampleRatio ratio(3);
  EXPECT_EQ(ratio.health(), SplitHealth::Sound);
  ratio.add(Shares{0.9, 0.09, 0.01}, std::array<std::uint64_t, 3>{90'030, 8'980, 990});
  EXPECT_LT(ratio.log_e(), 0);
  EXPECT_EQ(ratio.health(), SplitHealth::Sound);
}

TEST(SampleRatio, CatchesADeadArmWithinAHundredRequests) {
  SampleRatio ratio(2);
  std::uint64_t requests = 0;
  while (ratio.health() != SplitHealth::Broken && requests < 1000) {
    ratio.add(Shares{0.5, 0.5}, std::array<std::uint64_t, 2>{1, 0});
    ++requests;
  }
  EXPECT_LE(requests, 25U);
  SampleRatio small(2);
  small.add(Shares{0.9, 0.1}, std::array<std::uint64_t, 2>{100, 0});
  EXPECT_EQ(small.health(), SplitHealth::Doubtful);
  EXPECT_EQ(small.suspect().received_per_wished < 1, small.suspect().arm == 1);
}

TEST(SampleRatio, SeesAFewPercentOfARequestsShareMissing) {
  SampleRatio ratio(2);
  ratio.add(Shares{0.5, 0.5}, std::array<std::uint64_t, 2>{51'000, 49'000});
  EXPECT_EQ(ratio.health(), SplitHealth::Broken);
  EXPECT_NEAR(ratio.suspect().received_per_wished, 1.02, 1e-9);
}

TEST(SampleRatio, NamesTheArmThatIsOff) {
  SampleRatio ratio(4);
  ratio.add(Shares{1, 1, 1, 1}, std::array<std::uint64_t, 4>{1000, 1000, 600, 1000});
  EXPECT_EQ(ratio.suspect().arm, 2U);
  EXPECT_LT(ratio.suspect().received_per_wished, 0.7);
  EXPECT_EQ(ratio.health(), SplitHealth::Broken);
}

TEST(SampleRatio, KeepsItsPromiseWhileSharesMove) {
  Random random(41);
  constexpr int runs = 500;
  int warned = 0;
  for (int run = 0; run < runs; ++run) {
    SampleRatio ratio(3);
    bool doubtful = false;
    for (int look = 0; look < 300; ++look) {
      const double first = 0.9 - 0.8 * look / 300;
      const Shares shares = {first, (1 - first) * 0.7, (1 - first) * 0.3};
      std::array<std::uint64_t, 3> counts{};
      for (int i = 0; i < 10; ++i) ++counts[draw(random, shares)];
      ratio.add(shares, counts);
      doubtful = doubtful || ratio.health() != SplitHealth::Sound;
    }
    warned += doubtful ? 1 : 0;
  }
  EXPECT_LE(warned, runs * 5 / 100);
  EXPECT_GE(warned, 1) << "so deaf that the test could not fail";
}

TEST(SampleRatio, LeavesOutArmsWithoutAShare) {
  SampleRatio ratio(3);
  ratio.add(Shares{0.5, 0, 0.5}, std::array<std::uint64_t, 3>{500, 0, 500});
  EXPECT_LT(ratio.log_e(), 0);
  ratio.add(Shares{0, 0, 0}, std::array<std::uint64_t, 3>{5, 5, 5});
  ratio.add(Shares{std::nan(""), 1, 1}, std::array<std::uint64_t, 3>{5, 50, 50});
  EXPECT_TRUE(std::isfinite(ratio.log_e()));
  EXPECT_EQ(ratio.health(), SplitHealth::Sound);
  EXPECT_EQ(SampleRatio(1).log_e(), 0);
}

TEST(SampleRatio, AddsUpAndSurvivesTheStore) {
  SampleRatio all(3);
  SampleRatio left(3);
  SampleRatio right(3);
  const std::array<std::uint64_t, 3> one = {70, 20, 10};
  const std::array<std::uint64_t, 3> two = {30, 30, 40};
  all.add(Shares{0.7, 0.2, 0.1}, one);
  all.add(Shares{0.4, 0.3, 0.3}, two);
  left.add(Shares{0.7, 0.2, 0.1}, one);
  right.add(Shares{0.4, 0.3, 0.3}, two);
  right.merge(left);
  EXPECT_NEAR(all.log_e(), right.log_e(), 1e-12);
  const auto packed = all.pack();
  const auto back = SampleRatio::unpack(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->log_e(), all.log_e());
  EXPECT_FALSE(SampleRatio::unpack(std::span(packed).first(10)));
  auto broken = packed;
  broken[5] = std::nan("");
  EXPECT_FALSE(SampleRatio::unpack(broken));
}

TEST(SampleRatio, NeverAnswersWithoutANumber) {
  for (const std::uint64_t n : {1ULL, 1'000'000'000ULL}) {
    for (const double share : {1e-12, 0.5, 1 - 1e-12}) {
      SampleRatio ratio(3);
      ratio.add(Shares{share, 1 - share, 0.1}, std::array<std::uint64_t, 3>{n, n / 2, 0});
      EXPECT_TRUE(std::isfinite(ratio.log_e()));
      EXPECT_TRUE(std::isfinite(ratio.suspect().received_per_wished));
    }
  }
}

}  // namespace
}  // namespace sluice::stats
