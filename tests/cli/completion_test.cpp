#include "sluice/cli/completion.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cli/command.hpp"
#include "support/child_process.hpp"
#include "support/connection.hpp"
#include "support/temp_dir.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Answer = std::pair<int, std::string>;
using Words = std::vector<std::string>;

FakeUpstream::Script two_routes() {
  return admin_port([](const auto& request) {
    if (request.target() != "/api/v1/routes") return Answer{404, "{}"};
    return Answer{200, R"({"routes": [{"route": "fraud", "versions": [{"version": "v1"}, {"version": "v2"}]},
                                      {"route": "churn", "versions": [{"version": "v7"}]},
                                      {"route": "_other", "versions": [{"version": "_other"}]}]})"};
  });
}

/// What is offered, without the help.
Words offered(Words words) {
  words.insert(words.begin(), {"complete", "--"});
  const Ran ran = command(std::move(words));
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  Words out;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) out.push_back(line.substr(0, line.find('\t')));
  return out;
}

bool offers(const Words& words, const std::string& word) {
  const Words all = offered(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

TEST(Completion, OfVerbsIsTheListOfThem) {
  EXPECT_EQ(offered({"prom"}), Words{"promote"});
  EXPECT_TRUE(offers({""}, "status"));
  EXPECT_FALSE(offers({""}, "complete")) << "nobody types that";
  EXPECT_EQ(offered({"--ver"}), Words{"--version"});
  EXPECT_TRUE(offered({"nonsense", ""}).empty());
}

TEST(Completion, OfOptionsIsWhatTheVerbDeclaresAndIsNotThereYet) {
  EXPECT_EQ(offered({"promote", "--f"}), Words{"--full"});
  EXPECT_TRUE(offered({"pause", "--f"}).empty()) << "full belongs to promote";
  EXPECT_TRUE(offered({"promote", "--full", "--f"}).empty());
  EXPECT_TRUE(offers({"status", "-"}, "--watch"));
}

TEST(Completion, OfValuesIsWhatTheOptionTakes) {
  EXPECT_EQ(offered({"status", "-o", ""}), (Words{"text", "json"}));
  EXPECT_EQ(offered({"status", "--output=j"}), Words{"--output=json"});
  EXPECT_EQ(offered({"status", "fraud", "--wait", "Prom"}), Words{"Promoted"});
  EXPECT_EQ(offered({"completion", ""}), (Words{"bash", "zsh", "fish"}));
  EXPECT_EQ(offered({"status", "--token-file", ""}), Words{":files"});
  EXPECT_EQ(offered({"check", "conf"}), Words{":files"});
  EXPECT_TRUE(offered({"status", "--interval", ""}).empty()) << "any duration";
}

TEST(Completion, OfRoutesIsWhatTheGatewayHas) {
  const FakeUpstream port(two_routes());
  EXPECT_EQ(offered({"promote", "--admin", address_of(port), ""}), (Words{"fraud", "churn"}));
  EXPECT_EQ(offered({"status", "--admin=" + address_of(port), "f"}), Words{"fraud"});
  EXPECT_EQ(offered({"drain", "--admin", address_of(port), "fraud/"}), (Words{"fraud/v1", "fraud/v2"}));
  EXPECT_TRUE(offered({"promote", "--admin", address_of(port), "fraud", ""}).empty()) << "one is enough";
  EXPECT_TRUE(offered({"promote", "--admin", "127.0.0.1:1", ""}).empty()) << "no gateway, no names, no error";
}

TEST(Completion, OfRoutesBehindAPolicyIsWhatThePolicyHas) {
  const test::TempDir dir;
  const auto policy = dir.write("policy.yaml",
                                "apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: digits}\nspec:\n"
                                "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n");
  EXPECT_EQ(offered({"plan", policy.string(), ""}), Words{"digits"});
}

TEST(Completion, ThereIsAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = command({"completion", shell});
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_EQ(ran.out, completion_script(shell));
    EXPECT_NE(ran.out.find(" complete -- "), std::string::npos);
  }
  EXPECT_EQ(command({"completion", "csh"}).exit_code, 2);
}

}  // namespace
}  // namespace sluice::cli
