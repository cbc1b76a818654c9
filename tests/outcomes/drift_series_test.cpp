#include "sluice/outcomes/drift_series.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>

namespace sluice::outcomes {
namespace {

Prediction scored(double score) {
  Prediction made;
  made.has_score = true;
  made.score = static_cast<float>(score);
  return made;
}

Prediction labelled(std::string_view label) {
  Prediction made;
  made.has_label = true;
  made.label.set(label);
  return made;
}

std::uint64_t total(const stats::BinCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

constexpr std::size_t kStable = 0;
constexpr std::size_t kCandidate = 1;

TEST(DriftSeries, StablesFirstValuesAreTheReferenceAndFreezeTheBins) {
  DriftSeries series(false, 100, 2, kStable);
  for (int i = 0; i < 20; ++i) series.add(kCandidate, scored(5));
  for (int i = 0; i < 99; ++i) series.add(kStable, scored(i));
  EXPECT_FALSE(series.is_frozen());
  EXPECT_TRUE(series.of(kCandidate).own.empty()) << "nothing is told before there are bins";
  series.add(kStable, scored(99));
  ASSERT_TRUE(series.is_frozen());
  EXPECT_TRUE(series.is_complete());
  const DriftCounts candidate = series.of(kCandidate);
  EXPECT_FALSE(candidate.by_class);
  EXPECT_EQ(total(candidate.own), 20U) << "what waited is counted";
  EXPECT_EQ(candidate.own[0], 20U);
  EXPECT_EQ(total(candidate.stable), 100U);
  EXPECT_EQ(total(candidate.reference), 100U);
  for (const std::uint64_t count : candidate.reference) EXPECT_NEAR(static_cast<double>(count), 10, 1);
  const DriftCounts stable = series.of(kStable);
  EXPECT_EQ(total(stable.own), 0U) << "stable is not compared with itself";
  series.add(kStable, scored(1000));
  EXPECT_EQ(series.of(kStable).own.back(), 1U);
  EXPECT_EQ(total(series.of(kCandidate).stable), 101U);
  EXPECT_EQ(total(series.of(kCandidate).reference), 100U) << "it is frozen";
  EXPECT_EQ(series.bin_names().back(), "+Inf");
  EXPECT_EQ(series.bin_names().size(), series.bins().size());
}

TEST(DriftSeries, ALargeReferenceGoesOnBehindItsBins) {
  DriftSeries series(false, DriftSeries::kFreezeAt + 500, 2, kStable);
  for (std::size_t i = 0; i < DriftSeries::kFreezeAt; ++i) series.add(kStable, scored(static_cast<double>(i % 100)));
  EXPECT_TRUE(series.is_frozen());
  EXPECT_FALSE(series.is_complete());
  series.add(kCandidate, scored(3));
  EXPECT_TRUE(series.of(kCandidate).reference.empty()) << "not complete yet";
  EXPECT_EQ(total(series.of(kCandidate).stable), DriftSeries::kFreezeAt) << "but versions can be compared";
  for (int i = 0; i < 500; ++i) series.add(kStable, scored(50));
  EXPECT_TRUE(series.is_complete());
  EXPECT_EQ(total(series.of(kCandidate).reference), DriftSeries::kFreezeAt + 500);
  EXPECT_EQ(total(series.of(kStable).own), 0U);
}

TEST(DriftSeries, AWindowBeginsAtZeroAndTheReferenceGoesOn) {
  DriftSeries series(false, 100, 2, kStable);
  for (int i = 0; i < 60; ++i) series.add(kStable, scored(i));
  series.add(kCandidate, scored(1));
  series.begin_window();
  for (int i = 60; i < 100; ++i) series.add(kStable, scored(i));
  EXPECT_EQ(total(series.of(kCandidate).reference), 100U) << "of both windows";
  EXPECT_EQ(total(series.of(kCandidate).stable), 40U) << "of this one";
  EXPECT_EQ(total(series.of(kCandidate).own), 0U);
  series.add(kStable, scored(7));
  series.begin_window();
  EXPECT_EQ(total(series.of(kStable).own), 0U);
  EXPECT_EQ(total(series.of(kStable).reference), 100U);
}

TEST(DriftSeries, ClassesBeyondTheCommonestAreOne) {
  DriftSeries series(true, 400, 2, kStable);
  for (int i = 0; i < 400; ++i) {
    // 40 classes; the first ones come most often.
    const int label = i < 360 ? i % 30 : 30 + i % 10;
    series.add(kStable, labelled("class " + std::to_string(label)));
  }
  ASSERT_TRUE(series.is_frozen());
  EXPECT_EQ(series.bins().classes.size(), DriftSeries::kClasses);
  EXPECT_EQ(series.bins().classes[0].text.substr(0, 6), "class ");
  series.add(kCandidate, labelled("class 3"));
  series.add(kCandidate, labelled("never seen before"));
  const DriftCounts counts = series.of(kCandidate);
  EXPECT_TRUE(counts.by_class);
  EXPECT_EQ(counts.own.size(), DriftSeries::kClasses + 1);
  EXPECT_EQ(counts.own.back(), 1U);
  EXPECT_EQ(total(counts.own), 2U);
  EXPECT_EQ(series.bin_names().back(), "_other");
}

TEST(DriftSeries, WhatAnEarlierProcessHadCompleteIsTakenOver) {
  DriftSeries first(true, 100, 2, kStable);
  for (int i = 0; i < 100; ++i) first.add(kStable, labelled(i % 4 == 0 ? "fraud" : "fine"));
  DriftSeries second(true, 100, 2, kStable);
  second.restore(first.bins());
  EXPECT_TRUE(second.is_complete());
  second.add(kStable, labelled("fraud"));
  const DriftCounts stable = second.of(kStable);
  EXPECT_EQ(stable.reference, first.of(kStable).reference);
  EXPECT_EQ(total(stable.own), 1U) << "none of these is in the reference";
  EXPECT_EQ(stable.own[1], 1U) << "fine is commoner";

  DriftSeries scores(false, 100, 2, kStable);
  scores.restore(first.bins());
  EXPECT_FALSE(scores.is_frozen()) << "these are bins of classes";
  FrozenBins broken = first.bins();
  broken.reference.pop_back();
  DriftSeries third(true, 100, 2, kStable);
  third.restore(broken);
  EXPECT_FALSE(third.is_frozen());
}

TEST(DriftSeries, WhatWaitsIsBounded) {
  DriftSeries series(false, 1000, 2, kStable);
  for (std::size_t i = 0; i < DriftSeries::kWaiting + 10; ++i) series.add(kCandidate, scored(1));
  for (int i = 0; i < 1000; ++i) series.add(kStable, scored(i));
  EXPECT_EQ(total(series.of(kCandidate).own), DriftSeries::kWaiting);
}

TEST(DriftSeries, NamesOfClassesAreGoodInMetrics) {
  DriftSeries series(true, 100, 1, kStable);
  for (int i = 0; i < 60; ++i) series.add(kStable, labelled("a\nb\xff z"));
  // The text is cut within the last character.
  for (int i = 0; i < 40; ++i) series.add(kStable, labelled("müller müller müller m\xC3\xBC"));
  const auto names = series.bin_names();
  EXPECT_EQ(names[0], "a?b? z");
  EXPECT_EQ(names[1].substr(0, 7), "müller");
  for (const char c : names[1]) EXPECT_NE(c, '?');
}

TEST(DriftSeries, NoTwoBinsHaveOneName) {
  // A value that is more common than a tenth has a bin of its own, which begins just below it.
  DriftSeries scores(false, 100, 1, kStable);
  for (int i = 0; i < 100; ++i) scores.add(kStable, scored(i % 2 == 0 ? 0.25 : 1));
  DriftSeries labels(true, 100, 1, kStable);
  for (int i = 0; i < 100; ++i) {
    labels.add(kStable, labelled(i % 4 == 0 ? "_other" : "one of very many classes number " + std::to_string(i % 4)));
  }
  for (const auto& names : {scores.bin_names(), labels.bin_names()}) {
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size())
        << ::testing::PrintToString(names);
  }
  EXPECT_EQ(scores.bin_names(),
            (std::vector<std::string>{"0.24999999999999997", "0.25", "0.9999999999999999", "1", "+Inf"}));
  EXPECT_EQ(labels.bin_names().size(), labels.bins().size());
  EXPECT_EQ(labels.bin_names().back(), "_other");
}

TEST(DriftSeries, OnlyWhatWasReadCounts) {
  DriftSeries series(false, 100, 1, kStable);
  for (int i = 0; i < 200; ++i) series.add(kStable, labelled("x"));
  EXPECT_FALSE(series.is_frozen());
}

}  // namespace
}  // namespace sluice::outcomes
