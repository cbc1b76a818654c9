#include "sluice/strategy/moves.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace sluice::strategy {
namespace {

/// Up to `decimals` digits behind the point, none that is a trailing zero.
std::string trimmed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string made = text;
  if (made.find('.') == std::string::npos) return made;
  made.erase(made.find_last_not_of('0') + 1);
  if (made.back() == '.') made.pop_back();
  return made == "-0" ? "0" : made;
}

}  // namespace

void enter(RolloutState& state, Phase phase, std::string reason, std::string message, WallTime now) {
  if (state.phase != phase) {
    state.phase_since = now;
    state.ended = is_over(phase) ? std::optional(now) : std::nullopt;
  }
  state.phase = phase;
  state.reason = std::move(reason);
  state.message = std::move(message);
}

void open_window(RolloutState& state, WallTime now) {
  ++state.window;
  state.window_since = now;
  state.last_look.reset();
  state.checks.clear();
  for (SegmentState& segment : state.segments) segment.checks.clear();
}

void begin_step(RolloutState& state, std::int32_t step, WallTime now) {
  state.step = step;
  state.step_since = now;
  state.last_progress = now;
  state.approved = false;
}

void end_with(RolloutState& state, const std::string& live, Phase phase, std::string reason, std::string message,
              WallTime now) {
  state.live = live;
  state.weight = phase == Phase::Promoted ? 1 : 0;
  state.approved = false;
  if (phase != Phase::Promoted) state.warm_until.reset();
  enter(state, phase, std::move(reason), std::move(message), now);
}

std::string short_duration(Duration duration) {
  using std::chrono::duration_cast;
  const auto millis = std::max<std::int64_t>(0, duration_cast<std::chrono::milliseconds>(duration).count());
  if (millis > 0 && millis < 1000) return std::to_string(millis) + "ms";
  const std::int64_t seconds = millis / 1000;
  // Two units at most: nobody reads the third.
  const auto two = [](std::int64_t large, const char* large_unit, std::int64_t small, const char* small_unit) {
    return std::to_string(large) + large_unit + (small == 0 ? "" : std::to_string(small) + small_unit);
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  const std::int64_t hours = seconds % 86400 / 3600;
  return std::to_string(seconds / 86400) + "d" + (hours == 0 ? "" : " " + std::to_string(hours) + "h");
}

std::string grouped(std::uint64_t number) {
  std::string made = std::to_string(number);
  for (std::size_t place = made.size(); place > 3;) {
    place -= 3;
    made.insert(place, " ");
  }
  return made;
}

std::string percent(double ratio) {
  const double value = ratio * 100;
  const double size = std::fabs(value);
  if (size == 0 || size >= 0.01) return trimmed(value, 2) + "%";
  // Two digits that say something, however small.
  const int decimals = std::min(12, 1 + static_cast<int>(std::ceil(-std::log10(size))));
  return trimmed(value, decimals) + "%";
}

}  // namespace sluice::strategy
