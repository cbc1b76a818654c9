#include "sluice/traffic/path.hpp"

namespace sluice::traffic {

SegmentCut cut_segment(std::string_view rest) noexcept {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return {rest, {}, false};
  return {rest.substr(0, slash), rest.substr(slash + 1), true};
}

std::string_view trim_prefix(std::string_view prefix) noexcept {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

bool is_under(std::string_view path, std::string_view trimmed_prefix) noexcept {
  if (!path.starts_with('/') || !path.starts_with(trimmed_prefix)) return false;
  return path.size() == trimmed_prefix.size() || path[trimmed_prefix.size()] == '/';
}

std::string_view segment_after(std::string_view path, std::string_view marker) noexcept {
  if (!path.starts_with('/')) return {};
  for (auto cut = cut_segment(path.substr(1)); cut.more; cut = cut_segment(cut.rest)) {
    if (cut.segment != marker) continue;
    const auto next = cut_segment(cut.rest);
    auto name = next.segment;
    if (!next.more) name = name.substr(0, name.rfind(':'));
    return name.empty() ? std::string_view{} : name;
  }
  return {};
}

}  // namespace sluice::traffic
