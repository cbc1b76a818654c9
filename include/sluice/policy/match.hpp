#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/policy/position.hpp"

namespace sluice::policy {

/// How a path is compared. `PathPrefix` matches whole segments: `/v2` matches `/v2` and `/v2/x`, not `/v2x`.
enum class PathMatchType : std::uint8_t { Exact, PathPrefix, RegularExpression };

/// How a header, query parameter or cookie is compared. `Range` reads it as a number.
enum class ValueMatchType : std::uint8_t { Exact, Prefix, RegularExpression, Range };

struct PathMatch {
  PathMatchType type = PathMatchType::PathPrefix;
  std::string value = "/";  ///< begins with `/` unless it is a regular expression
  Position position;

  bool operator==(const PathMatch&) const = default;
};

struct ValueMatch {
  std::string name;
  ValueMatchType type = ValueMatchType::Exact;
  std::string value;          ///< empty when `type` is Range
  std::optional<double> min;  ///< only with Range, inclusive
  std::optional<double> max;  ///< only with Range, inclusive
  Position position;

  bool operator==(const ValueMatch&) const = default;
};

/// One way in which a request can match: everything that is written must hold. An empty match holds for every request.
struct Match {
  std::optional<PathMatch> path;
  std::vector<ValueMatch> headers;  ///< names compare without case
  std::vector<ValueMatch> query_params;
  std::vector<ValueMatch> cookies;
  std::string method;  ///< exact, upper case; empty: any
  std::string model;   ///< `model` of a JSON body or the name in the protocol's path; empty: any
  Position position;

  bool operator==(const Match&) const = default;
};

}  // namespace sluice::policy
