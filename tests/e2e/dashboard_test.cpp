#include "e2e/operator.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

/// Somebody who watches `/api/v1/live`, as a dashboard does: keeps the whole and applies what changes.
class Watcher {
 public:
  explicit Watcher(std::uint16_t port, const std::string& fields = {}) : client_(port) {
    client_.send("GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n");
    head_ = client_.read_until("\r\n\r\n");
  }

  const std::string& head() const { return head_; }
  const Json& all() const { return all_; }
  int snapshots() const { return snapshots_; }
  /// Of the last event, in bytes.
  std::size_t size() const { return size_; }

  /// Takes in the next event; comments are none.
  void read() {
    std::string event;
    do {
      event = client_.read_until("\n\n");
    } while (event.starts_with(':'));
    size_ = event.size();
    const std::size_t data = event.find("data: ");
    const Json json = Json::parse(event.substr(data + 6));
    if (event.starts_with("event: snapshot\n")) {
      all_ = json;
      ++snapshots_;
    } else {
      EXPECT_TRUE(event.starts_with("event: delta\n")) << event.substr(0, 100);
      all_.merge_patch(json);
    }
  }
  /// Reads until it is as expected; the stream's own patience ends it.
  template <typename Check>
  void read_until(const Check& is_so) {
    read_at_least_once();
    while (!is_so(all_)) read();
  }

 private:
  void read_at_least_once() {
    if (snapshots_ == 0) read();
  }

  RawClient client_;
  std::string head_;
  Json all_;
  int snapshots_ = 0;
  std::size_t size_ = 0;
};

TEST(Dashboard, ItsPageAndItsScriptsAreServedToWhoeverCanReachThePort) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const Operator admin(sluice);
  const auto page = admin.get("/");
  EXPECT_EQ(page.status(), 200);
  EXPECT_EQ(page.field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.field("cache-control"), "no-cache");
  EXPECT_NE(page.field("content-security-policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.field("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.field("referrer-policy"), "no-referrer");
  EXPECT_EQ(page.body, read_file(std::string(SLUICE_SOURCE_DIR) + "/dashboard/index.html"));
  const auto script = admin.get("/dashboard/chart.js", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(script.field("content-encoding"), "gzip");
  EXPECT_EQ(admin.get("/dashboard/nothing.js").status(), 404);
  EXPECT_EQ(admin.get("/", {{"Host", "rebound.example"}}).status(), 403);

  RawClient again(sluice.admin_port());
  const auto unchanged =
      again.exchange("GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + page.field("etag") + "\r\n\r\n");
  EXPECT_EQ(unchanged.status(), 304);
  EXPECT_TRUE(unchanged.body.empty());
  EXPECT_EQ(again.exchange("GET /api/v1/config HTTP/1.1\r\nHost: localhost\r\n\r\n").status(), 200)
      << "the connection is still good";
}

TEST(Dashboard, WatchersSeeTrafficAndEndpointsAsTheyChange) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  Watcher watcher(sluice.admin_port());
  EXPECT_NE(watcher.head().find("Content-Type: text/event-stream\r\n"), std::string::npos);
  watcher.read();
  EXPECT_EQ(watcher.snapshots(), 1);
  EXPECT_EQ(watcher.all()["gateway"]["phase"], "serving");
  EXPECT_EQ(watcher.all()["config"]["generation"], 1);
  const std::size_t whole = watcher.size();

  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").status(), 200);
  const auto versions = [](const Json& all) { return all["routes"]["model"]["versions"]; };
  watcher.read_until([&](const Json& all) { return versions(all)[0]["answered"] == 20; });
  EXPECT_LT(watcher.size(), whole) << "only what changed";
  watcher.read_until([&](const Json& all) {
    client.get("/");  // so that something changes with every look
    return all["routes"]["model"].value(Json::json_pointer("/rates/v1/rps"), 0.0) > 0;
  });

  EXPECT_EQ(watcher.snapshots(), 1);
}

TEST(Dashboard, AReloadIsSeenWhetherItWasTakenOrNot) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const Operator admin(sluice);
  Watcher watcher(sluice.admin_port());
  watcher.read();
  replace_file(sluice.policy_path(), policy_for(upstream, "timeoutz: {}"));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 422);
  watcher.read_until([](const Json& all) { return all["config"]["lastReloadSuccessful"] == false; });
  EXPECT_NE(watcher.all()["config"]["lastReloadError"].get<std::string>().find("timeoutz"), std::string::npos);
  EXPECT_NE(admin.json("/api/v1/policy")["lastReloadError"].get<std::string>().find("timeoutz"), std::string::npos);
  replace_file(sluice.policy_path(), policy_for(upstream, "timeouts: {request: 7s}"));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  // More than 2 where the file was noticed before the order came.
  watcher.read_until([](const Json& all) { return all["config"]["generation"] >= 2; });
  EXPECT_EQ(watcher.all()["config"]["lastReloadSuccessful"], true);
}

TEST(Dashboard, ThePolicyInForceIsShownWithItsDefaultsAndCanBeReadAgain) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 7s}"));
  const Operator admin(sluice);
  const Json shown = admin.json("/api/v1/policy");
  const std::string yaml = shown["yaml"];
  EXPECT_NE(yaml.find("\n    request: 7s\n"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("# default"), std::string::npos);
  const TempDir dir;
  const auto checked = run({sluice_binary(), "check", dir.write("shown.yaml", yaml).string()});
  EXPECT_EQ(checked.exit.code, 0) << checked.out << checked.err;
  EXPECT_EQ(shown["generation"], 1);
  EXPECT_EQ(shown["hash"], admin.json("/api/v1/config")["hash"]);
}

TEST(Dashboard, AHistoryGrowsWhetherSomebodyWatchesOrNot) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  const Operator admin(sluice);
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").status(), 200);
  const auto points = [&] { return admin.json("/api/v1/routes/model/history")["points"]; };
  ASSERT_TRUE(eventually([&] { return !points().empty(); }));
  const Json first = points()[0];
  EXPECT_EQ(first["at"].get<std::int64_t>() % 5, 0);
  EXPECT_EQ(first["versions"]["v1"]["target"], 1.0);
  // A policy that is read again is no new life of the route.
  replace_file(sluice.policy_path(), policy_for(upstream, "timeouts: {request: 7s}"));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  EXPECT_EQ(points()[0], first);
  EXPECT_EQ(admin.get("/api/v1/routes/mode/history").status(), 404);
}

TEST(Dashboard, WithoutTheTokenItIsReadOnly) {
  const TempDir dir;
  const auto token = dir.write("token", "right\n");
  FakeUpstream upstream("fine");
  const auto policy = [&](const std::string& more) {
    return policy_for(upstream, {}, "admin: {address: 127.0.0.1:0, tokenFile: \"" + token.string() + "\"" + more + "}");
  };
  SluiceProcess sluice(policy(""));
  const Operator admin(sluice);
  const Fields right{{"Authorization", "Bearer right"}};
  EXPECT_EQ(admin.get("/").status(), 200);
  EXPECT_EQ(admin.get("/api/v1/routes/model").status(), 200);
  EXPECT_EQ(admin.get("/api/v1/policy").status(), 401);
  EXPECT_EQ(admin.get("/api/v1/policy", right).status(), 200);
  EXPECT_EQ(admin.post("/api/v1/routes/model/pause").status(), 401);
  EXPECT_EQ(admin.json("/api/v1/access")["authorized"], false);
  Watcher anonymous(sluice.admin_port());
  anonymous.read();
  EXPECT_TRUE(anonymous.all()["routes"].contains("model"));
  EXPECT_NE(Watcher(sluice.admin_port(), "Authorization: Bearer wrong\r\n").head().find("401"), std::string::npos);

  replace_file(sluice.policy_path(), policy(", anonymousRead: false"));
  EXPECT_EQ(admin.post("/api/v1/reload", "{}", right).status(), 200);
  EXPECT_EQ(admin.get("/api/v1/routes/model").status(), 401);
  EXPECT_EQ(admin.get("/").status(), 200) << "it has to be there to ask for the token";
  EXPECT_EQ(admin.get("/api/v1/routes/model", right).status(), 200);
}

}  // namespace
}  // namespace sluice::test
