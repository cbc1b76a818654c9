#include "sluice/traffic/split.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "sluice/base/random.hpp"

namespace sluice::traffic {
namespace {

Split split_of(std::vector<double> weights, VersionIndex stable = 0) {
  std::vector<Weight> list;
  for (const double weight : weights) list.push_back({static_cast<VersionIndex>(list.size()), weight});
  return *Split::build(list, stable);
}

/// A sample of the line, with both ends and the middle.
std::vector<std::uint32_t> positions(int count = 20000) {
  std::vector<std::uint32_t> all{0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
  Random random(1);
  for (int i = 0; i < count; ++i) all.push_back(static_cast<std::uint32_t>(random.next()));
  return all;
}

TEST(Split, GivesEachVersionItsShareOfTheLine) {
  const auto split = split_of({70, 20, 10});
  std::map<VersionIndex, int> counts;
  constexpr int points = 100000;
  for (std::uint64_t i = 0; i < points; ++i) ++counts[split.at(static_cast<std::uint32_t>(i * (1ull << 32) / points))];
  EXPECT_NEAR(counts[0], 70000, 3);
  EXPECT_NEAR(counts[1], 20000, 3);
  EXPECT_NEAR(counts[2], 10000, 3);
  EXPECT_DOUBLE_EQ(split.share(0), 0.7);
  EXPECT_DOUBLE_EQ(split.share(1), 0.2);
  EXPECT_DOUBLE_EQ(split.share(7), 0);
}

TEST(Split, NeverGivesAPositionToAVersionOfWeightZero) {
  const auto split = split_of({0, 1, 0, 2, 0});
  for (const auto position : positions()) {
    const auto version = split.at(position);
    EXPECT_TRUE(version == 1 || version == 3);
  }
}

TEST(Split, WithOneVersionIsSingle) {
  EXPECT_TRUE(split_of({1}).single());
  EXPECT_TRUE(split_of({0, 5}).single());
  EXPECT_EQ(split_of({0, 5}).at(0), 1);
  EXPECT_EQ(split_of({0, 5}).at(0xFFFFFFFF), 1);
  EXPECT_TRUE(split_of({5, 0}).single());
  EXPECT_FALSE(split_of({1, 1}).single());
}

TEST(Split, TakesAShareOfOnePositionSeriously) {
  const auto split = split_of({std::pow(2.0, 32) - 1, 1});
  EXPECT_EQ(split.at(0), 1);
  EXPECT_EQ(split.at(1), 0);
}

TEST(Split, RefusesWeightsThatMakeNone) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(Split::build({}, 0).ok());
  for (const double bad : {-1.0, std::nan(""), infinity}) {
    const std::vector<Weight> weights{{0, 1}, {1, bad}};
    EXPECT_FALSE(Split::build(weights, 0).ok());
  }
  const std::vector<Weight> nothing{{0, 0}, {1, 0}};
  EXPECT_FALSE(Split::build(nothing, 0).ok());
  const std::vector<Weight> twice{{1, 1}, {1, 2}};
  EXPECT_FALSE(Split::build(twice, 0).ok());
  const std::vector<Weight> too_much{{0, 1e308}, {1, 1e308}};
  EXPECT_FALSE(Split::build(too_much, 0).ok());
}

TEST(Split, KeepsEveryPositionOfACandidateWhileItsShareGrows) {
  const auto line = positions();
  auto before = split_of({100, 0});
  for (double percent = 0.5; percent <= 100; percent += 0.5) {
    const auto after = split_of({100 - percent, percent});
    for (const auto position : line) {
      if (before.at(position) == 1) {
        ASSERT_EQ(after.at(position), 1) << percent << " % at " << position;
      }
    }
    before = after;
  }
}

TEST(Split, KeepsEveryPositionOfEveryVariantUpToItsHome) {
  const auto line = positions();
  Random random(9);
  for (int variants = 2; variants <= 8; ++variants) {
    std::vector<double> weights(variants + 1, 0.0);
    weights[0] = 100;
    auto before = split_of(weights);
    for (int step = 0; step < 20; ++step) {
      const auto grown = 1 + random.below(variants);
      const double by = std::min(100.0 / variants - weights[grown], 5.0);
      weights[grown] += by;
      weights[0] = std::max(0.0, weights[0] - by);
      const auto after = split_of(weights);
      for (const auto position : line) {
        if (before.at(position) != 0) {
          ASSERT_EQ(after.at(position), before.at(position));
        }
      }
      before = after;
    }
  }
}

// Beyond its home only the excess is laid elsewhere, so what moves stays in proportion to what was changed.
TEST(Split, MovesLittleMoreThanTheChangeForAnyWeights) {
  const auto line = positions(50000);
  Random random(4);
  for (int round = 0; round < 40; ++round) {
    std::vector<double> weights(2 + random.below(6));
    for (auto& weight : weights) weight = 1 + static_cast<double>(random.below(100));
    const auto before = split_of(weights);
    weights[random.below(weights.size())] += 2;
    const auto after = split_of(weights);
    double change = 0;
    for (std::size_t v = 0; v < weights.size(); ++v) {
      change += std::abs(after.share(static_cast<VersionIndex>(v)) - before.share(static_cast<VersionIndex>(v))) / 2;
    }
    double moved = 0;
    for (const auto position : line) moved += before.at(position) == after.at(position) ? 0 : 1;
    const double share_moved = moved / static_cast<double>(line.size());
    EXPECT_LE(share_moved, change * static_cast<double>(weights.size()) + 0.01) << "round " << round;
  }
}

TEST(Split, FindsAPositionInConstantTimeHoweverManyVersions) {
  Random random(6);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> weights(1 + random.below(64));
    for (auto& weight : weights) weight = std::exp(10 * random.uniform());
    const auto split = split_of(weights, static_cast<VersionIndex>(random.below(weights.size())));
    EXPECT_LE(split.piece_count(), 4 * weights.size());
    // The average over the line of what `at` looks at: one piece, and one more per border in a slot.
    EXPECT_LE(static_cast<double>(split.piece_count() - 1) / 256, 1.0);
  }
  EXPECT_LE(split_of({95, 5}).longest_walk(), 2u);
  EXPECT_LE(split_of(std::vector<double>(16, 1.0)).longest_walk(), 2u);
}

TEST(Split, CoversTheWholeLineWithoutAGapForAnyWeights) {
  Random random(8);
  const auto line = positions(2000);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> weights(1 + random.below(20));
    for (auto& weight : weights) weight = random.below(3) == 0 ? 0 : random.uniform();
    weights[random.below(weights.size())] = 1;
    const auto split = split_of(weights, static_cast<VersionIndex>(random.below(weights.size())));
    double sum = 0;
    for (std::size_t v = 0; v < weights.size(); ++v) sum += split.share(static_cast<VersionIndex>(v));
    EXPECT_NEAR(sum, 1, 1e-12);
    for (const auto position : line) EXPECT_GT(weights.at(split.at(position)), 0);
  }
}

}  // namespace
}  // namespace sluice::traffic
