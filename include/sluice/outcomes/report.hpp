#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"

/// What an application sends: items, each about one decision.
///
///     {"decision": "…", "click": 1, "revenue": 12.5, "unit": "u-17"}
///
/// Every member but `decision` and `unit` names an outcome.
namespace sluice::outcomes {

inline constexpr std::size_t most_report_bytes = std::size_t{4} << 20;
inline constexpr std::size_t most_report_items = 10'000;
inline constexpr std::size_t most_values_per_item = 16;
inline constexpr std::size_t longest_report_text = 256;  ///< of names and units, bytes

struct ReportedValue {
  enum class Kind : std::uint8_t { Number, Boolean, Other };
  std::string outcome;
  Kind kind = Kind::Number;  ///< Other: neither, or a number beyond all bounds
  double number = 0;         ///< finite; of a Boolean 0 or 1
};

struct ReportItem {
  std::size_t index = 0;  ///< in the post, from 0; blank lines do not count
  std::string decision;
  std::string unit;  ///< empty: the one that the token names
  std::vector<ReportedValue> values;
  std::string problem;  ///< why it cannot be read, one sentence; empty: it can
};

/// One object, an array of objects, or objects on lines of their own: where the content type says NDJSON or JSON lines,
/// and where a first line that is an object is followed by another one. Fails when not even one item can be told; an
/// item that makes no sense has its `problem` and harms no other one, unless the JSON itself breaks there: of an array,
/// nothing behind that place is read. Any thread; about a gigabyte per second.
Result<std::vector<ReportItem>> read_reports(std::string body, std::string_view content_type);

}  // namespace sluice::outcomes
