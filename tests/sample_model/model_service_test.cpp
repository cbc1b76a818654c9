#include "sample_model/model_service.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <random>

#include "shipped_digits.hpp"

namespace sluice::sample_model {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

const Classifier& classifier() {
  static const Classifier full(Sight::Full, shipped_digits().train);
  return full;
}

ModelService service(Faults faults = {}) {
  return {"digits", "v2", classifier(), faults};
}

Reply get(std::string_view target, std::string_view method = "GET") {
  auto model = service();
  return model.answer({method, target, {}});
}

Reply infer(std::string_view body, std::string_view target = "/v2/models/digits/infer") {
  auto model = service();
  return model.answer({"POST", target, body});
}

Json question(int images = 1) {
  Json data = Json::array();
  for (int i = 0; i < images; ++i) {
    for (const auto pixel : shipped_digits().ask[i].pixels) data.push_back(pixel);
  }
  return {{"inputs", {{{"name", "image"}, {"datatype", "FP32"}, {"shape", {images, 64}}, {"data", data}}}}};
}

std::string error_of(const Reply& reply) {
  const auto json = Json::parse(reply.body);
  return json.at("error").get<std::string>();
}

TEST(ModelService, AnswersTheServerAndHealthCalls) {
  EXPECT_EQ(Json::parse(get("/v2").body).at("extensions"), Json({"model_repository"}));
  EXPECT_EQ(get("/v2/health/live").status, 200u);
  EXPECT_EQ(get("/v2/health/ready").status, 200u);
  EXPECT_EQ(get("/v2/health/ready?verbose=1").status, 200u);
  EXPECT_EQ(get("/v2/health/ready", "HEAD").status, 200u);
}

TEST(ModelService, DescribesItsModelWithAndWithoutVersion) {
  const auto metadata = Json::parse(get("/v2/models/digits").body);
  EXPECT_EQ(metadata.at("name"), "digits");
  EXPECT_EQ(metadata.at("versions"), Json({"v2"}));
  EXPECT_EQ(metadata.at("inputs")[0].at("shape"), Json({-1, 64}));
  EXPECT_EQ(metadata.at("outputs")[1].at("name"), "probabilities");
  EXPECT_EQ(get("/v2/models/digits/versions/v2").body, get("/v2/models/digits").body);
  EXPECT_EQ(Json::parse(get("/v2/models/digits/ready").body).at("ready"), true);
  EXPECT_EQ(Json::parse(get("/v2/models/digits/versions/v2/ready").body).at("ready"), true);
}

TEST(ModelService, UnknownPathsModelsAndVersionsAreNotFound) {
  for (const auto* target :
       {"/", "", "/v1/models/digits", "/v2/models", "/v2/models/", "/v2/models/cats", "/v2/models/digitsx",
        "/v2/models/digits/versions", "/v2/models/digits/versions/v9", "/v2/models/digits/versions/v2/steady",
        "/v2/models/digits/ready/now", "/v2/models/digits/unknown", "/v2/modelsx/digits"}) {
    const auto reply = get(target);
    EXPECT_EQ(reply.status, 404u) << target;
    EXPECT_FALSE(error_of(reply).empty());
  }
  for (const auto* target :
       {"/infer", "/v2/infer", "/v2/health/ready/infer", "/v2/health/live/infer", "/v2/models/infer",
        "/v2/models/cats/infer", "/v2/models/digits/versions/v1/infer", "/v2/models/digits/ready/infer"}) {
    EXPECT_EQ(infer(question().dump(), target).status, 404u) << target;
  }
}

TEST(ModelService, AWrongMethodIsToldTheRightOne) {
  EXPECT_EQ(get("/v2/models/digits/infer").status, 405u);
  EXPECT_EQ(get("/v2/models/digits/infer").allow, "POST");
  EXPECT_EQ(get("/v2/health/live", "DELETE").status, 405u);
  EXPECT_EQ(get("/v2/health/live", "DELETE").allow, "GET, HEAD");
}

TEST(ModelService, InferGivesLabelAndProbabilitiesPerImageAndEchoesTheId) {
  auto body = question(3);
  body["id"] = "a \"quoted\" id";
  const auto reply = infer(body.dump());
  ASSERT_EQ(reply.status, 200u) << reply.body;
  const auto answer = Json::parse(reply.body);
  EXPECT_EQ(answer.at("id"), "a \"quoted\" id");
  EXPECT_EQ(answer.at("model_name"), "digits");
  EXPECT_EQ(answer.at("model_version"), "v2");
  const auto& label = answer.at("outputs")[0];
  EXPECT_EQ(label.at("name"), "label");
  EXPECT_EQ(label.at("datatype"), "INT64");
  EXPECT_EQ(label.at("shape"), Json({3}));
  const auto& probabilities = answer.at("outputs")[1];
  EXPECT_EQ(probabilities.at("shape"), Json({3, 10}));
  ASSERT_EQ(probabilities.at("data").size(), 30u);
  for (int i = 0; i < 3; ++i) {
    const auto expected = classifier().predict(image_of(shipped_digits().ask[i]));
    EXPECT_EQ(label.at("data")[i], most_likely(expected));
    EXPECT_FLOAT_EQ(probabilities.at("data")[i * 10 + 4].get<float>(), expected[4]);
  }
}

TEST(ModelService, NoIdInNoIdOut) {
  EXPECT_FALSE(Json::parse(infer(question().dump()).body).contains("id"));
}

TEST(ModelService, TheScoreIsTheProbabilityOfTheLabel) {
  const auto answer = Json::parse(infer(question(2).dump()).body);
  const auto& score = answer.at("outputs")[2];
  EXPECT_EQ(score.at("name"), "score");
  EXPECT_EQ(score.at("shape"), Json({2}));
  for (int i = 0; i < 2; ++i) {
    const int label = answer.at("outputs")[0].at("data")[i];
    EXPECT_EQ(score.at("data")[i], answer.at("outputs")[1].at("data")[i * 10 + label]);
  }
}

TEST(ModelService, NoiseDiffersFromAnswerToAnswerAndNothingElseDoes) {
  Faults noisy;
  noisy.noise = {true, true, true};
  auto model = service(noisy);
  const auto ask = [&] {
    return Json::parse(model.answer({"POST", "/v2/models/digits/infer", question(20).dump()}).body);
  };
  const auto first = ask();
  const auto second = ask();
  EXPECT_NE(first.at("id"), second.at("id"));
  EXPECT_LT(first.at("parameters").at("created"), second.at("parameters").at("created"));
  ASSERT_EQ(first.at("outputs").size(), 4U);
  EXPECT_EQ(first.at("outputs")[3].at("name"), "sample");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(first.at("outputs")[i], second.at("outputs")[i]);
  auto named = question();
  named["id"] = "mine";
  EXPECT_EQ(Json::parse(model.answer({"POST", "/v2/models/digits/infer", named.dump()}).body).at("id"), "mine");
}

TEST(ModelService, ChatsAsOpenAiDoes) {
  auto model = service();
  const std::string body = R"({"messages":[{"role":"user","content":"hello"}]})";
  const auto reply = model.answer({"POST", "/v1/chat/completions", body});
  ASSERT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(Json::parse(reply.body).at("model"), "digits-v2");
  EXPECT_EQ(model.answer({"POST", "/v1/chat/completions", "{}"}).status, 400U);
  EXPECT_EQ(model.answer({"GET", "/v1/chat/completions", ""}).status, 405U);
  auto failing = service({100_pct, {}, {}, {}, 1});
  EXPECT_EQ(failing.answer({"POST", "/v1/chat/completions", body}).status, 500U);
}

TEST(ModelService, DataMayComeAsRows) {
  auto body = question(2);
  const auto flat = body["inputs"][0]["data"];
  auto rows = Json::array({Json::array(), Json::array()});
  for (int i = 0; i < 128; ++i) rows[i / 64].push_back(flat[i]);
  const auto expected = infer(body.dump()).body;
  body["inputs"][0]["data"] = rows;
  EXPECT_EQ(infer(body.dump()).body, expected);
}

TEST(ModelService, OnlyTheOutputsAskedForComeBack) {
  auto body = question();
  body["outputs"] = {{{"name", "label"}}};
  const auto outputs = Json::parse(infer(body.dump()).body).at("outputs");
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].at("name"), "label");
}

TEST(ModelService, WhatIsWrongWithABodyIsSaid) {
  const auto with = [](const char* pointer, Json value) {
    auto body = question();
    body[Json::json_pointer(pointer)] = std::move(value);
    return body.dump();
  };
  Json short_data(std::vector<int>(63, 1));
  Json long_data(std::vector<int>(65, 1));
  Json high_data(std::vector<int>(64, 17));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"[]", "must be a JSON object"},
      {"{}", "\"inputs\" must be an array"},
      {R"({"inputs":[]})", "exactly one tensor"},
      {R"({"inputs":[1]})", "an input must be an object"},
      {R"({"inputs":[{}]})", "needs a \"name\""},
      {with("/id", 7), "\"id\" must be a string"},
      {with("/inputs/0/name", "picture"), "unknown input \"picture\""},
      {with("/inputs/0/datatype", "INT8"), "must be FP32"},
      {with("/inputs/0/shape", Json::array({64})), "shape must be [n, 64]"},
      {with("/inputs/0/shape", {1, 63}), "shape must be [n, 64]"},
      {with("/inputs/0/shape", {1, 64, 1}), "shape must be [n, 64]"},
      {with("/inputs/0/shape", {0, 64}), "outside 1 to"},
      {with("/inputs/0/shape", {-1, 64}), "outside 1 to"},
      {with("/inputs/0/shape", {1'000'000'000'000, 64}), "outside 1 to"},
      {with("/inputs/0/shape", {1.5, 64}), "must hold integers"},
      {with("/inputs/0/shape", {2, 64}), "holds 64 values, its shape says 128"},
      {with("/inputs/0/data", "text"), "\"data\" must be an array"},
      {with("/inputs/0/data", short_data), "holds 63 values"},
      {with("/inputs/0/data", long_data), "more than the 64 values"},
      {with("/inputs/0/data", high_data), "element 0 of \"data\" is outside 0 to 16"},
      {with("/inputs/0/data/5", "x"), "element 5 of \"data\" is not a number"},
      {with("/inputs/0/data/5", -0.5), "element 5 of \"data\" is outside"},
      {with("/inputs/0/data", Json::array({short_data})), "every row of \"data\" must hold 64 values"},
      {with("/outputs", 1), "\"outputs\" must be an array"},
      {with("/outputs", Json::array({Json::object()})), "an output needs a \"name\""},
      {with("/outputs", Json::array({{{"name", "colour"}}})), "unknown output \"colour\""},
  };
  for (const auto& [body, expected] : cases) {
    const auto reply = infer(body);
    EXPECT_EQ(reply.status, 400u) << body;
    EXPECT_NE(error_of(reply).find(expected), std::string::npos) << error_of(reply) << "\nfor " << body;
  }
}

TEST(ModelService, BinaryTensorsAreRefused) {
  auto model = service();
  EXPECT_EQ(model.answer({"POST", "/v2/models/digits/infer", question().dump(), true}).status, 400u);
}

TEST(ModelService, InjectedFaultsHitInferencesOnly) {
  auto model = service({100_pct, 80ms, 0_pct});
  const auto reply = model.answer({"POST", "/v2/models/digits/infer", question().dump()});
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.delay, 80ms);
  const auto ready = model.answer({"GET", "/v2/models/digits/ready", {}});
  EXPECT_EQ(ready.status, 200u);
  EXPECT_EQ(ready.delay, 0ms);
}

TEST(ModelService, NoBytesCrashIt) {
  auto model = service();
  const auto good = question().dump();
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    auto body = good;
    for (int change = 0; change < 4; ++change) body[random() % body.size()] = static_cast<char>(random());
    if (round % 3 == 0) body.resize(random() % body.size());
    const auto reply = model.answer({"POST", "/v2/models/digits/infer", body});
    ASSERT_TRUE(reply.status == 200 || reply.status == 400) << reply.status;
    ASSERT_TRUE(Json::accept(reply.body)) << reply.body;
    std::string target = "/v2/models/digits/versions/v2/infer";
    for (int change = 0; change < 3; ++change) target[random() % target.size()] = static_cast<char>(random());
    ASSERT_TRUE(Json::accept(model.answer({"GET", target, {}}).body));
  }
}

}  // namespace
}  // namespace sluice::sample_model
