#include "sluice/outcomes/target_policy.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "sluice/policy/scalars.hpp"

namespace sluice::outcomes {
namespace {

constexpr double cent = 0.005;

std::string_view bare(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> parts_of(std::string_view text, char between) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(between);
    parts.push_back(bare(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

auto wrong(const std::string& why) {
  return fail(Error::client("a target policy such as 'v2 if country=DE; v1:50%,v2:50%': " + why));
}

}  // namespace

bool TargetPolicy::Condition::holds(const std::vector<Feature>& context) const {
  const auto found =
      std::find_if(context.begin(), context.end(), [&](const Feature& one) { return one.name == feature; });
  if (found == context.end()) return sign == "!=";
  if (const auto* own = std::get_if<double>(&found->value)) {
    if (!number) return sign == "!=";
    if (sign == "<") return *own < *number;
    if (sign == "<=") return *own <= *number;
    if (sign == ">") return *own > *number;
    if (sign == ">=") return *own >= *number;
    return (*own == *number) == (sign == "=");
  }
  const bool same = std::get<std::string>(found->value) == value;
  return sign == "=" ? same : sign == "!=" && !same;
}

Result<TargetPolicy::Condition> TargetPolicy::parse_condition(std::string_view text) {
  for (const std::string_view sign : {"!=", "<=", ">=", "=", "<", ">"}) {
    const auto at = text.find(sign);
    if (at == std::string_view::npos) continue;
    Condition made;
    made.feature = bare(text.substr(0, at));
    made.sign = sign;
    made.value = bare(text.substr(at + sign.size()));
    made.number = policy::parse_number(made.value);
    if (made.feature.empty() || made.value.empty()) return wrong("a condition compares a feature with a value");
    if (sign != "=" && sign != "!=" && !made.number) return wrong("'" + made.value + "' is no number to compare with");
    return made;
  }
  return wrong("'" + std::string(text) + "' is no condition");
}

Result<TargetPolicy::Clause> TargetPolicy::parse_clause(std::string_view text) {
  Clause made;
  if (const auto at = text.find(" if "); at != std::string_view::npos) {
    auto condition = parse_condition(bare(text.substr(at + 4)));
    if (!condition) return fail(condition.error());
    made.condition = std::move(condition).value();
    text = bare(text.substr(0, at));
  }
  const auto parts = parts_of(text, ',');
  double sum = 0;
  for (const auto part : parts) {
    const auto colon = part.rfind(':');
    const std::string version(bare(part.substr(0, colon)));
    if (version.empty()) return wrong("a version is missing");
    Ratio share{1};
    if (colon != std::string_view::npos) {
      const auto written = policy::parse_ratio(bare(part.substr(colon + 1)));
      if (!written) return wrong("'" + std::string(part) + "' has no share such as 50%");
      share = *written;
    } else if (parts.size() > 1) {
      return wrong("'" + version + "' needs a share such as 50%");
    }
    if (!made.shares.emplace(version, share.fraction).second) return wrong("'" + version + "' is named twice");
    sum += share.fraction;
  }
  if (std::abs(sum - 1) > cent) {
    return wrong("the shares of '" + std::string(text) + "' add up to " + policy::format_ratio(Ratio{sum}));
  }
  for (auto& [version, share] : made.shares) share /= sum;
  return made;
}

Result<TargetPolicy> TargetPolicy::parse(std::string_view text) {
  TargetPolicy made;
  made.text_ = bare(text);
  const auto clauses = parts_of(made.text_, ';');
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    auto clause = parse_clause(clauses[i]);
    if (!clause) return fail(clause.error());
    const bool last = i + 1 == clauses.size();
    if (last && clause->condition) return wrong("the last clause has no condition: it says what else happens");
    if (!last && !clause->condition)
      return wrong("'" + std::string(clauses[i]) + "' leaves nothing to those behind it");
    made.clauses_.push_back(std::move(clause).value());
  }
  return made;
}

double TargetPolicy::probability(std::string_view version, const std::vector<Feature>& context) const {
  for (const auto& clause : clauses_) {
    if (clause.condition && !clause.condition->holds(context)) continue;
    const auto found = clause.shares.find(version);
    return found == clause.shares.end() ? 0 : found->second;
  }
  return 0;
}

std::vector<std::string> TargetPolicy::versions() const {
  std::set<std::string> names;
  for (const auto& clause : clauses_) {
    for (const auto& [version, share] : clause.shares) {
      if (share > 0) names.insert(version);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace sluice::outcomes
