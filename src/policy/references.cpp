#include "sluice/policy/references.hpp"

#include <variant>

namespace sluice::policy {
namespace {

class Collector {
 public:
  References found;

  void operator()(const std::monostate& /*none*/, const Cursor& /*at*/) {}

  void operator()(const Shadow& shadow, const Cursor& at) {
    add(found.versions, shadow.live, at.at("live"));
    for (std::size_t i = 0; i < shadow.candidates.size(); ++i) {
      add(found.versions, shadow.candidates[i].version, at.at("candidates").at(i).at("version"));
    }
    add_analysis(shadow.analysis, at.at("analysis"), true);
  }

  void operator()(const AbTest& test, const Cursor& at) {
    for (std::size_t i = 0; i < test.variants.size(); ++i) {
      add(found.versions, test.variants[i].version, at.at("variants").at(i).at("version"));
    }
    add(found.versions, test.control, at.at("control"));
    add(found.metrics, test.primary_metric, at.at("primaryMetric"));
    add_checks(test.guardrails, at.at("guardrails"));
  }

  void operator()(const Bandit& bandit, const Cursor& at) {
    for (std::size_t i = 0; i < bandit.arms.size(); ++i) add(found.versions, bandit.arms[i], at.at("arms").at(i));
    add(found.outcomes, bandit.reward, at.at("reward"));
    if (bandit.stop_when && bandit.stop_when->certified) {
      found.certified.emplace_back(&bandit, at.at("stopWhen").at("certified"));
    }
    add_checks(bandit.guardrails, at.at("guardrails"));
  }

  void operator()(const Canary& canary, const Cursor& at) {
    add(found.versions, canary.stable, at.at("stable"));
    add(found.versions, canary.candidate, at.at("candidate"));
    add_analysis(canary.analysis, at.at("analysis"));
  }

  void operator()(const Rolling& rolling, const Cursor& at) {
    add(found.versions, rolling.stable, at.at("stable"));
    add(found.versions, rolling.candidate, at.at("candidate"));
    found.rollings.push_back(&rolling);
    add_analysis(rolling.analysis, at.at("analysis"));
  }

  void operator()(const BlueGreen& blue_green, const Cursor& at) {
    add(found.versions, blue_green.active, at.at("active"));
    add(found.versions, blue_green.preview, at.at("preview"));
    add_analysis(blue_green.pre_promotion.analysis, at.at("prePromotion").at("analysis"), true);
    const std::size_t before = found.checks.size();
    add_analysis(blue_green.post_promotion.analysis, at.at("postPromotion").at("analysis"));
    for (std::size_t i = before; i < found.checks.size(); ++i) found.checks[i].after_the_flip = true;
  }

  void operator()(const Stages& stages, const Cursor& at) {
    for (std::size_t i = 0; i < stages.stages.size(); ++i) visit_strategy(stages.stages[i].strategy, at.at(i));
  }

  /// The cursor stands on the mapping whose key names the strategy.
  template <typename Choice>
  void visit_strategy(const Choice& strategy, const Cursor& at) {
    std::visit(
        [&](const auto& chosen) {
          const Strategy named = std::decay_t<decltype(chosen)>{};
          (*this)(chosen, at.at(strategy_name(named)));
        },
        strategy);
  }

 private:
  static void add(std::vector<Reference>& list, const std::string& name, const Cursor& at) {
    if (!name.empty() && at.written()) list.push_back({name, at});
  }

  void add_checks(const std::vector<Check>& checks, const Cursor& at, bool of_copies = false) {
    for (std::size_t i = 0; i < checks.size(); ++i) found.checks.push_back({&checks[i], at.at(i), of_copies, false});
  }

  void add_analysis(const std::optional<Analysis>& analysis, const Cursor& at, bool of_copies = false) {
    if (analysis) add_checks(analysis->checks, at.at("checks"), of_copies);
  }
};

}  // namespace

References collect_references(const Strategy& strategy, const Cursor& at) {
  Collector collector;
  collector.visit_strategy(strategy, at);
  return std::move(collector.found);
}

}  // namespace sluice::policy
