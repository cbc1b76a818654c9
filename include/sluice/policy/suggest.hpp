#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::policy {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Cost: |a| × |b|, both cut at 64.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `candidates` that was probably meant by `word`: at most a third of its letters away, case ignored. Empty
/// when there is none.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace sluice::policy
