#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/position.hpp"

namespace sluice::policy {

enum class Severity : std::uint8_t { Warning, Error };

/// One thing that is wrong, or that a person should know, about a policy.
struct Problem {
  Severity severity = Severity::Error;
  std::string code;  ///< `E102`; stable, see docs/error-codes.md
  Position position;
  std::string path;         ///< `spec.strategy.canary.steps[1]`; empty when a whole file is meant
  std::string message;      ///< without the suggestion
  std::string suggestion;   ///< what was probably meant; empty: no idea
  std::string source_line;  ///< the line it stands on, or a part of a very long one; empty: nothing to show
  std::size_t caret = 0;    ///< byte of source_line that the caret stands under
};

/// By file, line, column, then in the order found.
void sort_problems(std::vector<Problem>& problems);

/// `FILE:LINE:COL: error: PATH: MESSAGE; did you mean "x"?   [E102]`, without source line and without line end.
std::string headline(const Problem& problem);

/// The headline, then the source line with a caret under the column; ends with a line end. `colour` adds ANSI escapes.
std::string describe(const Problem& problem, bool colour = false);

}  // namespace sluice::policy
