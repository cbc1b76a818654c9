#include "sluice/policy/print.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "policy/reading.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::policy {
namespace {

Reading read_text_of(const PolicySet& set) {
  const std::array<Source, 1> source{Source{"printed", policy_as_yaml(set)}};
  return read(source);
}

std::string all_of(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += describe(problem);
  return out;
}

/// Both versions, and who gets which.
const std::string split = two_versions + "  strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 5}]}}\n";

TEST(PolicyPrinter, EveryExampleSaysTheSameAgainWithAllDefaults) {
  int examples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(SLUICE_SOURCE_DIR) + "/config")) {
    if (entry.path().extension() != ".yaml") continue;
    const Reading reading = read_path(entry.path());
    ASSERT_TRUE(reading.ok()) << entry.path();
    const Reading again = read_text_of(reading.set);
    EXPECT_TRUE(again.ok()) << entry.path() << '\n' << all_of(again.problems);
    EXPECT_LE(again.problems.size(), reading.problems.size()) << all_of(again.problems);
    EXPECT_TRUE(again.set.gateway == reading.set.gateway) << entry.path();
    EXPECT_TRUE(again.set.routes == reading.set.routes) << entry.path();
    EXPECT_EQ(policy_as_yaml(again.set), policy_as_yaml(reading.set)) << entry.path();
    ++examples;
  }
  EXPECT_GT(examples, 5);
}

TEST(PolicyPrinter, MarksWhatNobodyHasToWrite) {
  const std::string text = policy_as_yaml(valid(head + split + "  timeouts: {request: 20s}\n"));
  EXPECT_NE(text.find("\n    request: 20s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    streamIdle: 1m  # default\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  workers: auto  # default\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n---\napiVersion: sluice.dev/v1\nkind: ModelRoute\n"), std::string::npos) << text;
}

TEST(PolicyPrinter, LeavesOutDefaultsThatMayNotStandThere) {
  const std::string text = policy_as_yaml(valid(
      head + two_versions + "  strategy: {blueGreen: {active: v1, preview: v2, autoPromote: {enabled: false}}}\n"));
  EXPECT_EQ(text.find("after:"), std::string::npos) << "it needs enabled: true\n" << text;
  EXPECT_NE(text.find("keepWarm: 10m  # default\n"), std::string::npos) << text;
}

TEST(PolicyPrinter, ShowsNoSecrets) {
  const std::string text = policy_as_yaml(valid(
      "apiVersion: sluice.dev/v1\nkind: Gateway\nspec: {admin: {tokenFile: /run/token}}\n---\n" + head + two_versions +
      "  warmUp: {requests: [{path: /warm, headers: {X-Api-Key: s3cret, Authorization: s3cret, X-Kind: plain}}]}\n"
      "  strategy:\n    canary:\n      stable: v1\n      candidate: v2\n      steps: [{setWeight: 5}]\n"
      "      webhooks: [{type: rollout, url: 'http://hooks:80/a?token=s3cret'}]\n"));
  EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
  EXPECT_NE(text.find("http://hooks:80/a?(hidden)"), std::string::npos) << text;
  EXPECT_NE(text.find("X-Kind: plain"), std::string::npos) << text;
  EXPECT_NE(text.find("tokenFile: /run/token"), std::string::npos) << "the name of a file is none";
}

TEST(PolicyPrinter, TextsOfAllKindsComeThrough) {
  for (const std::string odd : {"true", "null", "~", "12", "0x1F", "a: b", "#x", "with \"quotes\" and \\", "- a", "{a}",
                                "*x", "&x", "!x", "@x", "x:", " padded ", "caf\xc3\xa9"}) {
    PolicySet set = valid(head + split);
    set.routes[0].unit.source = UnitSource::Header;
    set.routes[0].unit.name = "x-user-id";
    set.routes[0].unit.salt = odd;
    const Reading again = read_text_of(set);
    ASSERT_TRUE(again.ok()) << odd << '\n' << all_of(again.problems);
    EXPECT_EQ(again.set.routes[0].unit.salt, odd);
  }
}

TEST(PolicyPrinter, WritesOneDocumentAtATime) {
  const PolicySet set = valid(head + split);
  PolicyPrinter printer(set);
  EXPECT_TRUE(printer.step());
  EXPECT_EQ(printer.text().find("ModelRoute"), std::string::npos);
  EXPECT_FALSE(printer.step());
  EXPECT_FALSE(printer.step()) << "none is left";
  EXPECT_EQ(printer.text(), policy_as_yaml(set));
}

}  // namespace
}  // namespace sluice::policy
