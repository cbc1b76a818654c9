#include "sluice/strategy/shadow_hours.hpp"

#include <gtest/gtest.h>

namespace sluice::strategy {
namespace {

using namespace std::chrono;
using policy::Weekday;

policy::ShadowHours open_hours(std::vector<Weekday> days, int from, int until) {
  policy::ShadowHours made;
  made.days = std::move(days);
  made.from.minutes = static_cast<std::uint16_t>(from * 60);
  made.until.minutes = static_cast<std::uint16_t>(until * 60);
  return made;
}

/// In the week that begins on Monday, the second of November 2026.
WallTime clock_at(Weekday day, int hour, int minute = 0) {
  return sys_days(year(2026) / November / 2) + days(static_cast<int>(day)) + std::chrono::hours(hour) + minutes(minute);
}

TEST(ShadowHours, AreAlwaysWithoutASchedule) {
  EXPECT_TRUE(within_hours({}, clock_at(Weekday::Monday, 3)));
}

TEST(ShadowHours, BeginWithTheFirstMomentAndEndBeforeTheLast) {
  const std::vector<policy::ShadowHours> schedule{open_hours({}, 9, 17)};
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Monday, 8, 59)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Monday, 9)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Monday, 16, 59) + 59s));
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Monday, 17)));
}

TEST(ShadowHours, GoOnPastMidnightWhenTheyEndBeforeTheyBegin) {
  const std::vector<policy::ShadowHours> schedule{open_hours({Weekday::Friday}, 22, 6)};
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Friday, 5))) << "that night began on Thursday";
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Friday, 21, 59)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Friday, 22)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Saturday, 5, 59)));
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Saturday, 6)));
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Saturday, 22)));
}

TEST(ShadowHours, AreAWholeDayFromAnyHourToTheSame) {
  const std::vector<policy::ShadowHours> schedule{open_hours({Weekday::Sunday}, 12, 12)};
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Sunday, 11, 59)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Sunday, 12)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Sunday, 12) + 23h + 59min)) << "the next Monday";
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Sunday, 12) + 24h));
}

TEST(ShadowHours, HoldWholeDaysByDefault) {
  const std::vector<policy::ShadowHours> schedule{open_hours({Weekday::Saturday, Weekday::Sunday}, 0, 24)};
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Friday, 23, 59)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Saturday, 0)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Sunday, 23, 59)));
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Monday, 0) + days(7)));
}

TEST(ShadowHours, AreThoseOfAnyEntry) {
  const std::vector<policy::ShadowHours> schedule{open_hours({Weekday::Monday}, 1, 2),
                                                  open_hours({Weekday::Tuesday}, 3, 4)};
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Monday, 1)));
  EXPECT_FALSE(within_hours(schedule, clock_at(Weekday::Monday, 3)));
  EXPECT_TRUE(within_hours(schedule, clock_at(Weekday::Tuesday, 3)));
}

TEST(ShadowHours, HoldBeforeTheEpochToo) {
  const std::vector<policy::ShadowHours> schedule{open_hours({}, 22, 23)};
  EXPECT_TRUE(within_hours(schedule, WallTime() - 90min));
  EXPECT_FALSE(within_hours(schedule, WallTime() - 30min));
}

}  // namespace
}  // namespace sluice::strategy
