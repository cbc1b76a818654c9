#include "sample_model/chat.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace sluice::sample_model {
namespace {

nlohmann::json said(const std::string& variant, const std::string& prompt, FaultInjector& faults) {
  return nlohmann::json::parse(complete("digits", variant, prompt, faults));
}

nlohmann::json said(const std::string& variant, const std::string& prompt, Faults faults = {}) {
  FaultInjector injector(faults);
  return said(variant, prompt, injector);
}

std::string text_of(const nlohmann::json& answer) {
  return answer["choices"][0]["message"]["content"];
}

/// Places at which two texts have another word.
int words_apart(const std::string& a, const std::string& b) {
  std::istringstream first(a);
  std::istringstream second(b);
  int apart = 0;
  for (std::string one, other; first >> one && second >> other;) apart += one != other ? 1 : 0;
  return apart;
}

TEST(Chat, SaysTheSameToTheSamePromptAndIsShapedAsOpenAiHasIt) {
  const auto answer = said("v1", "hello");
  EXPECT_EQ(answer, said("v1", "hello"));
  EXPECT_NE(text_of(answer), text_of(said("v1", "hello!")));
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["model"], "digits-v1");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 40);
}

TEST(Chat, V2DiffersALittleAndADriftingV3ALot) {
  Faults drifting;
  drifting.drift = Ratio{0.6};
  int better = 0;
  int worse = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string prompt = "prompt " + std::to_string(i);
    const std::string live = text_of(said("v1", prompt));
    better += words_apart(live, text_of(said("v2", prompt)));
    const auto spoilt = said("v3", prompt, drifting);
    worse += words_apart(live, text_of(spoilt));
    EXPECT_EQ(spoilt["choices"][0]["finish_reason"], "length");
  }
  EXPECT_NEAR(better, 50 * 2, 40) << "one word of twenty";
  EXPECT_GT(worse, 50 * 10);
}

TEST(Chat, NoiseIsWhatOneAnswerDiffersFromTheNextBy) {
  Faults noisy;
  noisy.noise = *parse_noise("id,timestamp,sampling");
  FaultInjector injector(noisy);
  const auto first = said("v1", "hello", injector);
  const auto second = said("v1", "hello", injector);
  EXPECT_NE(first["id"], second["id"]);
  EXPECT_NE(first["created"], second["created"]);
  EXPECT_LE(words_apart(text_of(first), text_of(said("v1", "hello"))), 1);
  FaultInjector again(noisy);
  EXPECT_EQ(first, said("v1", "hello", again)) << "the same in every run";
}

TEST(Chat, PromptsAreReadOrRefused) {
  const auto prompt =
      read_prompt(R"({"messages":[{"role":"system","content":"x"},{"role":"user","content":"hello"}]})");
  ASSERT_TRUE(prompt);
  EXPECT_EQ(*prompt, "hello");
  for (const char* const bad : {"", "[]", "{}", R"({"messages":[]})", R"({"messages":[1]})",
                                R"({"messages":[{"role":"user"}]})", R"({"messages":[{"content":1}]})"}) {
    EXPECT_FALSE(read_prompt(bad)) << bad;
  }
}

TEST(Noise, IsNamed) {
  EXPECT_FALSE(parse_noise("")->id);
  EXPECT_TRUE(parse_noise("sampling,id")->id);
  EXPECT_TRUE(parse_noise("sampling,id")->sampling);
  EXPECT_FALSE(parse_noise("sampling,id")->timestamp);
  for (const char* const bad : {"ids", "id,,timestamp", "id;timestamp", ","}) EXPECT_FALSE(parse_noise(bad)) << bad;
}

}  // namespace
}  // namespace sluice::sample_model
