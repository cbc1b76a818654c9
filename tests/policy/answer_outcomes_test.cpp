// Outcomes that stand in answers, as a policy writes them.
#include <gtest/gtest.h>

#include "policy/reading.hpp"

namespace sluice::policy {
namespace {

const std::string one_version = "  versions:\n    - {name: v1, endpoints: [http://127.0.0.1:1]}\n";

std::vector<Outcome> outcomes_of(const std::string& lines) {
  return valid(head + one_version + lines).routes.at(0).outcomes;
}

/// What is wrong with it.
std::string problems_of(const std::string& lines) {
  return all_problems(read_text(head + one_version + lines));
}

TEST(AnswerOutcomes, StandInOnePlaceEach) {
  const auto outcomes = outcomes_of(
      "  outcomes:\n    - {name: a, from: {header: X-Score, sample: 10%}}\n"
      "    - {name: b, type: Value, from: {jsonPointer: /a/0, bodyBytes: 4KiB}}\n"
      "    - {name: c, type: Value, from: {tensor: score}}\n    - {name: d}\n");
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0].from->part, AnswerPart::Header);
  EXPECT_EQ(outcomes[0].from->name, "X-Score");
  EXPECT_EQ(outcomes[0].from->sample, 10_pct);
  EXPECT_EQ(outcomes[0].from->body_bytes, 64_KiB);
  EXPECT_EQ(outcomes[1].from->part, AnswerPart::JsonPointer);
  EXPECT_EQ(outcomes[1].from->name, "/a/0");
  EXPECT_EQ(outcomes[1].from->sample, 100_pct);
  EXPECT_EQ(outcomes[1].from->body_bytes, 4_KiB);
  EXPECT_EQ(outcomes[2].from->part, AnswerPart::Tensor);
  EXPECT_EQ(outcomes[2].from->name, "score");
  EXPECT_FALSE(outcomes[3].from);
  const auto tokens = outcomes_of(
      "  protocol: OpenAI\n  outcomes:\n    - {name: a, type: Value, from: {tokens: {}}}\n"
      "    - {name: b, type: Value, from: {tokensPerSecond: {}}}\n");
  EXPECT_EQ(tokens[0].from->part, AnswerPart::Tokens);
  EXPECT_EQ(tokens[1].from->part, AnswerPart::TokensPerSecond);
}

TEST(AnswerOutcomes, ThatSayNothingOrTooMuchAreRefused) {
  const auto refused = [](const std::string& outcome) { return problems_of("  outcomes: [" + outcome + "]\n"); };
  EXPECT_NE(refused("{name: a, from: {}}"), "");
  EXPECT_NE(refused("{name: a, from: {header: x, tensor: y}}"), "");
  EXPECT_NE(refused("{name: a, from: {jsonPointer: score}}"), "");
  EXPECT_NE(refused("{name: a, from: {header: x, sample: 101%}}"), "");
  EXPECT_NE(refused("{name: a, from: {jsonPointer: /x, bodyBytes: 2MiB}}"), "");
  EXPECT_NE(refused("{name: a, from: {header: x, bodyBytes: 4KiB}}").find("no body is read"), std::string::npos);
  EXPECT_NE(refused("{name: a, attributionWindow: 1h, from: {header: x}}").find("comes with it"), std::string::npos);
  EXPECT_NE(refused("{name: a, from: {tokens: {}}}").find("only answers of protocol OpenAI"), std::string::npos);
  EXPECT_NE(refused("{name: a, from: {tokensPerSecond: {}}}").find("protocol OpenAI"), std::string::npos);
  EXPECT_NE(problems_of("  protocol: Raw\n  outcomes: [{name: a, from: {tensor: x}}]\n").find("protocol OpenInference"),
            std::string::npos);
  EXPECT_EQ(problems_of("  protocol: Raw\n  outcomes: [{name: a, from: {jsonPointer: /x}}]\n"), "");
}

std::string so_many(int count) {
  std::string lines = "  protocol: OpenAI\n  outcomes:\n";
  for (int i = 0; i < count; ++i) lines += "    - {name: o" + std::to_string(i) + ", from: {header: x}}\n";
  return lines;
}

const std::string fast_enough =
    "  strategy: {canary: {stable: v1, candidate: v2, pace: Evidence, analysis: {checks: [{metric: tokens-per-second, "
    "versusStable: {relativeMargin: 10%}}]}}}\n";

TEST(AnswerOutcomes, AreFourAtMost) {
  EXPECT_EQ(problems_of(so_many(4)), "");
  EXPECT_NE(problems_of(so_many(5)).find("at most 4 outcomes"), std::string::npos);
  EXPECT_NE(all_problems(read_text(head + two_versions + so_many(4) + fast_enough)).find("more than 4"),
            std::string::npos);
}

TEST(AnswerOutcomes, TokensPerSecondAreReadWhereTheyAreNamed) {
  const PolicySet set = valid(head + two_versions + so_many(1) + fast_enough);
  EXPECT_TRUE(inactive_features(set).empty());
  const auto& outcomes = set.routes.at(0).outcomes;
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[1].name, "tokens-per-second");
  EXPECT_EQ(outcomes[1].type, OutcomeType::Value);
  EXPECT_EQ(outcomes[1].better, Better::Higher);
  EXPECT_EQ(outcomes[1].from->part, AnswerPart::TokensPerSecond);
  EXPECT_EQ(
      valid(head + two_versions + so_many(1) + "  strategy: {canary: {stable: v1, candidate: v2, pace: Evidence}}\n")
          .routes.at(0)
          .outcomes.size(),
      1U);
}

TEST(AnswerOutcomes, TokensPerSecondAreOfAnswersThatTellThem) {
  EXPECT_NE(all_problems(read_text(head + two_versions + fast_enough)).find("protocol OpenAI tell their tokens"),
            std::string::npos);
  EXPECT_NE(all_problems(read_text(head + two_versions +
                                   "  strategy: {abTest: {variants: [{version: v1}, {version: v2}], primaryMetric: "
                                   "tokens-per-second}}\n"))
                .find("protocol OpenAI tell their tokens"),
            std::string::npos);
  EXPECT_NE(all_problems(read_text(head + two_versions +
                                   "  protocol: OpenAI\n  strategy: {shadow: {live: v1, candidates: [{version: v2}], "
                                   "analysis: {checks: [{metric: tokens-per-second, thresholdRange: {min: 5}}]}}}\n"))
                .find("but not read"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::policy
