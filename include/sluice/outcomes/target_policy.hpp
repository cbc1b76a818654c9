#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/outcomes/decision_log.hpp"

namespace sluice::outcomes {

/// A policy that was not in force, for `sluice evaluate`: with which probability it would have chosen each version,
/// given what was known of the request. Immutable.
class TargetPolicy {
 public:
  /// "v2", "v1:30%,v2:70%", "v2 if country=DE; v1:50%,v2:50% if age>=30; v1": the first clause whose condition holds
  /// decides; the last one has none. Conditions compare one feature by =, !=, <, <=, > or >=; one that the request does
  /// not have fulfils only !=. Percentages add up to 100. Fails with one sentence.
  static Result<TargetPolicy> parse(std::string_view text);

  /// 0…1; 0 for a version that it never chooses.
  double probability(std::string_view version, const std::vector<Feature>& context) const;

  /// Every version that some clause may choose.
  std::vector<std::string> versions() const;
  const std::string& text() const noexcept { return text_; }

 private:
  struct Condition {
    std::string feature;
    std::string sign;
    std::string value;
    std::optional<double> number;
    bool holds(const std::vector<Feature>& context) const;
  };
  struct Clause {
    std::optional<Condition> condition;
    std::map<std::string, double, std::less<>> shares;
  };
  static Result<Clause> parse_clause(std::string_view text);
  static Result<Condition> parse_condition(std::string_view text);

  std::string text_;
  std::vector<Clause> clauses_;
};

}  // namespace sluice::outcomes
