// The pages of rollouts: views, verbs, the journal and its events.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "admin/api_fixture.hpp"

namespace sluice::admin {
namespace {

TEST_F(ApiTest, ARouteCarriesItsRollout) {
  EXPECT_EQ(get("/api/v1/routes/fraud")["rollout"]["phase"], "Paused");
  const Json all = get("/api/v1/routes");
  EXPECT_EQ(all["routes"][0]["rollout"]["route"], "fraud");
  EXPECT_FALSE(all["routes"][1].contains("rollout")) << "nobody knows of one";
}

TEST_F(ApiTest, AVerbSaysWhoWantsWhatAndShowsWhatCameOfIt) {
  const Page done = ask("POST", "/api/v1/routes/fraud/promote", R"({"full": true, "actor": "alice"})");
  EXPECT_EQ(done.status, 200U);
  EXPECT_EQ(Json::parse(done.body)["phase"], "Paused");
  ASSERT_EQ(commands_.size(), 1U);
  EXPECT_EQ(commands_[0].verb, strategy::Verb::Promote);
  EXPECT_TRUE(commands_[0].full);
  EXPECT_EQ(commands_[0].actor, "alice");
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/undo").status, 200U) << "a body is not needed";
  EXPECT_EQ(commands_[1].verb, strategy::Verb::Undo);
  EXPECT_EQ(commands_[1].actor, "127.0.0.1:4242") << "who does not say is known by the address";
}

TEST_F(ApiTest, EveryVerbHasItsPageAndNoOtherWordDoes) {
  for (const char* verb : {"promote", "pause", "resume", "abort", "retry", "undo"}) {
    const std::string target = std::string("/api/v1/routes/fraud/") + verb;
    EXPECT_EQ(ask("POST", target, "{}").status, 200U) << verb;
    EXPECT_EQ(ask("GET", target).allow, "POST") << verb;
  }
  EXPECT_EQ(commands_.size(), 6U);
  for (const char* target : {"/api/v1/routes/fraud/stop", "/api/v1/routes/fraud/", "/api/v1/routes//promote",
                             "/api/v1/routes/fraud/promote/now", "/api/v1/routesx/fraud"}) {
    EXPECT_EQ(ask("POST", target, "{}").status, 404U) << target;
  }
  EXPECT_EQ(commands_.size(), 6U);
}

TEST_F(ApiTest, ARefusedVerbKeepsItsReason) {
  refusal_ = Refusal{409, "nothing is promoted yet: use abort"};
  const Page refused = ask("POST", "/api/v1/routes/fraud/undo", "{}");
  EXPECT_EQ(refused.status, 409U);
  EXPECT_EQ(error(refused), "nothing is promoted yet: use abort");
  EXPECT_EQ(ask("POST", "/api/v1/routes/frau/undo", "{}").status, 404U);
}

TEST_F(ApiTest, AMalformedVerbChangesNothing) {
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/pause", R"({"full": true})").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/promote", R"({"ful": true})").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/promote", "now").status, 400U);
  content_type_ = "text/plain";
  EXPECT_EQ(ask("POST", "/api/v1/routes/fraud/promote", "{}").status, 415U);
  EXPECT_TRUE(commands_.empty());
}

TEST_F(ApiTest, TheJournalComesInPages) {
  for (const std::uint64_t sequence : {9, 8})
    journal_.push_back({sequence, {}, "fraud", "fraud-3", "sluice", "Held", "x", ""});
  const Json page = get("/api/v1/routes/fraud/journal?before=10&limit=2");
  EXPECT_EQ(queries_[0].route, "fraud");
  EXPECT_EQ(queries_[0].before, 10U);
  EXPECT_EQ(queries_[0].limit, 2U);
  EXPECT_EQ(page["entries"][0]["sequence"], 9);
  EXPECT_EQ(page["before"], 8) << "what to ask for next";
  EXPECT_TRUE(get("/api/v1/journal")["before"].is_null()) << "there were fewer than asked for";
  EXPECT_EQ(queries_[1].route, "");
  EXPECT_EQ(queries_[1].limit, 100U);
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "before=", "before=-1", "after=3", "limit"}) {
    EXPECT_EQ(ask("GET", std::string("/api/v1/journal?") + query).status, 400U) << query;
  }
  store_is_down_ = true;
  EXPECT_EQ(ask("GET", "/api/v1/journal").status, 503U);
}

TEST_F(ApiTest, EventsBeginWhereTheReaderLeftOff) {
  for (const std::uint64_t sequence : {9, 8, 7})
    journal_.push_back({sequence, {}, "fraud", "", "sluice", "Held", "x", ""});
  const Page fresh = ask("GET", "/api/v1/events");
  EXPECT_EQ(fresh.events_after, 0U);
  EXPECT_EQ(fresh.body, "");
  last_event_id_ = "7";
  const Page again = ask("GET", "/api/v1/events");
  EXPECT_EQ(again.content_type, "text/event-stream");
  EXPECT_EQ(again.events_after, 9U);
  EXPECT_LT(again.body.find("id: 8\n"), again.body.find("id: 9\n"));
  EXPECT_EQ(again.body.find("id: 7\n"), std::string::npos);
  last_event_id_ = "500";
  EXPECT_EQ(ask("GET", "/api/v1/events").events_after, 9U) << "the journal of that number is lost";
  last_event_id_ = "x";
  EXPECT_EQ(ask("GET", "/api/v1/events").status, 400U);
  last_event_id_ = "7";
  store_is_down_ = true;
  EXPECT_EQ(ask("GET", "/api/v1/events").status, 503U);
}

}  // namespace
}  // namespace sluice::admin
