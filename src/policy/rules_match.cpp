#include "sluice/policy/rules.hpp"

namespace sluice::policy {

void check_path_match(const PathMatch& match, const Cursor& at) {
  if (match.type == PathMatchType::RegularExpression) {
    if (!at.at("value").meant()) at.error(Code::NeedsAnother, "a regular expression needs a value");
  } else if (!match.value.starts_with('/')) {
    at.at("value").error(Code::BadFormat, "a path begins with \"/\"");
  } else if (match.value.find_first_of("?# ") != std::string::npos) {
    at.at("value").error(Code::BadFormat, "a path has no query, fragment or blank; use queryParams");
  }
}

void check_value_match(const ValueMatch& match, const Cursor& at) {
  const bool has_bounds = match.min || match.max;
  if (match.type == ValueMatchType::Range) {
    if (at.at("value").written()) at.at("value").error(Code::NotTogether, "Range takes min and max, not value");
    if (!at.at("min").written() && !at.at("max").written()) at.error(Code::NeedsAnother, "Range needs min or max");
    if (match.min && match.max && *match.min > *match.max) {
      at.at("min").error(Code::OutOfBounds, "min is larger than max, so nothing can match");
    }
    return;
  }
  if (has_bounds) at.at(match.min ? "min" : "max").error(Code::NeedsAnother, "min and max need type: Range");
  if (!has_bounds && !at.at("value").meant()) at.error(Code::MissingField, "needs the field \"value\"");
}

void check_match(const Match& match, const Cursor& at) {
  if (at.node().entries.empty()) return;
  // The order of the parts means nothing, so the same name twice is a contradiction or a repetition.
  const auto twice = [&](const std::vector<ValueMatch>& parts, std::string_view key) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (parts[i] == parts[j]) at.at(key).at(i).error(Code::DuplicateMatch, "stands twice in one match");
      }
    }
  };
  twice(match.headers, "headers");
  twice(match.query_params, "queryParams");
  twice(match.cookies, "cookies");
}

void check_pinning(const Pinning& pinning, const Cursor& at) {
  const bool matching = pinning.allow == PinAllow::Matching;
  if (matching && !at.at("when").written()) at.error(Code::NeedsAnother, "allow: Matching needs when");
  if (!matching && at.at("when").written()) at.at("when").error(Code::NeedsAnother, "when needs allow: Matching");
}

}  // namespace sluice::policy
