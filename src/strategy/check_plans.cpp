#include "check_plans.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/strategy/check_evidence.hpp"

namespace sluice::strategy {
namespace {

/// A fixed limit has no share.
constexpr double any_share = 0.5;

double share_of_plan(const stats::RiskRule& rule, const Drawn& drawn) noexcept {
  return rule.alone ? any_share : drawn.share;
}

bool same_share(double one, double other) noexcept {
  return std::abs(one - other) <= 1e-9 * std::max(one, other);
}

}  // namespace

double exact_level(const CountedLook& look, const Subject& subject, const CheckEvidence& evidence,
                   double doubt) noexcept {
  const bool by_users = subject.users_stick || look.units_from < look.size;
  if (look.size == 0 || by_users || look.reported || look.of_answers || evidence.frozen) return 0;
  const stats::RiskRule& rule = look.levels[0].rule;
  if (!rule.alone && (rule.offset != 0 || !(subject.share > 0 && subject.share < 1))) return 0;
  return doubt * kBetOnAll / static_cast<double>(look.size);
}

void before_counts(const CountedLook& look, const stats::RiskRule& rule, const Drawn& drawn, RiskTrack& track) {
  const bool exact = look.exact_level > 0;
  const stats::RiskSums& sums = track.all.against;
  if (exact) stats::open_plan(track.plan, look.exact_level, rule, sums);
  if (!exact || !same_share(track.plan.share, share_of_plan(rule, drawn))) stats::leave_plan(track.plan, rule, sums);
}

void after_counts(const CountedLook& look, const stats::RiskRule& rule, const Drawn& drawn, RiskTrack& track) {
  stats::pass_steps(track.plan, drawn.steps);
  // By what is drawn, not by what came: when the first plan is made must not depend on whose the events are. And before
  // a verdict can be had, or it would be spent twice.
  constexpr double early = 0.5;
  if (!(look.exact_level > 0) || drawn.expected < early * look.enough) return;
  const double share = share_of_plan(rule, drawn);
  if (rule.alone || drawn.always) stats::make_first_plan(track.plan, rule, share, drawn.all_steps);
  if (rule.alone || drawn.steady) stats::make_plan(track.plan, rule, share, track.all.against);
}

}  // namespace sluice::strategy
