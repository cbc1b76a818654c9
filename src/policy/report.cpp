#include "sluice/policy/report.hpp"

#include <algorithm>

#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

constexpr std::size_t max_problems = 1000;
constexpr std::size_t longest_line = 160;

}  // namespace

Report::Report(std::string file, std::string_view text) : file_(std::move(file)) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool Report::full() const noexcept {
  return problems_.size() > max_problems;
}

void Report::add(Severity severity, Code code, Mark mark, std::string path, std::string message,
                 std::string suggestion) {
  if (full()) return;
  if (problems_.size() == max_problems) {
    problems_.push_back(make(Severity::Error, Code::TooManyProblems, mark, {},
                             "more than 1000 problems; the rest of this file is not shown"));
    return;
  }
  Problem problem = make(severity, code, mark, std::move(path), std::move(message));
  problem.suggestion = std::move(suggestion);
  problems_.push_back(std::move(problem));
}

void Report::add_inactive(Mark mark, std::string path, std::string message) {
  if (inactive_depth_ > 0 || inactive_.size() >= max_problems) return;
  inactive_.push_back(make(Severity::Error, Code::Inactive, mark, std::move(path), std::move(message)));
}

std::string_view Report::line(int index) const noexcept {
  return index >= 0 && static_cast<std::size_t>(index) < lines_.size() ? lines_[static_cast<std::size_t>(index)]
                                                                       : std::string_view();
}

Position Report::position(Mark mark) const {
  if (!mark.known()) return {file_, 0, 0};
  const std::string_view before =
      line(mark.line).substr(0, std::min(line(mark.line).size(), static_cast<std::size_t>(std::max(mark.column, 0))));
  return {file_, mark.line + 1, static_cast<int>(count_characters(before)) + 1};
}

Problem Report::make(Severity severity, Code code, Mark mark, std::string path, std::string message) const {
  Problem problem;
  problem.severity = severity;
  problem.code = info(code).id;
  problem.position = position(mark);
  problem.path = std::move(path);
  problem.message = std::move(message);
  const std::string_view whole = line(mark.line);
  const std::size_t column = std::min(whole.size(), static_cast<std::size_t>(std::max(mark.column, 0)));
  // A window of a very long line, so that a thousand problems on one line do not make a thousand copies of it.
  std::size_t from = whole.size() > longest_line && column > longest_line / 2 ? column - longest_line / 2 : 0;
  while (from > 0 && from < column && (static_cast<unsigned char>(whole[from]) & 0xC0) == 0x80) ++from;
  std::size_t to = std::min(whole.size(), from + longest_line);
  while (to < whole.size() && to > from && (static_cast<unsigned char>(whole[to]) & 0xC0) == 0x80) --to;
  problem.source_line = whole.substr(from, to - from);
  if (first_bad_byte(problem.source_line)) problem.source_line.clear();  // nothing that a terminal should see
  problem.caret = std::min(column - from, problem.source_line.size());
  return problem;
}

}  // namespace sluice::policy
