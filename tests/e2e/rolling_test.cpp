// Rolling updates of model servers that are processes, under load: nobody is failed, nearly everybody serves all the
// time, a death of the gateway in the middle changes nothing, and what is bad goes back by itself.
#include <memory>

#include "e2e/operator.hpp"
#include "e2e/sample_model.hpp"
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using Nothing = std::vector<std::string>;
using Models = std::vector<std::unique_ptr<SampleModel>>;

/// Without ejection, since an endpoint that is ejected fails nothing any more: here the checks are to find it.
constexpr const char* kHealth =
    "protocol: OpenInference\n"
    "health: {interval: 500ms, unhealthyInterval: 50ms, model: digits}\n"
    "ejection: {enabled: false}\n";
constexpr const char* kAnalysis =
    "    analysis: {interval: 1s, minRequests: 20, checks: [{metric: error-rate, thresholdRange: {max: 5%}}]}\n";

Models models(std::size_t count, const std::vector<std::string>& options) {
  Models made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(std::make_unique<SampleModel>(0, options));
  return made;
}

std::vector<std::string> urls_of(const Models& models) {
  std::vector<std::string> urls;
  for (const auto& model : models) urls.push_back(model->url());
  return urls;
}

/// The variant that a server has loaded, by its own word; "" for none.
std::string loaded_by(const SampleModel& model) {
  RawClient client(model.port());
  const auto answer = client.exchange(request_text("POST", "/v2/repository/index", "{\"ready\":true}"));
  const auto list = nlohmann::json::parse(answer.body);
  return list.empty() ? "" : list[0].at("version").get<std::string>();
}

std::size_t count_loaded(const Models& models) {
  return static_cast<std::size_t>(
      std::count_if(models.begin(), models.end(), [](const auto& model) { return !loaded_by(*model).empty(); }));
}

/// How many endpoints of the route get traffic, by the gateway's word.
std::size_t count_admitted(const Operator& admin) {
  std::size_t count = 0;
  const auto route = admin.json("/api/v1/routes/digits");
  for (const auto& version : route["versions"]) {
    for (const auto& endpoint : version["endpoints"])
      count += endpoint["state"] == "admitted" || endpoint["state"] == "ramping" ? 1 : 0;
  }
  return count;
}

nlohmann::json rolling_of(const Operator& admin) {
  return admin.json("/api/v1/routes/digits")["rollout"];
}

std::size_t count_new(const nlohmann::json& rollout) {
  const auto slots = rollout.value("slots", nlohmann::json::array());
  return static_cast<std::size_t>(
      std::count_if(slots.begin(), slots.end(), [](const auto& slot) { return slot["phase"] == "New"; }));
}

/// A look at the rollout, again and again, until it has come to `phase`; `meanwhile` is called each time.
template <typename Meanwhile>
::testing::AssertionResult comes_to_while(const Operator& admin, const std::string& phase, Meanwhile meanwhile) {
  const auto deadline = std::chrono::steady_clock::now() + 90s;
  nlohmann::json seen;
  while (std::chrono::steady_clock::now() < deadline) {
    seen = rolling_of(admin);
    if (seen["phase"] == phase) return ::testing::AssertionSuccess();
    meanwhile();
  }
  return ::testing::AssertionFailure() << "not " << phase << " but " << seen.dump(2);
}

/// Four servers that both versions name, and a store that outlives the gateway.
struct InPlace {
  explicit InPlace(const std::string& candidate_parameters = "variant: v2")
      : servers(models(4, {"--variant", "v1", "--load-time", "300ms"})) {
    const auto urls = urls_of(servers);
    path =
        dir.write("policy.yaml",
                  gateway_yaml("state: {sqlite: {path: " + (dir / "sluice.db").string() + "}}") +
                      route_yaml("digits", {version_yaml("v1", urls), version_yaml("v2", urls)},
                                 std::string(kHealth) +
                                     "strategy:\n  rolling:\n    stable: v1\n    candidate: v2\n    minReady: 300ms\n"
                                     "    replace: ModelRepository\n"
                                     "    repository: {model: digits, stableParameters: {variant: v1}, "
                                     "candidateParameters: {" +
                                     candidate_parameters + "}}\n" + kAnalysis));
  }

  Models servers;
  TempDir dir;
  std::filesystem::path path;
};

TEST(RollingUpdate, FourModelServersExchangeTheirModelUnderLoadWithoutAFailedRequest) {
  const InPlace given;
  SluiceProcess sluice = SluiceProcess::serve_path(given.path);
  const Operator admin(sluice);
  Load load(sluice.port(), 3, infer_request());
  std::size_t loaded = 4;
  std::size_t admitted = 4;
  ASSERT_TRUE(comes_to_while(admin, "Promoted", [&] {
    loaded = std::min(loaded, count_loaded(given.servers));
    admitted = std::min(admitted, count_admitted(admin));
  })) << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(loaded, 3u) << "one was looked at while it loaded, and never two";
  EXPECT_EQ(admitted, 3u);
  for (const auto& server : given.servers) EXPECT_EQ(loaded_by(*server), "v2");
  RawClient client(sluice.port());
  const auto answer = client.exchange(infer_request());
  EXPECT_EQ(version_of(answer), "v2");
  EXPECT_NE(answer.body.find("\"model_version\":\"v2\""), std::string::npos) << answer.body;
}

TEST(RollingUpdate, AGatewayThatIsKilledInTheMiddleGoesOnWhereItWas) {
  const InPlace given;
  SluiceProcess first = SluiceProcess::serve_path(given.path);
  {
    const Operator admin(first);
    Load load(first.port(), 2, infer_request());
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (count_new(rolling_of(admin)) < 2) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    EXPECT_EQ(load.stop(), Nothing());
    first.signal(SIGKILL);
    first.wait();
  }
  SluiceProcess second = SluiceProcess::serve_path(given.path);
  const Operator admin(second);
  const auto seen = rolling_of(admin);
  EXPECT_EQ(seen["id"], "digits-1") << seen.dump(2);
  EXPECT_GE(count_new(seen), 2u) << seen.dump(2);
  Load load(second.port(), 2, infer_request());
  std::size_t loaded = 4;
  ASSERT_TRUE(comes_to_while(admin, "Promoted", [&] { loaded = std::min(loaded, count_loaded(given.servers)); }))
      << second.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_GE(loaded, 3u);
  for (const auto& server : given.servers) EXPECT_EQ(loaded_by(*server), "v2");
}

TEST(RollingUpdate, AModelThatIsBadIsReplacedByTheStableOneAgain) {
  const InPlace given("variant: v3, error-rate: 30%");
  SluiceProcess sluice = SluiceProcess::serve_path(given.path);
  const Operator admin(sluice);
  Load load(sluice.port(), 3, infer_request());
  ASSERT_TRUE(comes_to_while(admin, "RolledBack", [] {})) << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing()) << "stable answered what the candidate failed";
  EXPECT_EQ(rolling_of(admin)["reason"], "CheckFailed");
  for (const auto& server : given.servers) EXPECT_EQ(loaded_by(*server), "v1");
}

TEST(RollingUpdate, EndpointsTakeTurnsUntilOneIsFaultyAndThenGoBackByThemselves) {
  const Models stable = models(3, {"--variant", "v1"});
  Models candidate = models(1, {"--variant", "v2"});
  candidate.push_back(
      std::make_unique<SampleModel>(0, std::vector<std::string>{"--variant", "v3", "--error-rate", "40%"}));
  candidate.push_back(std::make_unique<SampleModel>(0, std::vector<std::string>{"--variant", "v2"}));
  TempDir dir;
  const auto path =
      dir.write("policy.yaml",
                gateway_yaml("state: {sqlite: {path: " + (dir / "sluice.db").string() + "}}") +
                    route_yaml("digits", {version_yaml("v1", urls_of(stable)), version_yaml("v2", urls_of(candidate))},
                               std::string(kHealth) +
                                   "strategy:\n  rolling:\n    stable: v1\n    candidate: v2\n    minReady: 300ms\n" +
                                   kAnalysis));
  SluiceProcess sluice = SluiceProcess::serve_path(path);
  const Operator admin(sluice);
  Load load(sluice.port(), 3, infer_request());
  std::size_t replaced = 0;
  ASSERT_TRUE(comes_to_while(admin, "RolledBack", [&] { replaced = std::max(replaced, count_new(rolling_of(admin))); }))
      << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(replaced, 1u);
  const auto seen = rolling_of(admin);
  EXPECT_EQ(seen["reason"], "CheckFailed") << seen.dump(2);
  EXPECT_NE(seen["message"].get<std::string>().find("> max 5% (n="), std::string::npos) << seen.dump(2);
  RawClient client(sluice.port());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(version_of(client.exchange(infer_request())), "v1");
}

}  // namespace
}  // namespace sluice::test
