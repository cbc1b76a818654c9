#include <chrono>
#include <sstream>

#include "e2e/operator.hpp"

/// What somebody at a terminal sees: completions of a real bash, a watch on a real pseudo-terminal.
namespace sluice::test {
namespace {

/// What bash offers where the cursor stands at the end of `line`, as it asks the function that is registered.
std::vector<std::string> offered_by_bash(const std::string& line) {
  const auto finished = run({"bash", "--norc", "-c",
                             R"(source <("$1" completion bash)
complete -p sluice >/dev/null || exit 9
COMP_LINE="$1 $2"; COMP_POINT=${#COMP_LINE}
_sluice
printf '%s\n' "${COMPREPLY[@]}")",
                             "bash", sluice_binary(), line});
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  std::vector<std::string> out;
  std::istringstream lines(finished.out);
  for (std::string word; std::getline(lines, word);) {
    if (!word.empty()) out.push_back(word);
  }
  return out;
}

using Words = std::vector<std::string>;

TEST(Terminal, BashCompletesVerbsOptionsAndTheirValues) {
  EXPECT_EQ(offered_by_bash("prom"), Words{"promote"});
  EXPECT_EQ(offered_by_bash("ser"), Words{"serve"});
  EXPECT_EQ(offered_by_bash("status --wat"), Words{"--watch"});
  EXPECT_EQ(offered_by_bash("status -o "), (Words{"text", "json"}));
  EXPECT_EQ(offered_by_bash("status --output=j"), Words{"json"}) << "bash has what stands in front of = already";
  EXPECT_TRUE(offered_by_bash("nonsense ").empty());
}

TEST(Terminal, BashCompletesNamesOfRoutesOfTheGateway) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const std::string admin = "127.0.0.1:" + std::to_string(sluice.admin_port());
  // Somebody waits with a finger on a key: a gateway that does not answer within half a second offers nothing.
  const auto offers = [&](const std::string& line, const Words& words) {
    return eventually([&] { return offered_by_bash(line) == words; });
  };
  EXPECT_TRUE(offers("promote --admin " + admin + " ", Words{"model"}));
  EXPECT_TRUE(offers("drain --admin " + admin + " model/", Words{"model/v1"}));
  EXPECT_TRUE(offered_by_bash("promote --admin 127.0.0.1:1 ").empty());
}

TEST(Terminal, BashCompletesFiles) {
  EXPECT_EQ(offered_by_bash("check " + std::string(SLUICE_SOURCE_DIR) + "/config/quicks"),
            (Words{std::string(SLUICE_SOURCE_DIR) + "/config/quickstart",
                   std::string(SLUICE_SOURCE_DIR) + "/config/quickstart.yaml"}));
}

TEST(Terminal, AWatchRedrawsInPlaceAndLeavesTheScreenAsItWas) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const auto begin = std::chrono::steady_clock::now();
  const auto finished = run({"script", "-qec",
                             sluice_binary() + " status model --watch -n 3 --interval 1ms --admin 127.0.0.1:" +
                                 std::to_string(sluice.admin_port()),
                             "/dev/null"});
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  const std::string& out = finished.out;
  EXPECT_EQ(out.find("\033[?1049h"), 0U) << out;
  const std::size_t end = out.find("\033[?1049l");
  ASSERT_NE(end, std::string::npos);
  EXPECT_NE(out.find("Route:   "), std::string::npos);
  EXPECT_NE(out.find("Route:   ", end), std::string::npos) << "what was seen last stays";
  EXPECT_GE(took, std::chrono::milliseconds(400)) << "at most five pictures a second";
}

}  // namespace
}  // namespace sluice::test
