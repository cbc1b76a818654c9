// A bandit that learns which version suits which request, from what a shop reports: over real processes, and a restart.
#include <array>
#include <chrono>
#include <map>

#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

constexpr const char* kByDevice =
    "bandit: {arms: [v1, v2], reward: purchase, algorithm: LinearThompson, updateInterval: 200ms, minimumShare: 2%, "
    "context: [{header: x-device, type: Category, values: [mobile, desktop]}]}";

/// Purchases in a hundred: v1 sells on phones, v2 at desks. Dealt out evenly, so that luck has no part in it.
int purchases_in_100(const std::string& version, const std::string& device) {
  return (version == "v1") == (device == "mobile") ? 50 : 10;
}

/// A shop whose customers come with either device, and which reports what they bought.
class DeviceShop {
 public:
  /// The part of each device's requests that went to the version that sells there.
  struct Day {
    double mobile = 0;
    double desktop = 0;
  };

  Day open(const SluiceProcess& sluice, int customers) {
    RawClient client(sluice.port());
    std::map<std::string, std::array<int, 2>> seen;
    std::string lines;
    for (int i = 0; i < customers; ++i) {
      const std::string device = i % 2 == 0 ? "mobile" : "desktop";
      const HttpMessage answer = client.post("/", "x", {{"x-device", device}});
      const std::string version = version_of(answer);
      ++seen[device][version == "v1" ? 0 : 1];
      const bool buys = counts_[version + device]++ * 37 % 100 < purchases_in_100(version, device);
      if (buys) lines += R"({"decision":")" + answer.field("x-sluice-decision") + "\",\"purchase\":1}\n";
    }
    if (!lines.empty()) {
      const auto answer =
          RawClient(sluice.port()).post("/sluice/v1/outcomes", lines, {{"content-type", "application/x-ndjson"}});
      EXPECT_EQ(answer.status(), 200) << answer.body;
    }
    const double each = customers / 2.0;
    return {seen["mobile"][0] / each, seen["desktop"][1] / each};
  }

 private:
  std::map<std::string, int> counts_;
};

TEST(BanditByContext, EachDeviceEndsAtTheVersionThatSellsThere) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  const TempDir dir;
  const auto path = dir.write("policy.yaml", rollout_policy(v1, v2, kByDevice, kept_in(dir),
                                                            "outcomes: [{name: purchase, attributionWindow: 10s}]\n"));
  DeviceShop shop;
  {
    SluiceProcess sluice = SluiceProcess::serve_path(path);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kSanitized ? 150 : 60);
    DeviceShop::Day day;
    for (int days = 0; std::chrono::steady_clock::now() < deadline; ++days) {
      day = shop.open(sluice, 400);
      if (days >= 10 && day.mobile >= 0.85 && day.desktop >= 0.85) break;
    }
    EXPECT_GE(day.mobile, 0.85);
    EXPECT_GE(day.desktop, 0.85);
    const Operator person(sluice);
    const auto rollout = rollout_of(person);
    EXPECT_EQ(rollout["reason"], "Following") << rollout.dump(1);
    EXPECT_NE(rollout["message"].get<std::string>().find("by context"), std::string::npos) << rollout["message"];
    sluice.signal(SIGTERM);
    EXPECT_EQ(sluice.wait().code, 0);
  }
  const SluiceProcess again = SluiceProcess::serve_path(path);
  // Nothing is reported before the day is over, so nothing is learnt on it.
  const DeviceShop::Day day = shop.open(again, 400);
  EXPECT_GE(day.mobile, 0.8) << "a restart forgets nothing";
  EXPECT_GE(day.desktop, 0.8);
}

}  // namespace
}  // namespace sluice::test
