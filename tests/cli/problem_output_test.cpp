#include "sluice/cli/problem_output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using policy::Problem;
using policy::Severity;

Problem problem(Severity severity, std::string message) {
  Problem out;
  out.severity = severity;
  out.code = "E104";
  out.position = {"a,b:c.yaml", 3, 5};
  out.path = "spec";
  out.message = std::move(message);
  return out;
}

TEST(ProblemOutput, CountsInOneLine) {
  EXPECT_EQ(problems_as_text({}, false), "ok\n");
  EXPECT_TRUE(problems_as_text({problem(Severity::Warning, "x")}, false).ends_with("\nok, with 1 warning\n"));
  const std::string both = problems_as_text(
      {problem(Severity::Error, "x"), problem(Severity::Error, "y"), problem(Severity::Warning, "z")}, false);
  EXPECT_TRUE(both.ends_with("\n2 errors and 1 warning\n")) << both;
}

TEST(ProblemOutput, ColoursOnlyOnDemand) {
  const std::vector<Problem> problems{problem(Severity::Error, "x")};
  EXPECT_NE(problems_as_text(problems, true).find("\033[1;31merror\033[0m"), std::string::npos);
  EXPECT_EQ(problems_as_text(problems, false).find('\033'), std::string::npos);
}

TEST(ProblemOutput, EscapesWorkflowCommands) {
  EXPECT_EQ(problems_as_github({problem(Severity::Warning, "50%\nof")}),
            "::warning file=a%2Cb%3Ac.yaml,line=3,col=5,title=E104::spec: 50%25%0Aof\n");
}

TEST(ProblemOutput, SurvivesAFileNameThatIsNotText) {
  Problem one = problem(Severity::Error, "x");
  one.position.file = "\xff.yaml";
  EXPECT_TRUE(nlohmann::json::accept(problems_as_json({one})));
}

}  // namespace
}  // namespace sluice::cli
