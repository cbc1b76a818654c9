#include "sample_model/repository.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "sample_model/model_service.hpp"
#include "shipped_repository.hpp"

namespace sluice::sample_model {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

const std::string one_digit = [] {
  Json data = Json::array();
  for (const auto pixel : shipped_digits().ask[0].pixels) data.push_back(pixel);
  return Json{{"inputs", {{{"name", "image"}, {"datatype", "FP32"}, {"shape", {1, 64}}, {"data", data}}}}}.dump();
}();

/// A service with all variants; what a client does to it.
class RepositoryApi : public testing::Test {
 protected:
  Reply post(std::string_view target, std::string_view body = "") { return service_.answer({"POST", target, body}); }
  /// What a load comes to once its time is over.
  unsigned load(std::string_view body = "") {
    auto reply = post("/v2/repository/models/digits/load", body);
    if (reply.then) reply.then();
    return reply.status;
  }
  unsigned status(std::string_view target) { return service_.answer({"GET", target, {}}).status; }
  /// The variant that answers; "" for none.
  std::string answers() {
    const auto reply = post("/v2/models/digits/infer", one_digit);
    return reply.status == 200 ? Json::parse(reply.body).at("model_version").get<std::string>() : "";
  }
  Json index(std::string_view body = "") { return Json::parse(post("/v2/repository/index", body).body); }

  ModelService service_{"digits", shipped_repository(), 300ms};
};

TEST_F(RepositoryApi, AnUnloadedModelIsNeitherReadyNorAsked) {
  EXPECT_EQ(answers(), "v1");
  EXPECT_EQ(post("/v2/repository/models/digits/unload").status, 200u);
  EXPECT_EQ(status("/v2/models/digits/ready"), 503u);
  EXPECT_EQ(status("/v2/models/digits"), 503u);
  EXPECT_EQ(status("/v2/health/ready"), 503u);
  EXPECT_EQ(status("/v2/health/live"), 200u);
  EXPECT_EQ(status("/v2/models/cats/ready"), 404u);
  EXPECT_EQ(post("/v2/models/digits/infer", one_digit).status, 503u);
  EXPECT_EQ(post("/v2/repository/models/digits/unload").status, 200u) << "twice is no error";
}

TEST_F(RepositoryApi, ALoadSwitchesTheVariantOnceItsTimeIsOver) {
  post("/v2/repository/models/digits/unload");
  const auto reply = post("/v2/repository/models/digits/load", R"({"parameters":{"variant":"v2"}})");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.delay, 300ms);
  EXPECT_EQ(status("/v2/models/digits/ready"), 503u);
  EXPECT_EQ(index()[0].at("state"), "LOADING");
  reply.then();
  EXPECT_EQ(answers(), "v2");
  EXPECT_EQ(status("/v2/models/digits/versions/v2/ready"), 200u);
  EXPECT_EQ(status("/v2/models/digits/versions/v1/ready"), 404u);
  EXPECT_EQ(status("/v2/health/ready"), 200u);
}

TEST_F(RepositoryApi, WhatIsLoadedServesUntilTheNextLoadIsComplete) {
  const auto reply = post("/v2/repository/models/digits/load", R"({"parameters":{"variant":"v2"}})");
  EXPECT_EQ(answers(), "v1");
  EXPECT_EQ(status("/v2/models/digits/ready"), 200u);
  reply.then();
  EXPECT_EQ(answers(), "v2");
}

TEST_F(RepositoryApi, TheLatestWordStands) {
  const auto first = post("/v2/repository/models/digits/load", R"({"parameters":{"variant":"v2"}})");
  const auto second = post("/v2/repository/models/digits/load", R"({"parameters":{"variant":"v3"}})");
  second.then();
  first.then();
  EXPECT_EQ(answers(), "v3");
  const auto late = post("/v2/repository/models/digits/load");
  post("/v2/repository/models/digits/unload");
  late.then();
  EXPECT_EQ(answers(), "");
}

TEST_F(RepositoryApi, WithoutParametersItLoadsWhatItBeganWith) {
  ASSERT_EQ(load(R"({"parameters":{"variant":"v2"}})"), 200u);
  for (const auto* body : {"", "{}", R"({"parameters":{}})"}) {
    ASSERT_EQ(load(body), 200u) << body;
    EXPECT_EQ(answers(), "v1") << body;
  }
}

TEST_F(RepositoryApi, FaultsMayComeWithALoadAndGoWithTheNext) {
  ASSERT_EQ(load(R"({"parameters":{"variant":"v3","error-rate":"100%","latency":"80ms","drift":"10%"}})"), 200u);
  const auto reply = post("/v2/models/digits/infer", one_digit);
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.delay, 80ms);
  ASSERT_EQ(load(), 200u);
  EXPECT_EQ(answers(), "v1");
}

TEST_F(RepositoryApi, WhatIsWrongWithALoadIsSaidAndChangesNothing) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "must be a JSON object"},
      {"{", "must be a JSON object"},
      {R"({"parameters":[]})", "\"parameters\" must be an object"},
      {R"({"parameters":{"variant":2}})", "\"variant\" must be a string"},
      {R"({"parameters":{"variant":"v9"}})", "no variant \"v9\""},
      {R"({"parameters":{"colour":"red"}})", "unknown parameter \"colour\""},
      {R"({"parameters":{"error-rate":"7"}})", "must be 0% to 100%"},
      {R"({"parameters":{"latency":"7"}})", "must be a duration"}};
  for (const auto& [body, expected] : cases) {
    const auto reply = post("/v2/repository/models/digits/load", body);
    EXPECT_EQ(reply.status, 400u) << body;
    EXPECT_NE(Json::parse(reply.body).at("error").get<std::string>().find(expected), std::string::npos) << reply.body;
    EXPECT_FALSE(reply.then) << body;
  }
  EXPECT_EQ(answers(), "v1");
}

TEST_F(RepositoryApi, TheIndexSaysWhatThereIs) {
  EXPECT_EQ(index(), Json::parse(R"([{"name":"digits","version":"v1","state":"READY","reason":""}])"));
  post("/v2/repository/models/digits/unload");
  EXPECT_EQ(index("{}")[0].at("state"), "UNAVAILABLE");
  EXPECT_EQ(index("{}")[0].at("reason"), "unloaded");
  EXPECT_EQ(index(R"({"ready":true})"), Json::array());
  EXPECT_EQ(post("/v2/repository/index", "[]").status, 400u);
  EXPECT_EQ(post("/v2/repository/index", R"({"ready":1})").status, 400u);
}

TEST_F(RepositoryApi, UnknownPathsModelsAndMethodsAreRefused) {
  for (const auto* target : {"/v2/repository", "/v2/repository/", "/v2/repository/index/x", "/v2/repositoryx/index",
                             "/v2/repository/models/digits", "/v2/repository/models/digits/reload",
                             "/v2/repository/models/cats/load", "/v2/repository/models/digits/load/now"}) {
    EXPECT_EQ(post(target).status, 404u) << target;
  }
  for (const auto* target : {"/v2/repository/index", "/v2/repository/models/digits/load"}) {
    const auto reply = service_.answer({"GET", target, {}});
    EXPECT_EQ(reply.status, 405u) << target;
    EXPECT_EQ(reply.allow, "POST");
  }
}

TEST_F(RepositoryApi, NoBytesCrashIt) {
  const std::string good = R"({"parameters":{"variant":"v2","error-rate":"5%","latency":"1ms"}})";
  std::mt19937 random(17);
  for (int round = 0; round < 3000; ++round) {
    auto body = good;
    for (int change = 0; change < 3; ++change) body[random() % body.size()] = static_cast<char>(random());
    const auto status = load(body);
    ASSERT_TRUE(status == 200 || status == 400) << status;
  }
}

}  // namespace
}  // namespace sluice::sample_model
