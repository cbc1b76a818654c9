#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "sluice/policy/codes.hpp"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

const fs::path source_dir = SLUICE_SOURCE_DIR;
const fs::path bad_dir = source_dir / "tests/policy/bad";

struct Outcome {
  int exit_code = -1;
  std::string output;
};

/// Runs the command line in this process and keeps what it writes to standard output.
Outcome sluice(std::vector<std::string> arguments, PolicyCheck deeper = {}) {
  arguments.insert(arguments.begin(), "sluice");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  std::ostringstream written;
  std::streambuf* before = std::cout.rdbuf(written.rdbuf());
  const int exit_code = run(static_cast<int>(argv.size()), argv.data(), "0.0.0-test", {}, std::move(deeper));
  std::cout.rdbuf(before);
  return {exit_code, written.str()};
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files_in(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Problems name files as they were given, so the bad files are checked from their own folder.
class BadPolicies : public testing::Test {
 protected:
  void SetUp() override { fs::current_path(bad_dir); }
  void TearDown() override { fs::current_path(before_); }

 private:
  fs::path before_ = fs::current_path();
};

// SLUICE_UPDATE_EXPECTED=1 writes the expectations anew; read the difference before committing it.
TEST_F(BadPolicies, EachIsReportedExactlyAsExpected) {
  const bool update = std::getenv("SLUICE_UPDATE_EXPECTED") != nullptr;
  const auto files = files_in(bad_dir, ".yaml");
  EXPECT_GE(files.size(), 60U);
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    const Outcome outcome = sluice({"check", file.filename().string()});
    const fs::path expected = fs::path(file).replace_extension(".expected");
    if (update) std::ofstream(expected, std::ios::binary) << outcome.output;
    EXPECT_EQ(outcome.output, contents(expected));
    const bool only_warnings = outcome.output.find(": error: ") == std::string::npos;
    EXPECT_EQ(outcome.exit_code, only_warnings ? 0 : 2);
    EXPECT_NE(outcome.output, "ok\n") << "a bad policy without any problem";
  }
}

TEST_F(BadPolicies, EveryExpectationBelongsToAPolicy) {
  for (const fs::path& expected : files_in(bad_dir, ".expected")) {
    EXPECT_TRUE(fs::exists(fs::path(expected).replace_extension(".yaml"))) << expected;
  }
}

TEST_F(BadPolicies, EveryCodeOccurs) {
  std::string all;
  for (const fs::path& expected : files_in(bad_dir, ".expected")) all += contents(expected);
  // Tested where they are made: a missing, a huge and a hopeless file, what the data plane finds, and what is
  // only known with a rate.
  const std::set<std::string_view> elsewhere{"E001", "E002", "E012", "E112", "W406"};
  for (const policy::CodeInfo& info : policy::all_codes()) {
    if (elsewhere.contains(info.id)) continue;
    EXPECT_NE(all.find("[" + std::string(info.id) + "]"), std::string::npos) << info.id << " " << info.title;
  }
}

TEST(Check, AcceptsEveryExample) {
  std::vector<fs::path> files = files_in(source_dir / "config", ".yaml");
  EXPECT_GE(files.size(), 8U);
  for (const fs::path& file : files) {
    const Outcome outcome = sluice({"check", file.string()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_EQ(outcome.output, "ok\n") << "an example acts as a whole and raises no doubt";
  }
}

TEST(Check, ReportsAMissingFile) {
  const Outcome outcome = sluice({"check", "/nonexistent/policy.yaml"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.output.find("[E001]"), std::string::npos) << outcome.output;
}

TEST(Check, ReadsEveryPathAsAPolicyOfItsOwn) {
  const std::string plain = (source_dir / "config/plain.yaml").string();
  EXPECT_EQ(sluice({"check", plain, plain}).exit_code, 0) << "together they would have two gateways";
}

TEST(Check, WritesJsonForPrograms) {
  const Outcome outcome = sluice({"check", "-o", "json", (bad_dir / "unknown_field_steps.yaml").string()});
  EXPECT_EQ(outcome.exit_code, 2);
  const auto json = nlohmann::json::parse(outcome.output);
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["problems"][0]["code"], "E102");
  EXPECT_EQ(json["problems"][0]["line"], 12);
  EXPECT_EQ(json["problems"][0]["column"], 7);
  EXPECT_EQ(json["problems"][0]["path"], "spec.strategy.canary.stepz");
  EXPECT_EQ(json["problems"][0]["suggestion"], "steps");
}

TEST(Check, WritesWorkflowCommandsForGithub) {
  const fs::path file = bad_dir / "duration_without_unit.yaml";
  const Outcome outcome = sluice({"check", "--output", "github", file.string()});
  EXPECT_EQ(outcome.output, "::error file=" + file.string() +
                                ",line=7,col=23,title=E105::spec.timeouts.request: the number \"30\" needs a unit: ms, "
                                "s, m, h or d; did you mean \"30s\"?\n");
}

TEST(Check, AsksTheDataPlaneAboutAPolicyThatItCouldServe) {
  const std::string plain = (source_dir / "config/plain.yaml").string();
  const auto refuse = [](const policy::PolicySet&) {
    return std::optional<std::string>("a:b.yaml:3:7: no such thing");
  };
  const Outcome refused = sluice({"check", plain}, refuse);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.output, "a:b.yaml:3:7: error: no such thing   [E112]\n1 error\n");
  EXPECT_EQ(sluice({"check", (bad_dir / "state_redis_of_later.yaml").string()}, refuse).exit_code, 0)
      << "does not act yet";
  EXPECT_EQ(sluice({"check", plain}, [](const policy::PolicySet&) { return std::nullopt; }).exit_code, 0);
}

TEST(Check, UsesNoColourInAPipe) {
  const Outcome outcome = sluice({"check", (bad_dir / "value_missing.yaml").string()});
  EXPECT_EQ(outcome.output.find('\033'), std::string::npos);
}

TEST(CommandLine, RefusesWhatMakesNoSense) {
  EXPECT_EQ(sluice({"check"}).exit_code, 2);
  EXPECT_EQ(sluice({"chek", "x.yaml"}).exit_code, 2);
  EXPECT_EQ(sluice({"check", "-o", "xml", "x.yaml"}).exit_code, 2);
  EXPECT_EQ(sluice({}).exit_code, 2);
}

TEST(CommandLine, KnowsItsVersion) {
  const Outcome outcome = sluice({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "sluice 0.0.0-test\n");
}

}  // namespace
}  // namespace sluice::cli
