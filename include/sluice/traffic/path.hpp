#pragma once

#include <string_view>

namespace sluice::traffic {

/// Cuts the first segment off `rest` (a path without its leading '/') and tells whether another one follows.
struct SegmentCut {
  std::string_view segment;
  std::string_view rest;
  bool more = false;
};
SegmentCut cut_segment(std::string_view rest) noexcept;

/// The prefix without slashes at its end: "/a/" and "/a" mean the same prefix, and "/" becomes "".
std::string_view trim_prefix(std::string_view prefix) noexcept;

/// Whether the path is the trimmed prefix or lies below it, by whole segments.
bool is_under(std::string_view path, std::string_view trimmed_prefix) noexcept;

/// The segment that follows the segment `marker`, without a verb behind the last colon when the path ends there:
/// "fraud" in "/v1/models/fraud:predict" for "models". Absent when there is none or it is empty.
std::string_view segment_after(std::string_view path, std::string_view marker) noexcept;

}  // namespace sluice::traffic
