#include "e2e/operator.hpp"

namespace sluice::test {
namespace {

TEST(Admin, ShowsRoutesVersionsAndEndpoints) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 3, 1));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_EQ(sluice.metric_becomes(8, "sluice_requests_total"), 8) << "an answer is counted once it has gone out";
  const auto routes = admin.json("/api/v1/routes")["routes"];
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0]["strategy"], "abTest");
  const auto& versions = routes[0]["versions"];
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0]["targetWeight"], 0.75);
  EXPECT_EQ(versions[0]["answered"].get<int>() + versions[1]["answered"].get<int>(), 8);
  const auto endpoint = admin.endpoint("model", address_of(second));
  EXPECT_EQ(endpoint["state"], "admitted");
  EXPECT_EQ(endpoint["share"], 1.0);
  EXPECT_EQ(endpoint["inFlight"], 0);
  EXPECT_EQ(admin.get("/api/v1/routes/mode").status(), 404);
}

TEST(Admin, SaysHowManyRequestsAnEndpointHas) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.wait_for(gate);
    gateway.answer(200, "x");
  });
  SluiceProcess sluice(policy_for(upstream));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  upstream.request(0);
  EXPECT_EQ(admin.endpoint("model", address_of(upstream))["inFlight"], 1);
  EXPECT_EQ(admin.json("/api/v1/drain")["requestsInFlight"], 1);
  gate.open();
  EXPECT_EQ(client.read_response().status(), 200);
  EXPECT_TRUE(eventually([&] { return admin.endpoint("model", address_of(upstream))["inFlight"] == 0; }));
}

TEST(Admin, ReloadsAndSaysWhatCameOfIt) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  const Operator admin(sluice);
  EXPECT_EQ(admin.json("/api/v1/config")["generation"], 1);
  replace_file(sluice.policy_path(), policy_for(second));
  const auto reloaded = admin.post("/api/v1/reload");
  EXPECT_EQ(reloaded.status(), 200);
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "two") << "in force when the answer comes";
  const auto hash = admin.json("/api/v1/config")["hash"];

  replace_file(sluice.policy_path(), policy_for(first, "timeoutz: {}"));
  const auto refused = admin.post("/api/v1/reload");
  EXPECT_EQ(refused.status(), 422);
  EXPECT_NE(error_of(refused).find("timeoutz"), std::string::npos) << refused.body;
  EXPECT_EQ(client.get("/").body, "two");
  const auto config = admin.json("/api/v1/config");
  EXPECT_EQ(config["hash"], hash);
  EXPECT_EQ(config["lastReloadSuccessful"], false);
  EXPECT_NE(config["lastReloadError"].get<std::string>().find("timeoutz"), std::string::npos);

  std::filesystem::remove(sluice.policy_path());
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 422);
}

TEST(Admin, ItsAddressCannotMoveWhileRunning) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  replace_file(sluice.policy_path(), policy_for(upstream, {}, "admin: {address: 127.0.0.2:0}"));
  const auto refused = Operator(sluice).post("/api/v1/reload");
  EXPECT_EQ(refused.status(), 422);
  EXPECT_EQ(error_of(refused), "spec.admin.address cannot change while running; restart to change it");
}

TEST(Admin, ATokenGuardsEverythingAndCanBeRotated) {
  const TempDir dir;
  const auto token = dir.write("token", "first-token\n");
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(
      upstream, {}, "admin: {address: 127.0.0.1:0, anonymousRead: false, tokenFile: \"" + token.string() + "\"}"));
  const Operator admin(sluice);
  const Fields right{{"Authorization", "Bearer first-token"}};
  const auto refused = admin.get("/api/v1/routes");
  EXPECT_EQ(refused.status(), 401);
  EXPECT_TRUE(refused.field("www-authenticate").starts_with("Bearer"));
  EXPECT_EQ(admin.drain().status(), 401);
  EXPECT_EQ(admin.get("/api/v1/routes", {{"Authorization", "Bearer first-tokem"}}).status(), 401);
  EXPECT_EQ(admin.get("/api/v1/routes", right).status(), 200);
  EXPECT_EQ(admin.verb({"status"}).exit.code, 1);
  EXPECT_EQ(admin.verb({"status", "--token-file", token.string()}).exit.code, 0);

  replace_file(token, "second-token\n");
  EXPECT_EQ(admin.post("/api/v1/reload", "{}", right).status(), 200);
  EXPECT_EQ(admin.get("/api/v1/routes", right).status(), 401);
  EXPECT_EQ(admin.get("/api/v1/routes", {{"Authorization", "Bearer second-token"}}).status(), 200);
  EXPECT_TRUE(sluice.logs_contain("token from 127.0.0.1:"));
  EXPECT_EQ(sluice.logs().find("first-token"), std::string::npos);
}

TEST(Admin, AMissingTokenIsAClearErrorAtTheStart) {
  FakeUpstream upstream;
  const auto finished =
      serve_and_fail(policy_for(upstream, {}, "admin: {address: 127.0.0.1:0, tokenFile: /nowhere/token}"));
  EXPECT_EQ(finished.exit.code, 1);
  EXPECT_NE(finished.err.find("spec.admin.tokenFile /nowhere/token: cannot be read"), std::string::npos)
      << finished.err;
}

TEST(Admin, APortInUseIsAClearErrorAtTheStart) {
  FakeUpstream upstream;
  const Listener taken;
  const auto address = "127.0.0.1:" + std::to_string(taken.port());
  const auto finished = serve_and_fail(policy_for(upstream, {}, "admin: {address: " + address + "}"));
  EXPECT_EQ(finished.exit.code, 1);
  EXPECT_NE(finished.err.find("cannot listen on " + address + ": address already in use (spec.admin.address"),
            std::string::npos)
      << finished.err;
}

TEST(Admin, AForeignPageInABrowserReachesNothing) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const Operator admin(sluice);
  EXPECT_EQ(admin.get("/api/v1/routes", {{"Host", "rebound.example:9901"}}).status(), 403);
  EXPECT_EQ(admin.post("/api/v1/drain", "{}", {{"Origin", "http://evil.example"}}).status(), 403);
  RawClient form(sluice.admin_port());
  form.send(
      "POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(form.read_response().status(), 415);
  EXPECT_EQ(admin.phase(), "serving");
}

TEST(Admin, EveryChangeLeavesAnAuditLine) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "log: {level: Warning}\ndrain: {delay: 60s, timeout: 2s}"));
  const Operator admin(sluice);
  admin.post("/api/v1/reload");
  admin.drain({{"route", "model"}});
  admin.drain();
  admin.drain({{"undo", true}});
  EXPECT_TRUE(sluice.logs_contain("audit actor=127.0.0.1:")) << sluice.logs();
  EXPECT_TRUE(sluice.logs_contain("action=reload result=\"generation 2\"")) << sluice.logs();
  EXPECT_TRUE(sluice.logs_contain("action=drain route=model")) << sluice.logs();
  EXPECT_TRUE(sluice.logs_contain("action=drain result=announced")) << sluice.logs();
  EXPECT_TRUE(sluice.logs_contain("action=undrain result=serving")) << sluice.logs();
  sluice.signal(SIGKILL);
}

TEST(Admin, UnknownNamesAndOrdersAreToldApart) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const Operator admin(sluice);
  const auto expect = [&](const nlohmann::json& order, int status, const std::string& reason) {
    const auto answer = admin.drain(order);
    EXPECT_EQ(answer.status(), status) << answer.body;
    EXPECT_NE(error_of(answer).find(reason), std::string::npos) << answer.body;
  };
  expect({{"route", "mode"}}, 404, "there is no route mode");
  expect({{"route", "model"}, {"version", "v2"}}, 404, "route model has no version v2");
  expect({{"route", "model"}, {"endpoint", "a:1"}}, 404, "model has no endpoint a:1");
  expect({{"route", "model"}, {"version", "v1"}}, 409, "v1");
  expect({{"version", "v1"}}, 400, "needs its route");
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").status(), 200);
}

TEST(Admin, ACrowdOfOperatorsDelaysNoRequest) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 80; ++i) {
    crowd.push_back(std::make_unique<RawClient>(sluice.admin_port()));
    crowd.back()->send("POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n{");
  }
  RawClient client(sluice.port());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.get("/").status(), 200);
}

}  // namespace
}  // namespace sluice::test
