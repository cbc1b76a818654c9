#include "sluice/compare/noise_floor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pair_fixtures.hpp"
#include "sluice/base/random.hpp"

namespace sluice::compare {
namespace {

/// Each of the fields differs in its share of the answers, by chance.
struct Flickering {
  std::string field;
  double in_twins = 0;
  double in_pairs = 0;
};

Comparison drawn(Random& random, const std::vector<Flickering>& fields, bool of_twin) {
  std::vector<std::string> differ;
  for (const Flickering& one : fields) {
    if (random.uniform() < (of_twin ? one.in_twins : one.in_pairs)) differ.push_back(one.field);
  }
  return differing(differ);
}

/// So many pairs, and a twin for every hundredth.
NoiseFloor learned(std::uint64_t seed, const std::vector<Flickering>& fields, int pairs) {
  Random random(seed);
  NoiseFloor floor;
  for (int i = 0; i < pairs; ++i) {
    floor.add_pair(drawn(random, fields, false), 0, 0);
    if (i % 100 == 99) floor.add_twin(drawn(random, fields, true));
  }
  return floor;
}

const NoiseFloor::Field& field_in(const std::vector<NoiseFloor::Field>& fields, const std::string& name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const NoiseFloor::Field& field) { return field.name == name; });
  if (found == fields.end()) throw std::runtime_error("no field " + name);
  return *found;
}

TEST(NoiseFloor, AFieldThatNoTwinShowsIsADisagreementFromTheFirstPair) {
  NoiseFloor floor;
  const auto set = floor.add_pair(differing({"/label"}), 0, 0);
  EXPECT_TRUE(floor.disagrees(set));
  EXPECT_TRUE(floor.disagrees(differing({"/label"})));
  EXPECT_EQ(floor.disagreements(0), 1U);
  EXPECT_FALSE(floor.disagrees(floor.add_pair(alike(), 0, 0)));
  EXPECT_EQ(floor.disagreements(0), 1U);
  EXPECT_FALSE(floor.is_known());
}

TEST(NoiseFloor, TimestampsIdsAndSamplingAreNoiseWhateverTheirRate) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const NoiseFloor floor = learned(seed, {{"/time", 1, 1}, {"/id", 1, 1}, {"/text", 0.6, 0.6}}, 4000);
    EXPECT_TRUE(floor.is_known());
    EXPECT_EQ(floor.disagreements(0), 0U) << seed;
    EXPECT_EQ(floor.unsettled(0), 0U) << seed;
    EXPECT_EQ(floor.noisy_fields(), 3U);
  }
}

TEST(NoiseFloor, WhatFlipsAsOftenInTwinsIsNoise) {
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const NoiseFloor floor = learned(seed, {{"/label", 0.02, 0.02}}, 30'000);
    if (floor.disagreements(0) > 0) ++wrong;
  }
  // One in a hundred in the long run, and those in which no twin of 300 differed: 0.98^300, 1 in 430.
  EXPECT_LE(wrong, 3);
}

TEST(NoiseFloor, HoweverOftenOneLooksNoiseIsHardlyEverTakenForADifference) {
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    NoiseFloor floor;
    // Before the first pair all of them have differed within a twin, and more twins come in the beginning.
    floor.add_twin(differing({"/a", "/b", "/c", "/d"}));
    bool is_alarmed = false;
    for (int i = 0; i < 4000; ++i) {
      const std::vector<Flickering> fields{{"/a", 0.05, 0.05}, {"/b", 0.3, 0.3}, {"/c", 0.9, 0.9}, {"/d", 1, 1}};
      floor.add_pair(drawn(random, fields, false), 0, 0);
      if (random.uniform() > (i < 300 ? 0.2 : 0.03)) continue;
      floor.add_twin(drawn(random, fields, true));
      is_alarmed = is_alarmed || floor.disagreements(0) > 0;
    }
    if (is_alarmed) ++alarms;
  }
  EXPECT_LE(alarms, 6) << "one in a hundred, over all of them together";
}

TEST(NoiseFloor, WhatFlipsMuchMoreOftenInPairsIsFound) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const NoiseFloor floor = learned(seed, {{"/label", 0.02, 0.3}, {"/time", 1, 1}}, 30'000);
    EXPECT_NEAR(static_cast<double>(floor.disagreements(0)), 9000, 400) << seed;
    EXPECT_TRUE(field_in(floor.fields(), "/label").counts);
    EXPECT_FALSE(field_in(floor.fields(), "/time").counts);
    EXPECT_EQ(floor.unsettled(0), 0U);
  }
}

TEST(NoiseFloor, BetweenTheFirstNoisyTwinAndCertaintyPairsAreUnsettled) {
  NoiseFloor floor;
  for (int block = 0; block < 6; ++block) {
    for (int i = 0; i < 100; ++i)
      floor.add_pair(differing(i < 20 ? std::vector<std::string>{"/label"} : std::vector<std::string>{}), 0, 0);
    floor.add_twin(block == 1 ? differing({"/label"}) : alike());
  }
  EXPECT_EQ(floor.disagreements(0), 0U) << "one of six twins says nothing certain";
  EXPECT_EQ(floor.unsettled(0), 0U) << "and the evidence does not lean to a difference";
  for (int block = 0; block < 20; ++block) {
    for (int i = 0; i < 100; ++i)
      floor.add_pair(differing(i < 20 ? std::vector<std::string>{"/label"} : std::vector<std::string>{}), 0, 0);
    floor.add_twin(alike());
  }
  EXPECT_EQ(floor.disagreements(0), 0U);
  EXPECT_EQ(floor.unsettled(0), 26U * 20);
  for (int block = 0; block < 40; ++block) {
    for (int i = 0; i < 100; ++i)
      floor.add_pair(differing(i < 20 ? std::vector<std::string>{"/label"} : std::vector<std::string>{}), 0, 0);
    floor.add_twin(alike());
  }
  EXPECT_EQ(floor.disagreements(0), 66U * 20) << "once it is certain, what came before counts too";
  EXPECT_EQ(floor.unsettled(0), 0U);
}

TEST(NoiseFloor, WhatIsLearntLaterClearsWhatCameBefore) {
  NoiseFloor floor;
  std::vector<NoiseFloor::Set> sets;
  for (int i = 0; i < 50; ++i) sets.push_back(floor.add_pair(differing({"/id", "/time"}), 0, 1));
  const auto real = floor.add_pair(differing({"/id", "/label", "/time"}), 0, 1);
  EXPECT_EQ(floor.disagreements(0), 51U);
  EXPECT_EQ(floor.segment_disagreements(1), 51U);
  floor.add_twin(differing({"/time"}));
  EXPECT_EQ(floor.disagreements(0), 51U) << "the id was the same";
  floor.add_twin(differing({"/time", "/id"}));
  EXPECT_EQ(floor.disagreements(0), 1U);
  EXPECT_EQ(floor.segment_disagreements(1), 1U);
  EXPECT_EQ(floor.segment_pairs(1), 51U);
  EXPECT_FALSE(floor.disagrees(sets.front()));
  EXPECT_TRUE(floor.disagrees(real));
  EXPECT_FALSE(floor.disagrees(differing({"/time"})));
}

TEST(NoiseFloor, StrataAndSegmentsAreToldApart) {
  NoiseFloor floor;
  floor.add_pair(differing({"/label"}), 0, 0);
  floor.add_pair(differing({"/label"}), 1, 2);
  floor.add_pair(differing({"/label"}), 1, 2);
  floor.add_pair(alike(), 1, 1);
  EXPECT_EQ(floor.disagreements(0), 1U);
  EXPECT_EQ(floor.disagreements(1), 2U);
  EXPECT_EQ(floor.segment_disagreements(0), 1U);
  EXPECT_EQ(floor.segment_disagreements(2), 2U);
  EXPECT_EQ(floor.segment_pairs(1), 1U);
  EXPECT_EQ(floor.segment_disagreements(1), 0U);
}

TEST(NoiseFloor, AFieldThatIsMissingIsNotClearedByOneWhoseValueIsNoise) {
  NoiseFloor floor;
  Comparison missing = differing({"/time"});
  missing.differences.front().change = Change::Missing;
  for (int i = 0; i < 30; ++i) {
    floor.add_pair(missing, 0, 0);
    floor.add_twin(differing({"/time"}));
  }
  EXPECT_EQ(floor.disagreements(0), 30U);
}

TEST(NoiseFloor, AStatusIsNeverLearntAsNoise) {
  NoiseFloor floor;
  for (int i = 0; i < 400; ++i) {
    floor.add_pair(refused(), 0, 0);
    if (i % 4 == 0) floor.add_twin(refused());
  }
  EXPECT_EQ(floor.disagreements(0), 400U) << "not one answer of the candidate's was seen";
  EXPECT_TRUE(floor.disagrees(refused()));
  EXPECT_FALSE(floor.is_known()) << "so nobody fails for it either: live refuses copies as well";
  EXPECT_EQ(floor.twins(), 0U);
  EXPECT_EQ(floor.refused_twins(), 100U);
  EXPECT_EQ(floor.noisy_fields(), 0U);
  EXPECT_TRUE(floor.without_pairs().disagrees(refused()));
  EXPECT_EQ(floor.without_pairs().refused_twins(), 100U);
}

TEST(NoiseFloor, ATwinRefusedNowAndThenDoesNotHideWhatTheOthersTeach) {
  NoiseFloor floor;
  for (int i = 0; i < 39; ++i) floor.add_twin(differing({"/time"}));
  floor.add_twin(refused());
  EXPECT_TRUE(floor.is_known());
  EXPECT_EQ(floor.noisy_fields(), 1U);
  EXPECT_TRUE(floor.disagrees(floor.add_pair(refused(), 0, 0)));
  floor.add_twin(refused());
  EXPECT_FALSE(floor.is_known()) << "two of 41";
  floor.add_twin(alike());
  EXPECT_TRUE(floor.is_known());
}

TEST(NoiseFloor, EndlessFieldsOfACandidateDoNotHideThatItRefuses) {
  NoiseFloor floor;
  for (int i = 0; i < 2000; ++i) floor.add_pair(differing({"/x" + std::to_string(i)}), 0, 0);
  for (int i = 0; i < 30; ++i) floor.add_twin(differing({std::string(other_fields)}));
  EXPECT_TRUE(floor.disagrees(floor.add_pair(refused(), 0, 0)));
  EXPECT_FALSE(floor.disagrees(floor.add_pair(differing({"/x1999"}), 0, 0)));
}

TEST(NoiseFloor, WhatCouldNotBeComparedIsLeftOut) {
  NoiseFloor floor;
  Comparison unread = differing({"/label"});
  unread.compared = false;
  EXPECT_FALSE(floor.disagrees(floor.add_pair(unread, 0, 1)));
  floor.add_twin(unread);
  EXPECT_EQ(floor.twins(), 0U);
  EXPECT_EQ(floor.segment_pairs(1), 0U);
  EXPECT_EQ(floor.disagreements(0), 0U);
  EXPECT_TRUE(floor.fields().empty());
}

TEST(NoiseFloor, AFloorWithoutPairsKnowsTheSameNoise) {
  NoiseFloor floor = learned(7, {{"/time", 1, 1}, {"/label", 0, 0.5}}, 3000);
  const NoiseFloor next = floor.without_pairs();
  EXPECT_EQ(next.twins(), 30U);
  EXPECT_TRUE(next.is_known());
  EXPECT_EQ(next.noisy_fields(), 1U);
  EXPECT_EQ(next.disagreements(0), 0U);
  EXPECT_FALSE(next.disagrees(differing({"/time"})));
  EXPECT_TRUE(next.disagrees(differing({"/label"})));
}

TEST(NoiseFloor, AfterAFloorWithoutPairsEvidenceGoesOnAsBefore) {
  Random random(3);
  NoiseFloor floor = learned(5, {{"/label", 0.5, 0.5}}, 3000).without_pairs();
  for (int i = 0; i < 20'000; ++i) {
    floor.add_pair(drawn(random, {{"/label", 0, 1}}, false), 0, 0);
    if (i % 100 == 0) floor.add_twin(drawn(random, {{"/label", 0.05, 0}}, true));
  }
  EXPECT_EQ(floor.disagreements(0), 20'000U) << "in every pair, in one twin of twenty";
}

TEST(NoiseFloor, TenThousandDifferentFieldsStayWithinBounds) {
  NoiseFloor floor;
  for (int i = 0; i < 10'000; ++i) floor.add_pair(differing({"/x" + std::to_string(i)}), 0, 0);
  EXPECT_EQ(floor.disagreements(0), 10'000U);
  EXPECT_EQ(floor.known_fields(), NoiseFloor::kFields - NoiseFloor::kForTwins);
  EXPECT_LE(floor.known_sets(), NoiseFloor::kSets + NoiseFloor::kFields);
  for (int i = 0; i < 30; ++i) floor.add_twin(differing({"/time"}));
  floor.add_pair(differing({"/time"}), 0, 0);
  EXPECT_EQ(floor.disagreements(0), 10'000U) << "there is still room to learn live's noise";
  for (int i = 0; i < 10'000; ++i) floor.add_twin(differing({"/y" + std::to_string(i)}));
  EXPECT_EQ(floor.known_fields(), NoiseFloor::kFields);
}

TEST(NoiseFloor, TenThousandDifferentSetsOfNoiseAreStillNoise) {
  Random random(11);
  std::vector<Flickering> fields;
  for (int i = 0; i < 30; ++i) fields.push_back({"/sampled" + std::to_string(i), 0.5, 0.5});
  NoiseFloor floor;
  for (int i = 0; i < 10'000; ++i) floor.add_pair(drawn(random, fields, false), 0, 0);
  floor.add_pair(differing({"/label", "/sampled1", "/sampled2"}), 0, 0);
  EXPECT_LE(floor.known_sets(), NoiseFloor::kSets + NoiseFloor::kFields);
  EXPECT_GT(floor.disagreements(0), 9'990U) << "nobody knows better yet";
  for (int i = 0; i < 30; ++i) floor.add_twin(drawn(random, fields, true));
  EXPECT_EQ(floor.disagreements(0), 1U) << "the label, although its set found no room";
}

TEST(NoiseFloor, LongNamesAreCut) {
  NoiseFloor floor;
  floor.add_pair(differing({"/" + std::string(100'000, 'x')}), 0, 0);
  ASSERT_EQ(floor.fields().size(), 1U);
  EXPECT_EQ(floor.fields().front().name.size(), NoiseFloor::kNameBytes);
  EXPECT_TRUE(floor.disagrees(differing({"/" + std::string(100'000, 'x')})));
}

TEST(NoiseFloor, FieldsComeWithMostPairsFirst) {
  NoiseFloor floor;
  for (int i = 0; i < 3; ++i) floor.add_pair(differing({"/a"}), 0, 0);
  for (int i = 0; i < 5; ++i) floor.add_pair(differing({"/b", "/c"}), 0, 0);
  floor.add_pair(differing({"/c"}), 0, 0);
  const auto fields = floor.fields();
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[0].name, "/c");
  EXPECT_EQ(fields[0].pairs, 6U);
  EXPECT_EQ(fields[0].largest, 1);
  EXPECT_EQ(fields[2].name, "/a");
}

}  // namespace
}  // namespace sluice::compare
