#include "sluice/policy/problem.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::policy {
namespace {

std::string_view word(Severity severity) {
  return severity == Severity::Error ? "error" : "warning";
}

std::string place(const Problem& problem) {
  std::string out = problem.position.file;
  if (problem.position.line > 0) {
    out += ':' + std::to_string(problem.position.line) + ':' + std::to_string(problem.position.column);
  }
  return out + ": ";
}

std::string rest(const Problem& problem) {
  std::string out = ": ";
  if (!problem.path.empty()) out += problem.path + ": ";
  out += problem.message;
  if (!problem.suggestion.empty()) out += "; did you mean \"" + problem.suggestion + "\"?";
  return out + "   [" + problem.code + "]";
}

/// Blanks as wide as the text, with its tabs, so that the caret lands under the right character.
std::string indent_like(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) out += c == '\t' ? '\t' : ' ';
  }
  return out;
}

}  // namespace

void sort_problems(std::vector<Problem>& problems) {
  const auto key = [](const Problem& p) { return std::tie(p.position.file, p.position.line, p.position.column); };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
}

std::string headline(const Problem& problem) {
  return place(problem) + std::string(word(problem.severity)) + rest(problem);
}

std::string describe(const Problem& problem, bool colour) {
  const char* paint = problem.severity == Severity::Error ? "\033[1;31m" : "\033[1;33m";
  std::string out = place(problem);
  if (colour) out += paint;
  out += word(problem.severity);
  if (colour) out += "\033[0m";
  out += rest(problem) + '\n';
  if (!problem.source_line.empty()) {
    out += "  " + problem.source_line + "\n  " + indent_like(problem.source_line.substr(0, problem.caret));
    out += colour ? std::string(paint) + "^\033[0m\n" : std::string("^\n");
  }
  return out;
}

}  // namespace sluice::policy
