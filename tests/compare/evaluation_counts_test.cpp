#include "sluice/compare/evaluation_counts.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "pair_fixtures.hpp"

namespace sluice::compare {
namespace {

TEST(PairCounts, APairIsAMatchAMismatchNoiseOrNotCompared) {
  NoiseFloor noise;
  noise.add_twin(differing({"/time"}));
  PairCounts counts("fraud", "v2");
  counts.set_segments(2);
  counts.add(alike(), 0, noise);
  counts.add(alike(), 1, noise);
  counts.add(differing({"/time"}), 1, noise);
  counts.add(differing({"/label", "/time"}), 2, noise);
  counts.add(Comparison{}, 0, noise);
  const auto read = counts.read();
  EXPECT_EQ(read.route, "fraud");
  EXPECT_EQ(read.version, "v2");
  EXPECT_EQ(read.match, 2U);
  EXPECT_EQ(read.noise, 1U);
  EXPECT_EQ(read.mismatch, 1U);
  EXPECT_EQ(read.not_compared, 1U);
  EXPECT_EQ(read.segment_mismatch, (std::vector<std::uint64_t>{0, 0, 1}));
  ASSERT_EQ(read.fields.size(), 1U) << "noise is no mismatch of a field";
  EXPECT_EQ(read.fields.front().first, "/label");
}

TEST(PairCounts, FieldsAreBounded) {
  const NoiseFloor noise;
  PairCounts counts("fraud", "v2");
  counts.set_segments(0);
  for (int i = 0; i < 1000; ++i) counts.add(differing({"/x" + std::to_string(i)}), 0, noise);
  const auto read = counts.read();
  EXPECT_EQ(read.fields.size(), PairCounts::kFields + 1);
  std::uint64_t sum = 0;
  for (const auto& [field, pairs] : read.fields) sum += pairs;
  EXPECT_EQ(sum, 1000U);
  EXPECT_EQ(read.segment_mismatch, (std::vector<std::uint64_t>{1000}));
}

TEST(PairCounts, RowsAndFlipsAreToldByOutputAndSegment) {
  const NoiseFloor noise;
  PairCounts counts("fraud", "v2");
  counts.set_segments(2);
  Comparison pair = differing({"/outputs/scores"});
  pair.outputs = {{"/outputs/scores", 10, 2}, {"/outputs/other", 5, 0}};
  counts.add(pair, 0, noise);
  counts.add(pair, 2, noise);
  counts.add(pair, 2, noise);
  counts.add(pair, 9, noise);
  const auto read = counts.read();
  ASSERT_EQ(read.outputs.size(), 2U);
  using Counts = std::vector<std::uint64_t>;
  EXPECT_EQ(read.outputs[0].name, "/outputs/other");
  EXPECT_EQ(read.outputs[0].rows, (Counts{5, 0, 10}));
  EXPECT_EQ(read.outputs[0].flips, (Counts{0, 0, 0}));
  EXPECT_EQ(read.outputs[1].name, "/outputs/scores");
  EXPECT_EQ(read.outputs[1].rows, (Counts{10, 0, 20}));
  EXPECT_EQ(read.outputs[1].flips, (Counts{2, 0, 4}));
  counts.set_segments(1);
  EXPECT_TRUE(counts.read().outputs.empty()) << "other segments are counted anew";
}

TEST(PairCounts, OutputsAreBounded) {
  const NoiseFloor noise;
  PairCounts counts("fraud", "v2");
  for (int i = 0; i < 100; ++i) {
    Comparison pair = alike();
    pair.outputs = {{"/outputs/x" + std::to_string(i), 1, 1}};
    counts.add(pair, 0, noise);
  }
  EXPECT_EQ(counts.read().outputs.size(), PairCounts::kFields + 1);
}

TEST(PairCounts, FieldsBelowWhatIsRedactedAreNamedByItAndCountOnce) {
  const NoiseFloor noise;
  PairCounts counts("fraud", "v2");
  counts.add(differing({"/label", "/users/alice@example.org", "/users/bob@example.org"}), 0, noise,
             HiddenFields({"/users"}));
  using Named = std::vector<std::pair<std::string, std::uint64_t>>;
  EXPECT_EQ(counts.read().fields, (Named{{"/label", 1}, {"/users", 1}}));
}

TEST(PairCounts, DifferencesFallIntoBuckets) {
  const NoiseFloor noise;
  PairCounts counts("fraud", "v2");
  for (const double size : {0.0, 1e-6, 0.05, 2.0}) {
    Comparison pair = alike();
    pair.relative_difference = size;
    counts.add(pair, 0, noise);
  }
  const auto read = counts.read();
  ASSERT_EQ(read.difference_counts.size(), read.difference_bounds.size() + 1);
  EXPECT_EQ(read.difference_counts.front(), 2U) << "a bound belongs to its bucket";
  EXPECT_EQ(read.difference_counts.back(), 1U);
  EXPECT_EQ(std::accumulate(read.difference_counts.begin(), read.difference_counts.end(), std::uint64_t{0}), 4U);
  EXPECT_DOUBLE_EQ(read.difference_sum, 2.050001);
}

TEST(PairCounts, AnotherNumberOfSegmentsIsCountedAnew) {
  const NoiseFloor noise;
  PairCounts counts("fraud", "v2");
  counts.set_segments(1);
  counts.add(differing({"/label"}), 1, noise);
  counts.set_segments(1);
  EXPECT_EQ(counts.read().segment_mismatch, (std::vector<std::uint64_t>{0, 1}));
  counts.set_segments(2);
  EXPECT_EQ(counts.read().segment_mismatch, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_EQ(counts.read().mismatch, 1U);
}

}  // namespace
}  // namespace sluice::compare
