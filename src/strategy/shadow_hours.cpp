#include "sluice/strategy/shadow_hours.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::strategy {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_days;

bool begins_on(const policy::ShadowHours& hours, sys_days day) {
  if (hours.days.empty()) return true;
  const auto weekday = static_cast<policy::Weekday>(std::chrono::weekday(day).iso_encoding() - 1);
  return std::find(hours.days.begin(), hours.days.end(), weekday) != hours.days.end();
}

/// Whether the hours that begin on this day hold the moment.
bool holds(const policy::ShadowHours& hours, sys_days day, WallTime now) {
  if (!begins_on(hours, day)) return false;
  const WallTime from = day + minutes(hours.from.minutes);
  const bool next_day = hours.until.minutes <= hours.from.minutes;
  const WallTime until = day + days(next_day ? 1 : 0) + minutes(hours.until.minutes);
  return now >= from && now < until;
}

}  // namespace

bool within_hours(const std::vector<policy::ShadowHours>& schedule, WallTime now) {
  if (schedule.empty()) return true;
  const auto today = std::chrono::floor<days>(now);
  // What began yesterday may last until today.
  return std::any_of(schedule.begin(), schedule.end(), [&](const policy::ShadowHours& hours) {
    return holds(hours, today, now) || holds(hours, today - days(1), now);
  });
}

}  // namespace sluice::strategy
