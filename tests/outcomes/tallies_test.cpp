#include "sluice/outcomes/tallies.hpp"

#include "outcomes/fixtures.hpp"
#include "sluice/base/random.hpp"

namespace sluice::outcomes {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kStart = 1'700'000'000'000;
const WallTime kNow{std::chrono::milliseconds(kStart + 3'600'000)};

state::LedgerReport report_of(const std::string& outcome, double value, std::uint64_t unit = 0) {
  state::LedgerReport report;
  report.decided_ms = kStart;
  report.route = name_hash("fraud");
  report.version = name_hash("v1");
  report.outcome = name_hash(outcome);
  report.window = 3;
  report.unit = unit;
  report.delay_ms = 60'000;
  report.value = value;
  return report;
}

state::LedgerDecisions decisions(std::uint64_t count, std::int64_t at_ms = kStart) {
  return {name_hash("fraud"), 3, name_hash("v1"), at_ms, count};
}

class TalliesTest : public testing::Test {
 protected:
  static std::vector<OutcomeTally> all(Tallies& tallies, std::uint64_t window = 3, const std::string& version = "v1") {
    return tallies.of(name_hash("fraud"), window, name_hash(version), kNow);
  }

  const std::shared_ptr<const Catalogue> catalogue_ =
      std::make_shared<const Catalogue>(std::vector<policy::ModelRoute>{a_route()});
  Tallies tallies_{catalogue_};
};

TEST_F(TalliesTest, EveryOutcomeIsThereInTheOrderOfThePolicyBeforeAnythingCame) {
  const auto seen = all(tallies_);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].name, "click");
  EXPECT_EQ(seen[1].name, "revenue");
  EXPECT_EQ(seen[0].decisions, 0U);
  EXPECT_TRUE(tallies_.of(name_hash("other"), 3, name_hash("v1"), kNow).empty());
}

TEST_F(TalliesTest, CountsDecisionsReportsEventsAndSums) {
  tallies_.add(decisions(100));
  tallies_.add(report_of("click", 1));
  tallies_.add(report_of("click", 0));
  tallies_.add(report_of("revenue", 3));
  tallies_.add(report_of("revenue", -4));
  const auto seen = all(tallies_);
  EXPECT_EQ(seen[0].decisions, 100U);
  EXPECT_EQ(seen[1].decisions, 100U);
  EXPECT_EQ(seen[0].reports, 2U);
  EXPECT_EQ(seen[0].events, 1U);
  EXPECT_EQ(seen[1].sum, -1);
  EXPECT_EQ(seen[1].sum_squares, 25);
  EXPECT_EQ(seen[0].units, 0U);
}

TEST_F(TalliesTest, OtherWindowsVersionsAndChoicesAreNoEvidence) {
  state::LedgerReport other = report_of("click", 1);
  other.window = 4;
  tallies_.add(other);
  other = report_of("click", 1);
  other.version = name_hash("v2");
  tallies_.add(other);
  other = report_of("click", 1);
  other.split = false;
  tallies_.add(other);
  other = report_of("unheard", 1);
  tallies_.add(other);
  EXPECT_EQ(all(tallies_)[0].reports, 0U);
  EXPECT_EQ(all(tallies_, 4)[0].reports, 1U);
  EXPECT_EQ(all(tallies_, 3, "v2")[0].reports, 1U);
}

TEST_F(TalliesTest, UnitsAreCountedByHowManyEventsTheyHad) {
  for (int i = 0; i < 5; ++i) tallies_.add(report_of("revenue", 2, 1));
  tallies_.add(report_of("revenue", 3, 2));
  tallies_.add(report_of("revenue", 0, 3));
  const OutcomeTally seen = all(tallies_)[1];
  EXPECT_EQ(seen.units, 3U);
  EXPECT_EQ(seen.unit_events, (std::array<std::uint64_t, 5>{2, 1, 1, 0, 0}));
  EXPECT_DOUBLE_EQ(seen.unit_sum_squares, 100 + 9);
  EXPECT_TRUE(seen.units_known);
}

TEST_F(TalliesTest, MoreUnitsThanCanBeToldApartAreNotKnown) {
  Tallies small(catalogue_, 3);
  for (std::uint64_t unit = 1; unit <= 4; ++unit) small.add(report_of("click", 1, unit));
  OutcomeTally seen = all(small)[0];
  EXPECT_FALSE(seen.units_known);
  EXPECT_EQ(seen.units, 0U);
  EXPECT_EQ(seen.unit_events[0], 0U);
  EXPECT_EQ(seen.events, 4U) << "everything else goes on";
  small.add(report_of("revenue", 1, 9));
  EXPECT_EQ(all(small)[1].units, 1U) << "the others have the room";
}

TEST_F(TalliesTest, SumsOfWhatExpiredCountLikeTheReportsThemselves) {
  Tallies whole(catalogue_);
  Tallies summed(catalogue_);
  Random random(3);
  whole.add(decisions(500));
  summed.add(decisions(500));
  std::map<std::pair<std::uint64_t, std::int64_t>, state::LedgerSum> sums;
  for (int i = 0; i < 300; ++i) {
    state::LedgerReport report = report_of("revenue", static_cast<double>(random.below(5)), 1 + random.below(20));
    report.delay_ms = static_cast<std::int64_t>(random.below(80'000'000));
    whole.add(report);
    const state::LedgerSum sum = state::to_sum(report);
    const auto [place, is_new] = sums.try_emplace({sum.unit, sum.delay_ms}, sum);
    if (!is_new) place->second.add(sum);
  }
  for (const auto& [key, sum] : sums) summed.add(sum);
  const OutcomeTally a = all(whole)[1];
  const OutcomeTally b = all(summed)[1];
  EXPECT_EQ(a.reports, b.reports);
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.sum, b.sum);
  EXPECT_EQ(a.sum_squares, b.sum_squares);
  EXPECT_EQ(a.unit_events, b.unit_events);
  EXPECT_EQ(a.units, b.units);
  EXPECT_NEAR(a.unit_sum_squares, b.unit_sum_squares, 1e-6);
  EXPECT_NEAR(a.delays->conversions(), b.delays->conversions(), 1e-9);
  const auto squares = [](const stats::DelayTable& table) {
    double sum = table.complete().squares;
    for (const auto& row : table.rows()) sum += row.squares;
    return sum;
  };
  EXPECT_NEAR(squares(*a.delays), squares(*b.delays), 1e-6);
}

TEST_F(TalliesTest, OfASumThatForgotMuchTheRestCounts) {
  tallies_.add(decisions(50));
  state::LedgerReport report = report_of("click", 1, 7);
  tallies_.add(report);
  state::LedgerSum sum = state::to_sum(report);
  sum.delay_ms = state::forgotten_delay;
  tallies_.add(sum);
  EXPECT_EQ(all(tallies_)[0].delays->conversions(), 2);
  EXPECT_TRUE(all(tallies_)[0].units_known);
  EXPECT_EQ(all(tallies_)[0].unit_events, (std::array<std::uint64_t, 5>{1, 1, 0, 0, 0}));
  sum.unit = 0;
  sum.delay_ms = state::forgotten_unit;
  tallies_.add(sum);
  tallies_.add(report);
  EXPECT_FALSE(all(tallies_)[0].units_known);
  EXPECT_EQ(all(tallies_)[0].units, 0U);
  EXPECT_EQ(all(tallies_)[0].events, 4U);
}

TEST_F(TalliesTest, TheDelayTableSaysWhenConversionsCameAndIsAtMostASecondOld) {
  tallies_.add(decisions(10));
  tallies_.add(report_of("click", 1));
  tallies_.add(report_of("click", 0));
  const auto first = all(tallies_)[0].delays;
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->window(), 1800);
  EXPECT_EQ(first->decisions(), 10);
  EXPECT_EQ(first->conversions(), 1) << "a report of 0 is no conversion";
  EXPECT_EQ(all(tallies_)[0].delays, first) << "nothing changed";
  tallies_.add(report_of("click", 1));
  EXPECT_EQ(tallies_.of(name_hash("fraud"), 3, name_hash("v1"), kNow + 999ms)[0].delays, first);
  EXPECT_EQ(tallies_.of(name_hash("fraud"), 3, name_hash("v1"), kNow + 1s)[0].delays->conversions(), 2);
}

TEST_F(TalliesTest, OldWindowsAreForgottenOnceNothingCanComeAnyMore) {
  tallies_.add(decisions(10));
  tallies_.add(report_of("click", 1, 5));
  tallies_.forget(name_hash("fraud"), 4, WallTime(std::chrono::milliseconds(kStart)));
  EXPECT_EQ(all(tallies_)[0].events, 1U) << "one may still be reported";
  tallies_.forget(name_hash("fraud"), 3, kNow);
  EXPECT_EQ(all(tallies_)[0].events, 1U) << "the window in force stays";
  tallies_.forget(name_hash("fraud"), 4, kNow);
  EXPECT_EQ(all(tallies_)[0].events, 0U);
}

}  // namespace
}  // namespace sluice::outcomes
