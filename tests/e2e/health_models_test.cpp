// Checks and ejection with model servers as processes, over TLS, and under load; what an operator sees of it.
#include "e2e/operator.hpp"
#include "e2e/sample_model.hpp"
#include "e2e/watched.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using Nothing = std::vector<std::string>;

/// A hung model fails three checks within a test's time, a busy machine none.
constexpr const char* kChecks = "health: {interval: 600ms, unhealthyInterval: 50ms, timeout: 500ms";

std::string digits(const std::vector<std::string>& urls, const std::string& spec) {
  return gateway_yaml() +
         route_yaml("digits", {version_yaml("v1", urls)}, "protocol: OpenInference\nretry: {attempts: 2}\n" + spec);
}

/// Every state that the endpoint of `address` entered, as the log tells.
bool log_tells(SluiceProcess& sluice, const std::string& address, const std::string& from, const std::string& to) {
  return eventually(
      [&] { return sluice.logs().find("endpoint=" + address + " from=" + from + " to=" + to) != std::string::npos; });
}

TEST(HealthOfModels, TheProtocolsOwnPathIsAskedByDefault) {
  SampleModel first;
  SampleModel second;
  SluiceProcess sluice(digits({first.url(), second.url()}, "health: {}"));
  const Operator admin(sluice);
  ASSERT_TRUE(eventually([&] {
    return admin.endpoint("digits", second.address())["lastCheck"].get<std::string>().starts_with("passed: 200 in ");
  }));
  EXPECT_EQ(admin.endpoint("digits", second.address())["reason"], "its checks pass");
  EXPECT_TRUE(eventually([&] {
    return sluice.metrics().value("sluice_health_checks_total", {{"result", "passed"}}) >= 1;
  }));
  EXPECT_EQ(sluice.metrics().value("sluice_health_checks_total", {{"result", "failed"}}), 0);
  const auto status = admin.verb({"status", "digits"});
  EXPECT_EQ(status.exit.code, 0) << status.err;
  EXPECT_NE(status.out.find("passed: 200 in "), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("2/2"), std::string::npos) << status.out;
}

TEST(HealthOfModels, AModelThatTheServerDoesNotHaveIsNotReady) {
  SampleModel model;
  SluiceProcess sluice(digits({model.url()}, std::string(kChecks) + ", model: digits}"));
  const Operator admin(sluice);
  ASSERT_TRUE(eventually([&] { return admin.endpoint("digits", model.address())["reason"] == "its checks pass"; }));
  sluice.write_policy(digits({model.url()}, std::string(kChecks) + ", model: letters}"));
  ASSERT_TRUE(admin.endpoint_becomes("digits", model.address(), "unhealthy"));
  const std::string last = admin.endpoint("digits", model.address())["lastCheck"];
  EXPECT_TRUE(last.starts_with("failed: 404 in ")) << last;
}

TEST(HealthOfModels, OneThatIsStoppedGetsNothingAndComesBackWithARamp) {
  SampleModel first;
  SampleModel second;
  SluiceProcess sluice(
      digits({first.url(), second.url()}, std::string(kChecks) + "}\nslowStart: {duration: 2s, floor: 10%}"));
  const Operator admin(sluice);
  ASSERT_TRUE(eventually([&] { return admin.endpoint("digits", second.address())["reason"] == "its checks pass"; }));
  second.signal(SIGSTOP);
  ASSERT_TRUE(admin.endpoint_becomes("digits", second.address(), "unhealthy"));
  const std::string reason = admin.endpoint("digits", second.address())["reason"];
  EXPECT_NE(reason.find("checks in a row failed (failed: response_timeout in "), std::string::npos) << reason;
  EXPECT_NE(admin.verb({"status", "digits"}).out.find("unhealthy"), std::string::npos);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_endpoints", {{"state", "unhealthy"}}), 1);

  Load load(sluice.port(), 3, infer_request());
  ASSERT_TRUE(load.answers(100)) << "none of them went to the one that hangs";
  second.signal(SIGCONT);
  EXPECT_TRUE(log_tells(sluice, second.address(), "unhealthy", "ramping"));
  EXPECT_TRUE(log_tells(sluice, second.address(), "ramping", "admitted"));
  ASSERT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing{});
  first.kill();
  RawClient client(sluice.port());
  EXPECT_EQ(client.exchange(infer_request()).status(), 200) << "the one that came back answers alone";
}

TEST(HealthOfModels, OneThatIsKilledComesBackAtItsOldPlace) {
  SampleModel first;
  auto second = std::make_unique<SampleModel>();
  SluiceProcess sluice(digits({first.url(), second->url()}, std::string(kChecks) + "}\nslowStart: {duration: 200ms}"));
  const Operator admin(sluice);
  const std::string address = second->address();
  const std::uint16_t port = second->port();
  ASSERT_TRUE(eventually([&] { return admin.endpoint("digits", address)["reason"] == "its checks pass"; }));
  second->kill();
  ASSERT_TRUE(admin.endpoint_becomes("digits", address, "unhealthy"));
  const std::string last = admin.endpoint("digits", address)["lastCheck"];
  EXPECT_TRUE(last.starts_with("failed: connect_failed in ")) << last;
  second = std::make_unique<SampleModel>(port);
  EXPECT_TRUE(admin.endpoint_becomes("digits", address, "admitted"));
}

// --- over TLS ---

TEST(HealthOverTls, AHandshakeIsPartOfTheCheck) {
  Certificates authority;
  Certificates stranger("stranger");
  const auto served_by = [](Certificates& of) {
    auto identity = of.issue("model.test");
    identity.ca_file.clear();  // asks for no certificate of ours
    return identity;
  };
  FakeUpstream trusted(answers(200, "trusted"), served_by(authority));
  FakeUpstream other(answers(200, "other"), served_by(stranger));
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model",
                                  {version_yaml("v1", std::vector<std::string>{trusted.url(), other.url()},
                                                "tls: {caFile: " + authority.ca_file() + ", serverName: model.test}")},
                                  std::string(kChecks) + "}"));
  const Operator admin(sluice);
  ASSERT_TRUE(eventually([&] { return admin.endpoint("model", address_of(trusted))["reason"] == "its checks pass"; }));
  ASSERT_TRUE(admin.endpoint_becomes("model", address_of(other), "unhealthy"));
  const std::string last = admin.endpoint("model", address_of(other))["lastCheck"];
  EXPECT_TRUE(last.starts_with("failed: tls_failed in ")) << last;
  EXPECT_EQ(trusted.request(0).target(), "/v2/health/ready");
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "trusted");
  EXPECT_EQ(other.request_count(), 0u);
}

// --- ejection under load ---

TEST(EjectionUnderLoad, OneOfFourThatFailsIsOutThenTriedThenBackAndNoClientNotices) {
  std::vector<std::unique_ptr<WatchedUpstream>> models;
  std::vector<std::string> urls;
  for (int i = 0; i < 4; ++i) {
    models.push_back(std::make_unique<WatchedUpstream>("model"));
    urls.push_back(models.back()->url());
  }
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {version_yaml("v1", urls)},
                                                   "ejection: {baseTime: 2s, probation: 1s}\n"
                                                   "retry: {on: [ServerError], budget: 100%, minBudget: 10}"));
  const Operator admin(sluice);
  WatchedUpstream& failing = *models[2];
  const std::string address = address_of(failing.upstream());
  Load load(sluice.port(), 4, request_text("POST", "/", "x"));
  ASSERT_TRUE(load.answers(200));
  failing.status = 500;
  ASSERT_TRUE(log_tells(sluice, address, "admitted", "ejected"));
  failing.status = 200;
  EXPECT_TRUE(sluice.logs_contain("errors in a row; ejected for 2s"));
  const auto out = admin.endpoint("model", address);
  const auto served = failing.served();
  ASSERT_TRUE(load.answers(50));
  if (admin.endpoint("model", address)["state"] == "ejected") {
    EXPECT_LE(failing.served(), served + 4) << "what was under way, and no more";
  }
  EXPECT_EQ(out["ejections"], 1);
  EXPECT_TRUE(log_tells(sluice, address, "ejected", "probation"));
  EXPECT_TRUE(log_tells(sluice, address, "probation", "admitted"));
  const auto back = failing.served();
  ASSERT_TRUE(load.answers(400));
  EXPECT_GT(failing.served(), back + 20) << "its part again";
  EXPECT_EQ(load.stop(), Nothing{});
  EXPECT_EQ(sluice.metrics().value("sluice_endpoint_ejections_total", {{"reason", "errors"}}), 1);
  EXPECT_EQ(sluice.metric_becomes(4, "sluice_endpoints", {{"state", "admitted"}}), 4);
}

}  // namespace
}  // namespace sluice::test
