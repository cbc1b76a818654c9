// How far a rollout may count on an endpoint, which is not the same as whether it has traffic.
#include <gtest/gtest.h>

#include "sluice/upstream/version_watch.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

class Standings : public testing::Test {
 protected:
  WatchedVersion version(std::size_t endpoints) const {
    WatchedVersion version;
    version.route = "fraud";
    version.version = "v1";
    version.supervision = rules;
    for (std::size_t i = 0; i < endpoints; ++i) {
      version.endpoints.push_back({.host = "10.0.0." + std::to_string(i + 1), .port = 80, .tls_settings = {}});
    }
    return version;
  }
  void configure(WatchedVersion config) {
    auto next = std::make_unique<VersionWatch>(
        std::move(config), watch.get(), watch == nullptr, [] { return std::make_shared<EndpointStatus>(2, [] {}); },
        now);
    watch = std::move(next);
    look();
  }
  void look() { watch->look(now, true); }
  void check(std::size_t endpoint, bool passed) { watch->checked(at(endpoint), passed, "checked", 0.5); }
  WatchedEndpoint& at(std::size_t endpoint) { return *watch->endpoints().at(endpoint); }
  std::uint32_t share(std::size_t endpoint) { return at(endpoint).status->share(); }

  Supervision rules{.health = {.enabled = true}};
  TimePoint now{1h};
  std::unique_ptr<VersionWatch> watch;
};

TEST_F(Standings, TheFirstEndpointsHaveTrafficButStandForNothingUntilTheirFirstCheckHasEnded) {
  configure(version(2));
  EXPECT_EQ(at(0).standing, Standing::Unchecked);
  EXPECT_EQ(at(0).status->standing(), Standing::Unchecked);
  EXPECT_EQ(share(0), EndpointStatus::kFullShare);
  now += 1min;
  check(0, true);
  check(1, false);
  look();
  EXPECT_EQ(at(0).status->standing(), Standing::Ready);
  EXPECT_EQ(at(0).ready_since, now);
  EXPECT_EQ(at(1).status->standing(), Standing::Out);
}

TEST_F(Standings, PanicGivesTrafficAndMakesNobodyReady) {
  configure(version(2));
  check(0, false);
  check(1, false);
  look();
  EXPECT_GT(share(0), 0);
  EXPECT_EQ(at(0).status->standing(), Standing::Out);
}

TEST_F(Standings, WithoutChecksTheFirstEndpointsAreReady) {
  rules.health.enabled = false;
  configure(version(1));
  EXPECT_EQ(at(0).status->standing(), Standing::Ready);
  WatchedVersion out = version(1);
  out.withheld = {"10.0.0.1:80"};
  configure(out);
  watch->take_out_withheld();
  look();
  EXPECT_EQ(at(0).standing, Standing::Ready) << "but for the rollout";
  EXPECT_EQ(at(0).status->standing(), Standing::Out);
}

}  // namespace
}  // namespace sluice::upstream
