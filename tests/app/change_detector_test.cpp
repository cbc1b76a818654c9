#include "sluice/app/change_detector.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Found = ChangeDetector::Verdict;

constexpr std::uint64_t kOld = 1;
constexpr std::uint64_t kNew = 2;
constexpr std::uint64_t kNewer = 3;

/// quiet 200 ms, patience 2 s, poll 10 s, no jitter: times below are from the start.
class ChangeDetectorTest : public ::testing::Test {
 protected:
  static TimePoint at(milliseconds since_start) { return TimePoint(seconds(1000)) + since_start; }

  /// Looks when told to; the time of that look, in milliseconds from the start, must be `expected`.
  Found look(milliseconds expected, std::optional<std::uint64_t> content) {
    EXPECT_EQ(detector_.next_look(), at(expected));
    return detector_.looked(content, detector_.next_look());
  }

  ChangeDetector detector_{{milliseconds(200), seconds(2), seconds(10), 0}, kOld, 7, at(milliseconds(0))};
};

TEST_F(ChangeDetectorTest, LooksOnceATouchedFileIsQuiet) {
  detector_.touched(at(milliseconds(100)));
  detector_.touched(at(milliseconds(250)));
  EXPECT_EQ(look(milliseconds(450), kNew), Found::Changed);
  EXPECT_EQ(look(milliseconds(10'450), kNew), Found::Nothing);
}

TEST_F(ChangeDetectorTest, DoesNotWaitForEverWhileAFileIsTouched) {
  for (int i = 0; i < 30; ++i) detector_.touched(at(milliseconds(100 * i)));
  EXPECT_EQ(look(milliseconds(2000), kNew), Found::Changed);
}

TEST_F(ChangeDetectorTest, UnchangedContentIsNoEvent) {
  detector_.touched(at(milliseconds(0)));
  EXPECT_EQ(look(milliseconds(200), kOld), Found::Nothing);
}

TEST_F(ChangeDetectorTest, GoingBackToOldContentIsAChange) {
  detector_.touched(at(milliseconds(0)));
  EXPECT_EQ(look(milliseconds(200), kNew), Found::Changed);
  detector_.touched(at(milliseconds(1000)));
  EXPECT_EQ(look(milliseconds(1200), kOld), Found::Changed);
}

TEST_F(ChangeDetectorTest, APollConfirmsWhatItSaw) {
  EXPECT_EQ(look(milliseconds(10'000), kNew), Found::Nothing);
  EXPECT_EQ(look(milliseconds(10'200), kNew), Found::Changed);
}

TEST_F(ChangeDetectorTest, APollWaitsUntilTheContentStaysTheSame) {
  EXPECT_EQ(look(milliseconds(10'000), kNew), Found::Nothing);
  EXPECT_EQ(look(milliseconds(10'200), kNewer), Found::Nothing);
  EXPECT_EQ(look(milliseconds(10'400), kNewer), Found::Changed);
}

TEST_F(ChangeDetectorTest, APollThatSeesAnIntermediateStateForgetsIt) {
  EXPECT_EQ(look(milliseconds(10'000), kNew), Found::Nothing);
  EXPECT_EQ(look(milliseconds(10'200), kOld), Found::Nothing);
  EXPECT_EQ(detector_.next_look(), at(milliseconds(20'200)));
}

TEST_F(ChangeDetectorTest, APollInTheMiddleOfWritingDecidesNothing) {
  detector_.touched(at(milliseconds(9'900)));
  EXPECT_EQ(look(milliseconds(10'000), kNew), Found::Nothing);
  EXPECT_EQ(look(milliseconds(10'100), kNewer), Found::Changed);
}

TEST_F(ChangeDetectorTest, ADemandLooksAtOnceAndReportsEvenTheSame) {
  detector_.demanded(at(milliseconds(500)));
  EXPECT_EQ(look(milliseconds(500), kOld), Found::Changed);
  EXPECT_EQ(detector_.next_look(), at(milliseconds(10'500)));
}

TEST_F(ChangeDetectorTest, ADemandSettlesATouchThatWaits) {
  detector_.touched(at(milliseconds(400)));
  detector_.demanded(at(milliseconds(500)));
  EXPECT_EQ(look(milliseconds(500), kNew), Found::Changed);
  EXPECT_EQ(detector_.next_look(), at(milliseconds(10'500)));
}

TEST_F(ChangeDetectorTest, WhatVanishedIsReportedOnceAndIsNoContent) {
  detector_.touched(at(milliseconds(0)));
  EXPECT_EQ(look(milliseconds(200), std::nullopt), Found::Unreadable);
  EXPECT_EQ(look(milliseconds(10'200), std::nullopt), Found::Nothing);
  detector_.touched(at(milliseconds(11'000)));
  EXPECT_EQ(look(milliseconds(11'200), kOld), Found::Nothing);  // it came back as it was
  detector_.touched(at(milliseconds(12'000)));
  EXPECT_EQ(look(milliseconds(12'200), std::nullopt), Found::Unreadable);
}

TEST_F(ChangeDetectorTest, ADemandForWhatIsGoneIsAlwaysAnswered) {
  for (const int when : {100, 200}) {
    detector_.demanded(at(milliseconds(when)));
    EXPECT_EQ(look(milliseconds(when), std::nullopt), Found::Unreadable);
  }
}

TEST(ChangeDetector, JitterSpreadsPollsWithinItsShare) {
  const TimePoint start{seconds(1000)};
  Duration shortest = seconds(100);
  Duration longest{0};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const ChangeDetector detector({milliseconds(200), seconds(2), seconds(10), 0.2}, kOld, seed, start);
    shortest = std::min<Duration>(shortest, detector.next_look() - start);
    longest = std::max<Duration>(longest, detector.next_look() - start);
  }
  EXPECT_GE(shortest, seconds(8));
  EXPECT_LE(longest, seconds(12));
  EXPECT_LT(shortest, milliseconds(8500));
  EXPECT_GT(longest, milliseconds(11500));
}

}  // namespace
}  // namespace sluice::app
