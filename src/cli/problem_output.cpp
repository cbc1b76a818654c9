#include "sluice/cli/problem_output.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using policy::Problem;
using policy::Severity;

std::size_t how_many(const std::vector<Problem>& problems, Severity severity) {
  return static_cast<std::size_t>(
      std::count_if(problems.begin(), problems.end(), [&](const Problem& p) { return p.severity == severity; }));
}

std::string counted(std::size_t n, const std::string& noun) {
  return std::to_string(n) + ' ' + noun + (n == 1 ? "" : "s");
}

std::string sentence(const Problem& problem) {
  std::string out = problem.path.empty() ? problem.message : problem.path + ": " + problem.message;
  if (!problem.suggestion.empty()) out += "; did you mean \"" + problem.suggestion + "\"?";
  return out;
}

/// Workflow commands end at a line break and split their properties at commas and colons.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '\r':
        out += "%0D";
        break;
      case '\n':
        out += "%0A";
        break;
      case ':':
        out += property ? "%3A" : ":";
        break;
      case ',':
        out += property ? "%2C" : ",";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string problems_as_text(const std::vector<Problem>& problems, bool colour) {
  std::string out;
  for (const Problem& problem : problems) out += describe(problem, colour);
  const std::size_t errors = how_many(problems, Severity::Error);
  const std::size_t warnings = how_many(problems, Severity::Warning);
  out += errors == 0 ? "ok" : counted(errors, "error");
  if (warnings > 0) out += (errors == 0 ? ", with " : " and ") + counted(warnings, "warning");
  return out + '\n';
}

std::string problems_as_json(const std::vector<Problem>& problems) {
  nlohmann::ordered_json out;
  out["ok"] = how_many(problems, Severity::Error) == 0;
  out["errors"] = how_many(problems, Severity::Error);
  out["warnings"] = how_many(problems, Severity::Warning);
  out["problems"] = nlohmann::ordered_json::array();
  for (const Problem& problem : problems) {
    nlohmann::ordered_json one;
    one["severity"] = problem.severity == Severity::Error ? "error" : "warning";
    one["code"] = problem.code;
    one["file"] = problem.position.file;
    one["line"] = problem.position.line;
    one["column"] = problem.position.column;
    one["path"] = problem.path;
    one["message"] = problem.message;
    if (!problem.suggestion.empty()) one["suggestion"] = problem.suggestion;
    out["problems"].push_back(std::move(one));
  }
  // File names are whatever the file system holds, so not always UTF-8.
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::string problems_as_github(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) {
    out += problem.severity == Severity::Error ? "::error " : "::warning ";
    out += "file=" + escaped(problem.position.file, true);
    if (problem.position.line > 0) {
      out += ",line=" + std::to_string(problem.position.line) + ",col=" + std::to_string(problem.position.column);
    }
    out += ",title=" + escaped(problem.code, true) + "::" + escaped(sentence(problem), false) + '\n';
  }
  return out;
}

}  // namespace sluice::cli
