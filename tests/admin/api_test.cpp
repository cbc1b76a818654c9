#include "sluice/admin/api.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "admin/api_fixture.hpp"
#include "sluice/base/log.hpp"

namespace sluice::admin {
namespace {

TEST_F(ApiTest, ListsRoutesAndFindsOne) {
  EXPECT_EQ(get("/api/v1/routes")["routes"].size(), 2U);
  EXPECT_EQ(get("/api/v1/routes/fraud")["versions"].size(), 2U);
  EXPECT_EQ(get("/api/v1/routes/fraud?pretty=1")["route"], "fraud");
  const Page unknown = ask("GET", "/api/v1/routes/frau");
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(error(unknown), "there is no route frau");
  EXPECT_EQ(ask("GET", "/api/v1/routes/").status, 404U);
}

TEST_F(ApiTest, TellsThePolicyInForceAndHowFarTheDrainIs) {
  EXPECT_EQ(get("/api/v1/config")["generation"], 7);
  EXPECT_EQ(get("/api/v1/drain")["phase"], "serving");
  EXPECT_EQ(get("/api/v1/drain")["requestsInFlight"], 2);
}

TEST_F(ApiTest, PairsThatDifferAreShownWhereThePolicyAllowsIt) {
  EXPECT_EQ(get("/api/v1/routes/fraud/disagreements")["pairs"].size(), 3U);
  EXPECT_EQ(get("/api/v1/routes/fraud/disagreements?limit=2")["leftOut"], 1);
  EXPECT_EQ(ask("GET", "/api/v1/routes/fraud/disagreements?limit=x").status, 400U);
  EXPECT_EQ(ask("GET", "/api/v1/routes/frau/disagreements").status, 404U);
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/disagreements", "{}").status, 405U);
  refusal_ = Refusal{403, "the policy of fraud keeps no pairs"};
  const Page refused = ask("GET", "/api/v1/routes/fraud/disagreements");
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(error(refused), "the policy of fraud keeps no pairs");
  refusal_.reset();
  api_.set_lock({"secret"});
  EXPECT_EQ(ask("GET", "/api/v1/routes/fraud/disagreements").status, 401U) << "parts of what clients sent";
  authorization_ = "Bearer secret";
  EXPECT_EQ(ask("GET", "/api/v1/routes/fraud/disagreements").status, 200U);
}

TEST_F(ApiTest, OtherPathsAndMethodsAreNamedErrors) {
  for (const char* target : {"/dashboard", "/dashboard/", "/dashboard/../main.js", "/index.html", "/api", "/api/v1",
                             "/api/v1/drain/x", "/metrics", "*", ""}) {
    const Page page = ask("GET", target);
    EXPECT_EQ(page.status, 404U) << target;
    EXPECT_FALSE(error(page).empty());
  }
  EXPECT_EQ(ask("DELETE", "/api/v1/drain").allow, "GET, HEAD, POST");
  EXPECT_EQ(ask("POST", "/api/v1/routes").status, 405U);
  EXPECT_EQ(ask("POST", "/api/v1/routes").allow, "GET, HEAD");
  EXPECT_EQ(ask("GET", "/api/v1/reload").status, 405U);
  EXPECT_EQ(ask("GET", "/api/v1/reload").allow, "POST");
  EXPECT_EQ(ask("post", "/api/v1/drain", "{}").status, 405U);
  EXPECT_EQ(reloads_, 0);
  EXPECT_TRUE(process_orders_.empty());
}

TEST_F(ApiTest, AnEmptyDrainIsTheProcess) {
  const Page page = ask("POST", "/api/v1/drain", "{}");
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(Json::parse(page.body)["phase"], "announced");
  EXPECT_EQ(ask("POST", "/api/v1/drain", R"({"undo": true})").status, 200U);
  EXPECT_EQ(process_orders_, (std::vector<bool>{false, true}));
  EXPECT_TRUE(endpoint_orders_.empty());
}

TEST_F(ApiTest, ADrainOfEndpointsShowsThemAsTheyAreNow) {
  const Json version = Json::parse(ask("POST", "/api/v1/drain", R"({"route": "fraud", "version": "v1"})").body);
  EXPECT_EQ(version["changed"], 1);
  EXPECT_EQ(version["endpoints"].size(), 2U);
  EXPECT_EQ(version["endpoints"][0]["version"], "v1");
  EXPECT_EQ(version["endpoints"][0]["state"], "draining");
  const Json one = Json::parse(
      ask("POST", "/api/v1/drain", R"({"route": "fraud", "endpoint": "127.0.0.1:9003", "undo": true})").body);
  EXPECT_EQ(one["endpoints"].size(), 1U);
  EXPECT_TRUE(endpoint_orders_.back().undo);
  EXPECT_TRUE(process_orders_.empty());
}

TEST_F(ApiTest, ARefusalKeepsItsStatusAndItsReason) {
  refusal_ = Refusal{409, "v1 of fraud would be left with nothing"};
  const Page refused = ask("POST", "/api/v1/drain", R"({"route": "fraud", "version": "v1"})");
  EXPECT_EQ(refused.status, 409U);
  EXPECT_EQ(error(refused), "v1 of fraud would be left with nothing");
  refusal_ = Refusal{422, "policy.yaml:3:1: error"};
  EXPECT_EQ(reload().status, 422U);
}

TEST_F(ApiTest, AReloadIsAnsweredOnceItHasEnded) {
  reload_is_under_way_ = true;
  const Page page = ask("POST", "/api/v1/reload");
  EXPECT_EQ(reloads_, 1);
  ASSERT_TRUE(page.later);
  EXPECT_FALSE(page.later());
  reload_is_under_way_ = false;
  ASSERT_TRUE(page.later());
  EXPECT_EQ(page.later()->status, 200U);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ApiTest, AMalformedOrderChangesNothing) {
  EXPECT_EQ(ask("POST", "/api/v1/drain", R"({"version": "v1"})").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/drain", "drain").status, 400U);
  EXPECT_TRUE(process_orders_.empty());
  EXPECT_TRUE(endpoint_orders_.empty());
}

TEST_F(ApiTest, WhoMayNotWriteChangesNothing) {
  content_type_ = "text/plain";
  EXPECT_EQ(ask("POST", "/api/v1/drain", "{}").status, 415U);
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 415U);
  content_type_ = "application/json";
  api_.set_lock({"right", false});
  for (const char* shown : {"", "Bearer wrong"}) {
    authorization_ = shown;
    EXPECT_EQ(ask("POST", "/api/v1/drain", "{}").status, 401U);
    EXPECT_EQ(ask("GET", "/api/v1/routes").status, 401U);
    EXPECT_EQ(ask("GET", "/nothing").status, 401U) << "not even which paths there are";
  }
  EXPECT_TRUE(process_orders_.empty());
  EXPECT_EQ(reloads_, 0);
  authorization_ = "Bearer right";
  EXPECT_EQ(reload().status, 200U);
  api_.set_lock({"rotated"});
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 401U);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ApiTest, WithoutTheTokenTheStatusIsReadOnly) {
  api_.set_lock({"right"});
  for (const char* target : {"/", "/api/v1/routes", "/api/v1/routes/fraud", "/api/v1/routes/fraud/journal",
                             "/api/v1/routes/fraud/history", "/api/v1/live", "/api/v1/config", "/api/v1/drain"}) {
    EXPECT_EQ(ask("GET", target).status, 200U) << target;
  }
  for (const char* target : {"/api/v1/policy", "/api/v1/routes/fraud/disagreements"}) {
    EXPECT_EQ(ask("GET", target).status, 401U) << target;
    EXPECT_EQ(ask("HEAD", target).status, 401U) << target;
  }
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/promote", "{}").status, 401U);
  EXPECT_EQ(ask("POST", "/", "{}").status, 401U);
  EXPECT_TRUE(commands_.empty());
}

TEST_F(ApiTest, AStreamEndsForWhoeverWouldNoLongerBeLetIn) {
  for (const char* target : {"/api/v1/live", "/api/v1/events"}) {
    api_.set_lock({"right"});
    authorization_ = "";
    const auto anonymous = ask("GET", target).still_allowed;
    authorization_ = "Bearer right";
    const auto authorized = ask("GET", target).still_allowed;
    ASSERT_TRUE(anonymous && authorized) << target;
    EXPECT_TRUE(anonymous() && authorized()) << target;
    api_.set_lock({"right", false});
    EXPECT_FALSE(anonymous()) << target << ": reading without the token was ended";
    EXPECT_TRUE(authorized()) << target;
    api_.set_lock({"rotated"});
    EXPECT_TRUE(anonymous()) << target;
    EXPECT_FALSE(authorized()) << target << ": a token that leaked is worth nothing once it is exchanged";
  }
  EXPECT_FALSE(ask("GET", "/api/v1/config").still_allowed) << "it has an end";
}

TEST_F(ApiTest, SaysWhetherTheAskerMayChangeAnything) {
  const auto access = [&] { return get("/api/v1/access"); };
  EXPECT_EQ(access(), Json::parse(R"({"tokenNeeded": false, "authorized": true, "anonymousRead": true})"));
  api_.set_lock({"right"});
  EXPECT_EQ(access(), Json::parse(R"({"tokenNeeded": true, "authorized": false, "anonymousRead": true})"));
  authorization_ = "Bearer wrong";
  EXPECT_EQ(access()["authorized"], false) << "it is what was asked";
  authorization_ = "Bearer right";
  EXPECT_EQ(access()["authorized"], true);
  api_.set_lock({"right", false});
  EXPECT_EQ(access()["authorized"], true);
  authorization_ = "";
  EXPECT_EQ(ask("GET", "/api/v1/access").status, 401U);
}

TEST_F(ApiTest, WhoTriesTokensIsSeen) {
  api_.set_lock({"right"});
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> written(std::tmpfile(), &std::fclose);
  ASSERT_NE(written, nullptr);
  log::Options options;
  options.stream = written.get();
  log::start(options);
  for (const char* shown : {"", "Bearer right", "Bearer wrong"}) {
    authorization_ = shown;
    ask("GET", "/api/v1/access");
  }
  log::stop();
  std::string text(4096, '\0');
  std::rewind(written.get());
  text.resize(std::fread(text.data(), 1, text.size(), written.get()));
  EXPECT_NE(text.find("a wrong token was shown"), std::string::npos) << text;
  EXPECT_NE(text.find("127.0.0.1:4242"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST_F(ApiTest, AHistoryBeginsBehindASecond) {
  EXPECT_EQ(get("/api/v1/routes/fraud/history"), Json::parse(R"({"seconds": 5, "points": []})"));
  EXPECT_EQ(ask("GET", "/api/v1/routes/fraud/history?after=1790000000").status, 200U);
  for (const char* query : {"after=x", "after=-1", "after=", "before=3", "after=1&after=2"}) {
    EXPECT_EQ(ask("GET", "/api/v1/routes/fraud/history?" + std::string(query)).status, 400U) << query;
  }
}

TEST_F(ApiTest, ThePolicyIsShownOnceItIsWritten) {
  const Page page = ask("GET", "/api/v1/policy");
  ASSERT_TRUE(page.later);
  const Json shown = Json::parse(page.later().value().body);
  EXPECT_EQ(shown["generation"], 7);
  EXPECT_TRUE(shown.contains("yaml"));
}

TEST_F(ApiTest, TheLivePageIsAStreamOfItsOwn) {
  const Page page = ask("GET", "/api/v1/live");
  EXPECT_TRUE(page.live);
  EXPECT_EQ(ask("POST", "/api/v1/live", "{}").status, 405U);
}

}  // namespace
}  // namespace sluice::admin
