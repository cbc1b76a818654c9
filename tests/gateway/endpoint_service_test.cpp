#include "sluice/gateway/endpoint_service.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "configs.hpp"
#include "sluice/gateway/published.hpp"

namespace sluice::gateway {
namespace {

Config recording(std::uint32_t kept) {
  Config config = config_for({{"v1", 1}});
  config.routes[0].versions[0].supervision.warm_up.recorded = kept;
  return config;
}

/// The service as a reload uses it; its loop need not run.
class EndpointServiceTest : public testing::Test {
 protected:
  std::shared_ptr<upstream::RequestRecorder> recorder_of(Config config) {
    auto published = Published::load(std::move(config));
    EXPECT_TRUE(published);
    std::vector<metrics::RouteLayout> layouts;
    for (const Route& route : (*published)->config.routes) {
      layouts.push_back({route.name, route.strategy, {{"v1", "stable", 1, 1}}});
    }
    (*published)->slots = registry.configure(layouts);
    service.watch(**published);
    return (*published)->recorders.empty() ? nullptr : (*published)->recorders[0];
  }

  SystemClock clock;
  metrics::Registry registry{1};
  EndpointService service{registry, clock, [] {}};
};

TEST_F(EndpointServiceTest, WhatIsRecordedSurvivesAReloadThatAsksForTheSame) {
  const auto before = recorder_of(recording(5));
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(recorder_of(recording(5)), before);
}

TEST_F(EndpointServiceTest, WithoutConsentNothingIsRecordedAndWhatWasIsForgotten) {
  const std::weak_ptr<upstream::RequestRecorder> before = recorder_of(recording(5));
  EXPECT_EQ(recorder_of(recording(0)), nullptr);
  EXPECT_TRUE(before.expired());
}

TEST_F(EndpointServiceTest, WhatWasRecordedGoesWithItsRoute) {
  const std::weak_ptr<upstream::RequestRecorder> before = recorder_of(recording(5));
  ASSERT_FALSE(before.expired());
  Config other = recording(5);
  other.routes[0].name = "other";
  EXPECT_NE(recorder_of(std::move(other)), nullptr);
  EXPECT_TRUE(before.expired()) << "the requests of a route that nobody names any more";
}

}  // namespace
}  // namespace sluice::gateway
