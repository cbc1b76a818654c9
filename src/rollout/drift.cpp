#include "sluice/rollout/drift.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sluice/policy/scalars.hpp"

namespace sluice::rollout {
namespace {

constexpr int pieces_of_a_drift = 96;

double seconds_of(Duration time) {
  return std::chrono::duration<double>(time).count();
}

/// `±50%`, `x3`; false when it is neither.
bool set_amount(Drift& drift, std::string_view text) {
  for (const std::string_view sign : {"\u00b1", "+-"}) {
    if (!text.starts_with(sign)) continue;
    const auto ratio = policy::parse_ratio(text.substr(sign.size()));
    drift.kind = Drift::Kind::Wave;
    drift.amount = ratio ? ratio->fraction : -1;
    return drift.amount >= 0 && drift.amount <= 1;
  }
  if (!text.starts_with("x")) return false;
  drift.kind = Drift::Kind::Ramp;
  drift.amount = policy::parse_number(text.substr(1)).value_or(-1);
  return drift.amount >= 0;
}

}  // namespace

double Drift::factor(Duration elapsed) const noexcept {
  const double turns = seconds_of(elapsed) / seconds_of(over);
  if (kind == Kind::Wave) return 1 + amount * std::sin(2 * std::numbers::pi * turns);
  return 1 + (amount - 1) * std::min(1.0, turns);
}

Result<Drift> parse_drift(std::string_view text) {
  const std::string shown(text);
  const auto wrong = [&shown](const char* why) { return fail(Error::internal("\"" + shown + "\": " + why)); };
  Drift drift;
  std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
    drift.version = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    colon = text.find(':');
    if (drift.version.empty()) return wrong("a version's name comes first");
  }
  const std::size_t slash = text.rfind('/');
  if (colon == std::string_view::npos || colon == 0 || slash == std::string_view::npos || slash < colon) {
    return wrong("a drift is METRIC:±SHARE/PERIOD or METRIC:xTIMES/DURATION");
  }
  drift.metric = text.substr(0, colon);
  if (!set_amount(drift, text.substr(colon + 1, slash - colon - 1))) {
    return wrong("it goes ±SHARE up and down, or to xTIMES of what it was");
  }
  const auto over = policy::parse_duration(text.substr(slash + 1));
  if (!over || *over <= Duration::zero()) return wrong("behind / stands a duration such as 24h");
  drift.over = *over;
  return drift;
}

std::string to_string(const Drift& drift) {
  const std::string amount = drift.kind == Drift::Kind::Wave ? "±" + policy::format_ratio({drift.amount})
                                                             : "x" + policy::format_number(drift.amount);
  return (drift.version.empty() ? "" : drift.version + ":") + drift.metric + ":" + amount + "/" +
         policy::format_duration(drift.over);
}

double factor_of(const std::vector<Drift>& drifts, std::string_view version, std::string_view metric,
                 Duration elapsed) noexcept {
  double factor = 1;
  for (const Drift& drift : drifts) {
    if (drift.metric != metric || (!drift.version.empty() && drift.version != version)) continue;
    factor *= drift.factor(elapsed);
  }
  return factor;
}

std::optional<Duration> steadiness(const std::vector<Drift>& drifts) noexcept {
  std::optional<Duration> shortest;
  for (const Drift& drift : drifts) {
    const Duration piece = std::max<Duration>(drift.over / pieces_of_a_drift, std::chrono::milliseconds(1));
    if (!shortest || piece < *shortest) shortest = piece;
  }
  return shortest;
}

}  // namespace sluice::rollout
