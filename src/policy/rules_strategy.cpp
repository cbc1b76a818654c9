#include <algorithm>
#include <cmath>

#include "sluice/policy/rules.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

void check_weights(const Canary& canary, const Cursor& steps) {
  double last = 0;
  bool moved = false;
  for (std::size_t i = 0; i < canary.steps.size(); ++i) {
    const Step& step = canary.steps[i];
    const Cursor weight = steps.at(i).at("setWeight");
    if (step.kind != StepKind::SetWeight || !weight.written()) continue;
    if (step.weight > canary.max_weight) {
      weight.error(Code::WeightAboveMaximum, format_number(step.weight) + " exceeds maxWeight " +
                                                 format_number(canary.max_weight) +
                                                 "; all traffic moves at the promotion, after the last step");
    } else if (moved && step.weight <= last) {
      weight.error(Code::WeightNotAscending,
                   format_number(step.weight) + " is not more than the " + format_number(last) + " before it");
    }
    last = step.weight;
    moved = true;
  }
}

}  // namespace

void check_unique(std::size_t count, const std::function<const std::string&(std::size_t)>& name_of,
                  const std::function<Cursor(std::size_t)>& place_of) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!name_of(i).empty() && name_of(i) == name_of(j)) {
        place_of(i).error(Code::DuplicateName, in_quotes(name_of(i)) + " stands here twice");
        break;
      }
    }
  }
}

void check_ab_test(const AbTest& test, const Cursor& at) {
  const Cursor variants = at.at("variants");
  check_unique(
      test.variants.size(), [&](std::size_t i) -> const std::string& { return test.variants[i].version; },
      [&](std::size_t i) { return variants.at(i).at("version"); });
  const auto is = [](const std::string& name) {
    return [&name](const Variant& variant) { return variant.version == name; };
  };
  if (!test.control.empty() && std::none_of(test.variants.begin(), test.variants.end(), is(test.control))) {
    at.at("control").error(Code::UnknownVersion, in_quotes(test.control) + " is none of the variants");
  }
  const bool any =
      std::any_of(test.variants.begin(), test.variants.end(), [](const Variant& v) { return v.weight > 0; });
  if (!test.variants.empty() && !any) {
    variants.error(Code::Unreachable, "every weight is 0, so nothing could be chosen");
  }
  for (const std::string_view key :
       {"guardrails", "minimumEffect", "confidence", "maxDuration", "onWinner", "eliminateLosers"}) {
    if (at.at(key).written() && !at.at("primaryMetric").written()) {
      at.at(key).error(Code::NeedsAnother, "means something only with a primaryMetric");
    }
  }
  if (at.at("primaryMetric").written() && test.variants.size() == 1) {
    variants.error(Code::ItemCount, "a test with a primaryMetric needs at least two variants");
  }
}

namespace {

/// What a plan has room for, which this layer does not know: stats::most_features.
constexpr std::size_t most_context_features = 16;

void check_context(const Bandit& bandit, const Cursor& at) {
  std::size_t features = 0;
  for (const auto& feature : bandit.context) features += std::max<std::size_t>(1, feature.values.size());
  if (features > most_context_features) {
    at.at("context").error(
        Code::ItemCount, "makes " + std::to_string(features) + " features, and there may be " +
                             std::to_string(most_context_features) +
                             ": a number is one, a category one for each of its values, or one at least without them");
  }
  if (at.at("stopWhen").written()) {
    at.at("stopWhen")
        .error(Code::NotTogether,
               "LinearThompson looks for the best arm of each request, so no arm wins for all; remove "
               "stopWhen, and end it by `sluice promote` when one arm suits nearly everyone");
  }
}

}  // namespace

void check_bandit(const Bandit& bandit, const Cursor& at) {
  check_unique(
      bandit.arms.size(), [&](std::size_t i) -> const std::string& { return bandit.arms[i]; },
      [&](std::size_t i) { return at.at("arms").at(i); });
  const double floor = bandit.minimum_share.fraction * static_cast<double>(bandit.arms.size());
  if (floor > 1) {
    at.at("minimumShare")
        .error(Code::ShareTooLarge, std::to_string(bandit.arms.size()) + " arms with at least " +
                                        format_ratio(bandit.minimum_share) + " each exceed 100%");
  }
  const bool linear = bandit.algorithm == BanditAlgorithm::LinearThompson;
  if (linear && !at.at("context").written()) {
    at.at("algorithm").error(Code::NeedsAnother, "LinearThompson needs context to learn from");
  } else if (!linear && at.at("context").written()) {
    at.at("context").error(Code::NeedsAnother, "context needs algorithm: LinearThompson");
  }
  if (linear) check_context(bandit, at);
}

void check_bandit_stop(const BanditStop& stop, const Cursor& at) {
  if (!stop.max_duration || stop.min_duration < *stop.max_duration) return;
  at.at(at.at("minDuration").written() ? "minDuration" : "maxDuration")
      .error(Code::DeadlineOrder, "minDuration (" + format_duration(stop.min_duration) +
                                      ") is not less than maxDuration (" + format_duration(*stop.max_duration) +
                                      "), so no arm could win");
}

void check_context_feature(const ContextFeature& feature, const Cursor& at) {
  const bool category = feature.type == ContextType::Category;
  if (!category && at.at("values").written()) at.at("values").error(Code::NeedsAnother, "values need type: Category");
}

void check_canary(const Canary& canary, const Cursor& at) {
  check_different(canary.stable, "stable", canary.candidate, "candidate", at);
  const Cursor steps = at.at("steps");
  if (canary.pace == Pace::Evidence) {
    if (steps.written()) steps.error(Code::NotTogether, "pace: Evidence chooses the shares; remove steps");
    return;
  }
  const bool any = std::any_of(canary.steps.begin(), canary.steps.end(),
                               [](const Step& step) { return step.kind == StepKind::SetWeight; });
  if (!any && (steps.written() ? !canary.steps.empty() : !steps.meant())) {
    (steps.written() ? steps : at).error(Code::NoSteps, "needs steps with a setWeight, or pace: Evidence");
  }
  check_weights(canary, steps);
}

}  // namespace sluice::policy
