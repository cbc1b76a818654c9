// Shadow evaluation over real processes: real models compared by their real answers, noise, restarts, hostile shadows.
#include <filesystem>

#include "e2e/rollout.hpp"
#include "e2e/sample_model.hpp"

namespace sluice::test {
namespace {

/// Sends every digit that no model has seen, over and over, from several clients.
class Asking {
 public:
  explicit Asking(const SluiceProcess& sluice) : thread_([this, port = sluice.port()] { ask(port); }) {}
  ~Asking() { stop(); }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  /// Behind the round under way. What went wrong; empty is what a test wants.
  std::string stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return wrong_;
  }

 private:
  void ask(std::uint16_t port) {
    while (!stopping_) {
      const auto round = run({std::string(SLUICE_BINARY_DIR) + "/sluice-sample-model", "ask", "--url",
                              "http://127.0.0.1:" + std::to_string(port), "--data",
                              std::string(SLUICE_SOURCE_DIR) + "/config/quickstart/digits.csv.gz"},
                             {}, std::chrono::seconds(60));
      // The table says which versions answered; a request that failed ends it with 1.
      if (round.exit.code != 0) wrong_ += round.out + round.err;
    }
  }

  std::atomic<bool> stopping_{false};
  std::string wrong_;  // the thread's, until it ended
  std::thread thread_;
};

/// v1 is live; `rest` follows the list of candidates.
std::string shadow_of(const std::string& candidates, const std::string& rest) {
  return "strategy: {shadow: {live: v1, candidates: [" + candidates + "], " + rest + "}}\n";
}

/// Versions v1, v2… of one route in front of these models.
std::string models_policy(const std::vector<const SampleModel*>& models, const std::string& spec,
                          const std::string& gateway = {}) {
  std::vector<std::string> versions;
  for (std::size_t i = 0; i < models.size(); ++i) {
    versions.push_back(version_yaml("v" + std::to_string(i + 1), models[i]->url()));
  }
  return gateway_yaml(gateway) + route_yaml("model", versions, spec);
}

/// The arm of the rollout as the API shows it.
nlohmann::json arm_of(const Operator& person, const std::string& route, const std::string& version) {
  const auto rollout = rollout_of(person, route);
  for (const auto& arm : rollout["arms"]) {
    if (arm["version"] == version) return arm;
  }
  return nullptr;
}

double pairs_of(const SluiceProcess& sluice, const std::string& version, const std::string& result) {
  return sluice.metrics().value("sluice_shadow_comparisons_total", {{"version", version}, {"result", result}});
}

/// The policy of docs/shadow-example.md in front of these models instead of those at the ports that it names.
std::string example_policy(const std::vector<const SampleModel*>& models) {
  std::string policy = read_file(std::filesystem::path(SLUICE_SOURCE_DIR) / "config/shadow-example.yaml");
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::string written = "127.0.0.1:900" + std::to_string(i + 1);
    const std::size_t at = policy.find(written);
    EXPECT_NE(at, std::string::npos) << written;
    if (at != std::string::npos) policy.replace(at, written.size(), models[i]->address());
  }
  return gateway_yaml() + policy;
}

TEST(Evaluation, ABetterModelPassesAndADriftingOneFailsByTheirRealAnswers) {
  const SampleModel v1(0, {"--variant", "v1"});
  const SampleModel v2(0, {"--variant", "v2"});
  const SampleModel v3(0, {"--variant", "v3", "--drift", "80%"});
  SluiceProcess sluice(example_policy({&v1, &v2, &v3}));
  const Operator person(sluice);
  Asking asking(sluice);
  ASSERT_TRUE(comes_to(person, "Concluded", "digits")) << sluice.logs();
  EXPECT_EQ(asking.stop(), "") << "no client notices any of it";
  const auto rollout = rollout_of(person, "digits");
  EXPECT_EQ(rollout["reason"], "Passed") << rollout.dump(2);
  EXPECT_EQ(rollout["winner"], "v2");
  const auto better = arm_of(person, "digits", "v2");
  const auto drifting = arm_of(person, "digits", "v3");
  EXPECT_EQ(better["checks"][0]["verdict"], "Pass") << better.dump(2);
  EXPECT_EQ(better["checks"][1]["verdict"], "Pass") << better.dump(2);
  EXPECT_TRUE(drifting["checks"][0]["verdict"] == "Fail" || drifting["checks"][1]["verdict"] == "Fail")
      << drifting.dump(2);
  EXPECT_GT(pairs_of(sluice, "v2", "match"), 5 * pairs_of(sluice, "v2", "mismatch") / 2);
  EXPECT_GT(3 * pairs_of(sluice, "v3", "mismatch"), pairs_of(sluice, "v3", "match"));
  const MetricsText metrics = sluice.metrics();
  EXPECT_GT(metrics.value("sluice_shadow_field_mismatches_total", {{"version", "v3"}, {"field", "/outputs/label"}}), 0);
  EXPECT_GT(drifting["checks"][1]["value"], 0.3) << "how often each digit is predicted";
  EXPECT_LT(better["checks"][1]["value"], 0.1);
  EXPECT_GT(metrics.value("sluice_shadow_twins_total", {{"version", "v1"}, {"result", "answered"}}), 0);
}

TEST(Evaluation, NoiseOfTheModelIsNoDisagreement) {
  const std::string noise = "id,timestamp,sampling";
  const SampleModel v1(0, {"--variant", "v2", "--noise", noise, "--seed", "1"});
  const SampleModel v2(0, {"--variant", "v2", "--noise", noise, "--seed", "2"});
  SluiceProcess sluice(models_policy(
      {&v1, &v2}, shadow_of("{version: v2}",
                            "compare: {noise: 10%}, stopWhen: Conclusive, analysis: {interval: 1s, minRequests: 100, "
                            "checks: [{metric: disagreement, thresholdRange: {max: 2%}}]}")));
  const Operator person(sluice);
  Asking asking(sluice);
  ASSERT_TRUE(comes_to(person, "Concluded")) << sluice.logs();
  EXPECT_EQ(asking.stop(), "");
  EXPECT_EQ(rollout_of(person)["reason"], "Passed") << rollout_of(person).dump(2);
  EXPECT_EQ(sluice.metrics().value("sluice_shadow_noise_known", {{"version", "v2"}}), 1);
  EXPECT_GE(sluice.metrics().value("sluice_shadow_noisy_fields", {{"version", "v2"}}), 2) << "the id and the time";
  EXPECT_GT(pairs_of(sluice, "v2", "noise"), 100) << "nothing else differs";
}

TEST(Evaluation, ACandidateThatRefusesEveryCopyDoesNotPassBecauseLiveRefusesThemToo) {
  const auto guarded = [](Conversation& gateway) {
    while (true) {
      const bool is_known = gateway.read_request().has("authorization");
      gateway.answer(is_known ? 200 : 401, R"({"label":"a"})", {{"Content-Type", "application/json"}});
    }
  };
  FakeUpstream live(guarded);
  FakeUpstream candidate(guarded);
  SluiceProcess sluice(
      gateway_yaml("workers: 1") +
      route_yaml("model", {version_yaml("v1", live.url()), version_yaml("v2", candidate.url())},
                 shadow_of("{version: v2}",
                           "compare: {noise: 10%, dropHeaders: [authorization]}, stopWhen: Conclusive, "
                           "analysis: {interval: 1s, minRequests: 100, "
                           "checks: [{metric: disagreement, thresholdRange: {max: 1%}}]}")));
  const Operator person(sluice);
  RawClient client(sluice.port());
  const auto ask = [&](int times) {
    for (int i = 0; i < times; ++i) {
      EXPECT_EQ(client.post("/infer", "x", {{"Authorization", "Bearer secret"}}).status(), 200);
    }
  };
  ask(600);
  const auto says = [&](const std::string& reason) {
    const auto rollout = rollout_of(person);
    for (const auto& condition : rollout["conditions"]) {
      if (condition["type"] == "NoiseKnown" && condition["reason"] == reason) return true;
    }
    return false;
  };
  // A busy machine leaves out some of the twins that are drawn.
  ASSERT_TRUE(eventually([&] {
    ask(20);
    return says("TwinsRefused") && rollout_of(person)["pairs"][0]["refusedTwins"] >= 20;
  })) << rollout_of(person).dump(2);
  ASSERT_TRUE(eventually([&] { return arm_of(person, "model", "v2")["checks"][0]["value"] == 1; }))
      << rollout_of(person).dump(2);
  const auto rollout = rollout_of(person);
  EXPECT_EQ(rollout["phase"], "Progressing") << rollout.dump(2);
  EXPECT_EQ(rollout["pairs"][0]["twins"], 0);
  EXPECT_GE(rollout["pairs"][0]["refusedTwins"], 20);
  EXPECT_EQ(rollout["pairs"][0]["disagreement"], 1);
  EXPECT_EQ(rollout["pairs"][0]["worstField"], "status");
}

TEST(Evaluation, PairsThatDifferCanBeLookedAtWithoutWhatIsRedacted) {
  const SampleModel v1(0, {"--variant", "v1", "--noise", "id", "--seed", "1"});
  const SampleModel v2(0, {"--variant", "v2", "--noise", "id", "--seed", "2"});
  SluiceProcess sluice(models_policy(
      {&v1, &v2},
      "drift: {score: {tensor: score}, label: {tensor: label}, reference: 200}\n" +
          shadow_of("{version: v2}",
                    "compare: {pointers: [/outputs/label], noise: 0%, keep: {pairs: 5, redact: [/id, /model_name]}}")));
  const Operator person(sluice);
  Asking asking(sluice);
  ASSERT_TRUE(eventually([&] { return person.json("/api/v1/routes/model/disagreements")["pairs"].size() == 5; }));
  EXPECT_EQ(asking.stop(), "");
  EXPECT_TRUE(eventually([&] {
    const MetricsText metrics = sluice.metrics();
    // v2 is surer of itself, and predicts each digit as often as v1 does.
    return metrics.value("sluice_drift_distance_ratio", {{"version", "v2"}, {"of", "score"}, {"against", "stable"}}) >
               0.3 &&
           metrics.has("sluice_drift_distance_ratio", {{"version", "v2"}, {"of", "label"}, {"against", "stable"}}) &&
           metrics.has("sluice_drift_e_value", {{"version", "v1"}, {"of", "label"}, {"against", "reference"}}) &&
           metrics.value("sluice_drift_e_value", {{"version", "v2"}, {"of", "score"}, {"against", "reference"}}) > 1000;
  }));
  EXPECT_TRUE(eventually([&] {
    const auto events = rollout_of(person)["events"];
    return std::any_of(events.begin(), events.end(), [](const auto& event) {
      return event["kind"] == "DriftFound" && event["text"].template get<std::string>().find("'v2'") == 0;
    });
  })) << "a candidate is held against the reference by its answers to copies";
  const auto beside = rollout_of(person)["pairs"][0];
  EXPECT_GT(beside["scoreDifference"]["interval"]["lower"], 0) << "v2 is surer of itself: " << beside.dump(2);
  EXPECT_FALSE(beside["latencyDifference"]["mean"].is_null());
  const auto page = person.json("/api/v1/routes/model/disagreements?version=v2&limit=2");
  ASSERT_EQ(page["pairs"].size(), 2U);
  EXPECT_EQ(page["leftOut"], 3);
  const auto& pair = page["pairs"][0];
  EXPECT_EQ(pair["differences"][0]["field"], "/outputs/label") << pair.dump(2);
  EXPECT_EQ(pair["live"]["status"], 200);
  const auto live = nlohmann::json::parse(pair["live"]["body"].get<std::string>());
  const auto candidate = nlohmann::json::parse(pair["candidate"]["body"].get<std::string>());
  EXPECT_EQ(live["id"], "<redacted>");
  EXPECT_EQ(live["model_name"], "<redacted>");
  EXPECT_EQ(live["model_version"], "v1");
  EXPECT_EQ(candidate["model_version"], "v2");
  EXPECT_NE(live["outputs"][0]["data"], candidate["outputs"][0]["data"]) << "they are of one request";
  EXPECT_FALSE(pair["requestId"].get<std::string>().empty());
  const auto shown = person.verb({"disagreements", "model", "-n", "1"});
  EXPECT_EQ(shown.exit.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("/outputs/label"), std::string::npos) << shown.out;
  EXPECT_EQ(person.verb({"disagreements", "mode"}).exit.code, 4);
}

TEST(Evaluation, PairsAreForNobodyWhereThePolicyKeepsNone) {
  const FakeUpstream live(R"({"a":1})");
  const FakeUpstream shadow(R"({"a":2})");
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model", {version_yaml("v1", live), version_yaml("v2", shadow)},
                                  "protocol: Raw\n" + shadow_of("{version: v2}", "compare: {noise: 0%}")));
  for (int i = 0; i < 20; ++i) RawClient(sluice.port()).post("/", "x");
  EXPECT_EQ(sluice.metric_becomes(20, "sluice_shadow_comparisons_total", {{"result", "mismatch"}}), 20);
  const Operator person(sluice);
  const auto answer = person.get("/api/v1/routes/model/disagreements");
  EXPECT_EQ(answer.status(), 403);
  EXPECT_NE(error_of(answer).find("compare.keep"), std::string::npos);
  EXPECT_EQ(person.verb({"disagreements", "model"}).exit.code, 3);
}

TEST(Evaluation, AKillInTheMiddleLosesNeitherEvidenceNorReference) {
  const SampleModel v1(0, {"--variant", "v1"});
  const SampleModel v2(0, {"--variant", "v2"});
  const TempDir dir;
  // So narrow a limit is far from certain after the first rounds.
  const std::string rest =
      "compare: {pointers: [/outputs/label], noise: 0%}, stopWhen: Conclusive, analysis: {interval: 1s, minRequests: "
      "5000, checks: [{metric: disagreement, thresholdRange: {max: 35%}}]}";
  const auto path = dir.write(
      "policy.yaml",
      models_policy({&v1, &v2}, "drift: {label: {tensor: label}, reference: 200}\n" + shadow_of("{version: v2}", rest),
                    kept_in(dir)));
  double pairs = 0;
  {
    SluiceProcess first = SluiceProcess::serve_path(path);
    const Operator person(first);
    Asking asking(first);
    ASSERT_TRUE(eventually([&] {
      const auto arm = arm_of(person, "model", "v2");
      return arm.is_object() && !arm["checks"].empty() && arm["checks"][0]["samples"] > 1000;
    })) << rollout_of(person).dump(2);
    ASSERT_TRUE(eventually([&] {
      return first.metrics().has("sluice_drift_e_value", {{"version", "v1"}, {"against", "reference"}});
    }));
    EXPECT_EQ(asking.stop(), "");
    // Another look keeps what the last answers showed.
    ASSERT_TRUE(eventually([&] { return pairs_of(first, "v2", "match") + pairs_of(first, "v2", "mismatch") > 1000; }));
    pairs = arm_of(person, "model", "v2")["checks"][0]["samples"].get<double>();
    first.signal(SIGKILL);
    first.wait();
  }
  SluiceProcess second = SluiceProcess::serve_path(path);
  const Operator person(second);
  EXPECT_TRUE(eventually([&] {
    return second.metrics().has("sluice_drift_values", {{"version", "v1"}});
  })) << "the bins are those of the reference, before the first request";
  Asking asking(second);
  ASSERT_TRUE(comes_to(person, "Concluded")) << rollout_of(person).dump(2);
  EXPECT_EQ(asking.stop(), "");
  EXPECT_EQ(rollout_of(person)["id"], "model-1");
  EXPECT_EQ(rollout_of(person)["reason"], "Passed") << rollout_of(person).dump(2);
  const auto arm = arm_of(person, "model", "v2");
  const double judged = arm["checks"][0]["samples"].get<double>();
  const double compared = pairs_of(second, "v2", "match") + pairs_of(second, "v2", "mismatch");
  EXPECT_LT(compared, judged - pairs / 2) << "what came before the kill counts";
}

TEST(Evaluation, HostileShadowsChangeNothingForClients) {
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
  const std::vector<FakeUpstream::Script> shadows = {[&](Conversation& gateway) {  // huge
                                                       for (;;) {
                                                         gateway.read_request();
                                                         gateway.answer(200, std::string(3 << 20, '7'));
                                                       }
                                                     },
                                                     [&](Conversation& gateway) {  // deep
                                                       for (;;) {
                                                         gateway.read_request();
                                                         gateway.answer(200, deep);
                                                       }
                                                     },
                                                     [&](Conversation& gateway) {  // breaks off
                                                       gateway.read_request();
                                                       gateway.send(head + "100\r\n\r\n{\"a\":");
                                                     },
                                                     [&](Conversation& gateway) {  // nonsense
                                                       gateway.read_request();
                                                       gateway.send("\xff\xfe garbage\r\n\r\n");
                                                     },
                                                     never_answers()};
  std::vector<std::unique_ptr<FakeUpstream>> upstreams;
  for (const auto& script : shadows) upstreams.push_back(std::make_unique<FakeUpstream>(script));
  const FakeUpstream live(R"({"a":1})");
  std::vector<std::string> versions{version_yaml("v1", live)};
  std::string candidates;
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    const std::string name = "s" + std::to_string(i);
    versions.push_back(version_yaml(name, *upstreams[i]));
    candidates += (i == 0 ? "{version: " : ", {version: ") + name + "}";
  }
  SluiceProcess sluice(
      gateway_yaml("limits: {compareBytes: 4MiB}") +
      route_yaml("model", versions,
                 "protocol: Raw\nejection: {enabled: false}\n" +
                     shadow_of(candidates, "compare: {noise: 10%, bodyBytes: 4MiB, keep: {pairs: 5}}")));
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  EXPECT_TRUE(load.answers(kSanitized ? 100 : 400));
  EXPECT_LE(sluice.metrics().value("sluice_shadow_compare_waiting_bytes"), 4 << 20);
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(RawClient(sluice.port()).post("/", "x").body, R"({"a":1})");
  EXPECT_EQ(Operator(sluice).get("/api/v1/routes/model/disagreements").status(), 200);
}

TEST(Evaluation, OutcomesCountForAShadowWhereItsAnswerIsTheOneThatWasServed) {
  const FakeUpstream live(R"({"a":1})");
  const FakeUpstream shadow([](Conversation& gateway) {
    for (;;) {
      const bool is_same = gateway.read_request().body == "same";
      gateway.answer(200, is_same ? R"({"a":1})" : R"({"a":2})");
    }
  });
  SluiceProcess sluice(
      gateway_yaml() +
      route_yaml("model", {version_yaml("v1", live), version_yaml("v2", shadow)},
                 "protocol: Raw\noutcomes: [{name: revenue, type: Value, attributionWindow: 1h}]\n" +
                     shadow_of("{version: v2}", "compare: {noise: 0%}, budget: {requestsInFlight: 200}")));
  std::string reports;
  RawClient client(sluice.port());
  for (int i = 0; i < 40; ++i) {
    const bool is_same = i % 4 != 0;
    const HttpMessage answer = client.post("/", is_same ? "same" : "other");
    reports +=
        R"({"decision":")" + answer.field("x-sluice-decision") + R"(","revenue":)" + (is_same ? "2" : "10") + "}\n";
  }
  EXPECT_EQ(client.post("/sluice/v1/outcomes", reports, {{"content-type", "application/x-ndjson"}}).status(), 200);
  const Operator person(sluice);
  nlohmann::json replay;
  EXPECT_TRUE(eventually([&] {
    const auto rollout = rollout_of(person);
    if (!rollout.contains("pairs") || rollout["pairs"].empty() || rollout["pairs"][0]["replays"].empty()) return false;
    replay = rollout["pairs"][0]["replays"][0];
    return replay["agreeing"] == 30 && replay["differing"] == 10;
  })) << rollout_of(person).dump(2);
  EXPECT_EQ(replay["outcome"], "revenue");
  EXPECT_EQ(replay["value"], 2) << "of the requests that both answered alike";
  EXPECT_EQ(replay["served"], 4) << "of all";
  EXPECT_EQ(replay["covered"], 0.75);
}

/// A model whose scores lie evenly within half a unit from `least` on.
FakeUpstream::Script scores_from(double least) {
  return [least, asked = std::make_shared<std::atomic<int>>(0)](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.answer(200, R"({"score":)" + std::to_string(least + 0.01 * ((*asked)++ % 50)) + "}");
    }
  };
}

TEST(Evaluation, ACandidateWhoseScoresDriftIsRolledBackWithoutAnyPair) {
  const FakeUpstream v1(scores_from(0.5));
  const FakeUpstream v2(scores_from(0.2));
  SluiceProcess sluice(
      rollout_policy(v1, v2,
                     canary("steps: [{setWeight: 30}, {pause: {}}], analysis: {interval: 1s, minRequests: 20, "
                            "checks: [{metric: score-drift, thresholdRange: {max: 0.1}}]}"),
                     {}, "protocol: Raw\ndrift: {score: {jsonPointer: /score}, reference: 200}\n"));
  const Operator person(sluice);
  Load load(sluice.port(), 4, request_text("POST", "/", "x"));
  ASSERT_TRUE(comes_to(person, "RolledBack")) << rollout_of(person).dump(2);
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(rollout_of(person)["reason"], "CheckFailed");
}

}  // namespace
}  // namespace sluice::test
