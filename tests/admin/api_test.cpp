#include "sluice/admin/api.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

namespace sluice::admin {
namespace {

using Json = nlohmann::json;

EndpointView endpoint(std::string address, std::string state) {
  EndpointView view;
  view.endpoint = std::move(address);
  view.state = std::move(state);
  return view;
}

/// An Api over a gateway that a test writes down.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    VersionView v1;
    v1.version = "v1";
    v1.endpoints = {endpoint("127.0.0.1:9001", "draining"), endpoint("127.0.0.1:9002", "admitted")};
    VersionView v2;
    v2.version = "v2";
    v2.endpoints = {endpoint("127.0.0.1:9003", "admitted")};
    rollout_.route = "fraud";
    rollout_.phase = strategy::Phase::Paused;
    routes_ = {{"fraud", "canary", {v1, v2}}, {"other", "none", {v2}}};
  }

  Page ask(std::string_view method, std::string_view target, std::string_view body = {}) {
    Request request;
    request.method = method;
    request.target = target;
    request.host = "127.0.0.1:9901";
    request.peer = "127.0.0.1:4242";
    request.body = body;
    request.authorization = authorization_;
    request.last_event_id = last_event_id_;
    if (method == "POST") request.content_type = content_type_;
    return api_.answer(request);
  }
  Page reload() {
    const Page page = ask("POST", "/api/v1/reload", "{}");
    return page.later ? page.later().value_or(page) : page;
  }
  Json get(std::string_view target) { return Json::parse(ask("GET", target).body); }
  std::string error(const Page& page) { return Json::parse(page.body).value("error", ""); }

  std::vector<RouteView> routes_;
  std::vector<bool> process_orders_;
  std::vector<DrainOrder> endpoint_orders_;
  std::optional<Refusal> refusal_;
  rollout::RolloutView rollout_;
  std::vector<strategy::Command> commands_;
  std::vector<state::JournalQuery> queries_;
  std::vector<state::JournalEntry> journal_;  // newest first
  bool store_is_down_ = false;
  std::string last_event_id_;
  int reloads_ = 0;
  bool reload_is_under_way_ = false;
  std::string content_type_ = "application/json";
  std::string authorization_;
  Api api_{ApiPorts{
      [this] { return routes_; },
      [] {
        ConfigView config;
        config.generation = 7;
        return config;
      },
      [] {
        return DrainView{"serving", false, 3, 2};
      },
      [this](bool undo) -> Result<DrainView, Refusal> {
        process_orders_.push_back(undo);
        if (refusal_) return fail(*refusal_);
        return DrainView{undo ? "serving" : "announced", false, 3, 2};
      },
      [this](const DrainOrder& order) -> Result<std::size_t, Refusal> {
        endpoint_orders_.push_back(order);
        if (refusal_) return fail(*refusal_);
        return std::size_t{1};
      },
      [this] {
        ++reloads_;
        return [this]() -> std::optional<Result<ConfigView, Refusal>> {
          if (reload_is_under_way_) return std::nullopt;
          if (refusal_) return fail(*refusal_);
          return ConfigView{};
        };
      },
      [this] { return std::vector<rollout::RolloutView>{rollout_}; },
      [this](const std::string& route, const strategy::Command& command) -> Result<rollout::RolloutView, Refusal> {
        commands_.push_back(command);
        if (route != "fraud") return fail(Refusal{404, "there is no route " + route});
        if (refusal_) return fail(*refusal_);
        return rollout_;
      },
      [this](const state::JournalQuery& query) -> Result<std::vector<state::JournalEntry>> {
        queries_.push_back(query);
        if (store_is_down_) return fail(Error::internal("the disk is full"));
        return journal_;
      },
  }};
};

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

TEST_F(ApiTest, OtherPathsAndMethodsAreNamedErrors) {
  for (const char* target : {"/", "/api", "/api/v1", "/api/v1/drain/x", "/metrics", "*", ""}) {
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
  api_.set_token("right");
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
  api_.set_token("rotated");
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 401U);
  EXPECT_EQ(reloads_, 1);
}

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
