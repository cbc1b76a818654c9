#include <filesystem>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

bool serves(SluiceProcess& sluice, const std::string& body) {
  RawClient client(sluice.port());
  return eventually([&] { return client.get("/").body == body; });
}

TEST(Reload, AnEditedFileTakesEffect) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  EXPECT_TRUE(serves(sluice, "one"));
  const auto generation = sluice.metrics().value("sluice_config_generation");
  sluice.write_policy(policy_for(second));
  EXPECT_TRUE(serves(sluice, "two"));
  EXPECT_TRUE(eventually([&] { return sluice.metrics().value("sluice_config_generation") > generation; }));
  EXPECT_EQ(sluice.metrics().value("sluice_config_last_reload_successful"), 1);
}

TEST(Reload, AFileThatIsWrittenInPlaceTakesEffect) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  std::filesystem::copy_file(TempDir().write("x", policy_for(second)), sluice.policy_path(),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(serves(sluice, "two"));
}

TEST(Reload, AHangUpReloadsAtOnce) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  sluice.write_policy(policy_for(second));
  sluice.signal(SIGHUP);
  EXPECT_TRUE(serves(sluice, "two"));
}

TEST(Reload, ASwappedConfigMapDirectoryTakesEffect) {
  namespace fs = std::filesystem;
  FakeUpstream first("one");
  FakeUpstream second("two");
  const TempDir mount;
  mount.write("..2026_1/policy.yaml", policy_for(first));
  fs::create_directory_symlink("..2026_1", mount / "..data");
  fs::create_symlink("..data/policy.yaml", mount / "policy.yaml");
  for (const auto& path : {mount.path(), mount / "policy.yaml"}) {
    SluiceProcess sluice = SluiceProcess::serve_path(path);
    EXPECT_TRUE(serves(sluice, "one")) << path;
    mount.write("..2026_2/policy.yaml", policy_for(second));
    fs::create_directory_symlink("..2026_2", mount / "..data_tmp");
    fs::rename(mount / "..data_tmp", mount / "..data");
    EXPECT_TRUE(serves(sluice, "two")) << path;
    fs::create_directory_symlink("..2026_1", mount / "..data_tmp");
    fs::rename(mount / "..data_tmp", mount / "..data");
    EXPECT_TRUE(serves(sluice, "one")) << path;
  }
}

TEST(Reload, AnInvalidPolicyKeepsTheOldOneAndSaysSo) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  const auto generation = sluice.metrics().value("sluice_config_generation");
  sluice.write_policy(policy_for(first) + "nonsense: [\n");
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_config_last_reload_successful"), 0);
  EXPECT_TRUE(sluice.logs_contain("policy.yaml:")) << sluice.logs();
  EXPECT_EQ(sluice.metrics().value("sluice_config_generation"), generation);
  EXPECT_TRUE(serves(sluice, "one"));
  sluice.write_policy(policy_for(second));
  EXPECT_TRUE(serves(sluice, "two"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_config_last_reload_successful"), 1);
}

TEST(Reload, WhatDoesNotActYetIsRefusedAndKeepsTheOldPolicy) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  sluice.write_policy(gateway_yaml() + route_yaml("model", {version_yaml("v1", second, "rewrite: {model: other}")}));
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_config_last_reload_successful"), 0);
  EXPECT_TRUE(sluice.logs_contain("rewrite")) << sluice.logs();
  EXPECT_TRUE(serves(sluice, "one"));
}

TEST(Reload, AFileThatVanishesKeepsTheOldPolicy) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  std::filesystem::remove(sluice.policy_path());
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_config_last_reload_successful"), 0);
  EXPECT_TRUE(serves(sluice, "one"));
  sluice.write_policy(policy_for(second));
  EXPECT_TRUE(serves(sluice, "two"));
}

TEST(Reload, ARequestInFlightEndsUnderThePolicyItBeganWith) {
  Gate gate;
  FakeUpstream first([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    gateway.wait_for(gate);
    gateway.send("3\r\nend\r\n0\r\n\r\n");
  });
  FakeUpstream second("two");
  SluiceProcess sluice(policy_for(first));
  RawClient streaming(sluice.port());
  streaming.send(request_text("GET", "/"));
  streaming.read_until("one");
  const auto generation = sluice.metrics().value("sluice_config_generation");
  sluice.write_policy(gateway_yaml() + route_yaml("other", {version_yaml("w1", second)}));
  ASSERT_TRUE(eventually([&] { return sluice.metrics().value("sluice_config_generation") > generation; }));
  EXPECT_TRUE(serves(sluice, "two"));
  gate.open();
  EXPECT_TRUE(streaming.read_until("0\r\n\r\n").ends_with("end\r\n0\r\n\r\n"));
  EXPECT_EQ(streaming.get("/").body, "two") << "the connection goes on under the new policy";
  EXPECT_TRUE(eventually([&] { return first.open_connections() == 0; })) << "connections of an old policy stay open";
}

TEST(Reload, ChangedWeightsMoveTraffic) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 0));
  EXPECT_TRUE(serves(sluice, "one"));
  const auto connections = first.connections();
  sluice.write_policy(split_policy(first, second, 0, 1));
  EXPECT_TRUE(serves(sluice, "two"));
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "two");
  EXPECT_LE(first.connections(), connections + 1) << "unchanged endpoints were dialled anew";
}

TEST(Reload, CountersGoOn) {
  FakeUpstream upstream("one");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").status(), 200);
  const auto generation = sluice.metrics().value("sluice_config_generation");
  sluice.signal(SIGHUP);
  sluice.write_policy(policy_for(upstream, "timeouts: {connect: 1500ms}"));
  ASSERT_TRUE(eventually([&] { return sluice.metrics().value("sluice_config_generation") > generation; }));
  EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_EQ(sluice.metric_becomes(6, "sluice_requests_total", {{"version", "v1"}, {"code", "200"}}), 6);
}

}  // namespace
}  // namespace sluice::test
