// What an operator took out stays out, whatever policies and name servers name meanwhile.
#include "e2e/operator.hpp"
#include "support/dns_server.hpp"

namespace sluice::test {
namespace {

constexpr const char* kStranded = "no endpoint of a version may get traffic, and no other version answers for it";

std::string drained_policy(const std::vector<std::string>& urls) {
  return gateway_yaml() + route_yaml("model", {version_yaml("v1", urls)}, "slowStart: {duration: 0s}");
}

TEST(DrainReturn, APolicyThatLeavesOnlyWhatIsTakenOutIsWarnedOf) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(drained_policy({first.url(), second.url()}));
  const Operator admin(sluice);
  EXPECT_EQ(admin.drain({{"route", "model"}, {"endpoint", address_of(second)}}).status(), 200);
  EXPECT_EQ(sluice.logs().find(kStranded), std::string::npos);
  sluice.write_policy(drained_policy({second.url()}));
  EXPECT_TRUE(sluice.logs_contain(std::string(kStranded) + " route=model version=v1 endpoints=1 draining=1"));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200) << "the warning comes before the policy is in force";
  RawClient client(sluice.port());
  expect_error(client.get("/"), 503, "no_endpoint");
  EXPECT_EQ(admin.drain({{"route", "model"}, {"endpoint", address_of(second)}, {"undo", true}}).status(), 200);
  EXPECT_EQ(client.get("/").body, "two");
}

TEST(DrainReturn, AnEndpointThatAPolicyNamesAgainStaysOut) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(drained_policy({first.url(), second.url()}));
  const Operator admin(sluice);
  EXPECT_EQ(admin.drain({{"route", "model"}, {"endpoint", address_of(second)}}).status(), 200);
  replace_file(sluice.policy_path(), drained_policy({first.url()}));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  EXPECT_TRUE(admin.endpoint("model", address_of(second)).is_null());
  replace_file(sluice.policy_path(), drained_policy({first.url(), second.url()}));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  EXPECT_EQ(admin.endpoint("model", address_of(second))["state"], "draining");
  EXPECT_EQ(admin.endpoint("model", address_of(second))["reason"], "taken out by an operator");

  replace_file(sluice.policy_path(), drained_policy({first.url()}));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  const auto undone = admin.verb({"drain", "model", "--endpoint", address_of(second), "--undo"});
  EXPECT_EQ(undone.exit.code, 0) << undone.err;
  EXPECT_EQ(admin.verb({"drain", "model", "--endpoint", address_of(second), "--undo"}).exit.code, 1) << "no such name";
  replace_file(sluice.policy_path(), drained_policy({first.url(), second.url()}));
  EXPECT_EQ(admin.post("/api/v1/reload").status(), 200);
  EXPECT_NE(admin.endpoint("model", address_of(second))["state"], "draining");
}

TEST(DrainReturn, AnAddressThatItsNameGivesAgainStaysOut) {
  FakeUpstream first(answers(200, "one"), "127.0.0.1", 0);
  FakeUpstream second(answers(200, "two"), "127.0.0.2", first.port());
  DnsServer names;
  names.set("model.test", {"127.0.0.1", "127.0.0.2"}, 0);
  SluiceProcess sluice(gateway_yaml("dns: {servers: [\"" + names.address() + "\"], minTtl: 100ms}") +
                       route_yaml("model", {version_yaml("v1", "dns://model.test:" + std::to_string(first.port()))},
                                  "slowStart: {duration: 0s}"));
  const Operator admin(sluice);
  const std::string address = "127.0.0.2:" + std::to_string(first.port());
  EXPECT_EQ(admin.drain({{"route", "model"}, {"endpoint", address}}).status(), 200);
  names.set("model.test", {"127.0.0.1"}, 0);
  ASSERT_TRUE(eventually([&] { return admin.endpoint("model", address).is_null(); }));
  names.set("model.test", {"127.0.0.1", "127.0.0.2"}, 0);
  ASSERT_TRUE(eventually([&] { return !admin.endpoint("model", address).is_null(); }));
  EXPECT_EQ(admin.endpoint("model", address)["state"], "draining");
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "one");
}

}  // namespace
}  // namespace sluice::test
