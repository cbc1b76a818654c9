#include "sluice/strategy/limit.hpp"

#include "sluice/policy/scalars.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {

std::string Limit::comparison(const std::string& measured, bool beyond) const {
  const char* sign = is_min ? (beyond ? " < " : " >= ") : (beyond ? " > " : " <= ");
  return measured + sign + text;
}

Limit nearest_limit(const policy::ThresholdRange& range, double value) {
  std::optional<Limit> found;
  for (const bool is_min : {false, true}) {
    const auto& side = is_min ? range.min : range.max;
    if (!side) continue;
    const Limit limit{side->value, is_min, (is_min ? "min " : "max ") + quantity_text(side->value, side->unit)};
    if (!found || limit.broken_by(value)) found = limit;
  }
  return found.value_or(Limit{});
}

Allowance allowance_of(const policy::VersusStable& versus) noexcept {
  if (versus.margin) return {1, versus.margin->value};
  return {1 + (versus.relative_margin ? versus.relative_margin->fraction : 0), 0};
}

Limit limit_against(const policy::VersusStable& versus, double stable, policy::QuantityUnit unit, bool more_is_better) {
  const Allowance allowance = allowance_of(versus);
  const double worse = (allowance.factor - 1) * stable + allowance.offset;
  const double value = more_is_better ? stable - worse : stable + worse;
  const std::string by = versus.margin ? quantity_text(versus.margin->value, versus.margin->unit)
                                       : policy::format_ratio(versus.relative_margin.value_or(Ratio{}));
  const std::string beside = " (stable " + quantity_text(stable, unit) + (more_is_better ? " - " : " + ") + by + ")";
  return {value, more_is_better, quantity_text(value, unit) + beside};
}

policy::QuantityUnit unit_of(const policy::Check& check) noexcept {
  if (check.threshold_range && check.threshold_range->max) return check.threshold_range->max->unit;
  if (check.threshold_range && check.threshold_range->min) return check.threshold_range->min->unit;
  if (check.versus_stable && check.versus_stable->margin) return check.versus_stable->margin->unit;
  return policy::QuantityUnit::Number;
}

Finding no_data(const policy::Check& check, const policy::Analysis& analysis, const std::string& why) {
  Finding finding;
  finding.message = check.metric + ": " + why;
  switch (analysis.on_no_data) {
    case policy::OnNoData::Hold:
      finding.verdict = Verdict::Inconclusive;
      break;
    case policy::OnNoData::Pass:
      finding.verdict = Verdict::Pass;
      finding.message += ", which passes by onNoData";
      break;
    case policy::OnNoData::Fail:
      finding.verdict = Verdict::Fail;
      finding.message += ", which fails by onNoData";
      break;
  }
  return finding;
}

}  // namespace sluice::strategy
