#include "sluice/app/admin_views.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace sluice::app {
namespace {

using test::TempDir;

upstream::EndpointReport report(std::string route, std::string version, std::string authority) {
  upstream::EndpointReport made;
  made.route = std::move(route);
  made.version = std::move(version);
  made.authority = std::move(authority);
  return made;
}

metrics::Snapshot snapshot() {
  metrics::Snapshot made;
  metrics::RouteSnapshot& route = made.routes.emplace_back();
  route.name = "fraud";
  for (const char* name : {"v1", "v2"}) {
    metrics::VersionSnapshot& version = route.versions.emplace_back();
    version.name = name;
    version.strategy = "canary";
  }
  return made;
}

TEST(AdminViews, EndpointsStandUnderTheirVersions) {
  const auto routes = route_views(
      snapshot(), {report("fraud", "v1", "a:1"), report("fraud", "v2", "b:1"), report("fraud", "v1", "a:2")});
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].strategy, "canary");
  ASSERT_EQ(routes[0].versions.size(), 2U);
  ASSERT_EQ(routes[0].versions[0].endpoints.size(), 2U);
  EXPECT_EQ(routes[0].versions[0].endpoints[1].endpoint, "a:2");
  EXPECT_EQ(routes[0].versions[1].endpoints[0].endpoint, "b:1");
}

TEST(AdminViews, WhatOnlyTheReportsNameIsShownNevertheless) {
  const auto routes = route_views(snapshot(), {report("fraud", "v17", "a:1"), report("beyond the cap", "v1", "b:1")});
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].versions.at(2).version, "v17");
  EXPECT_EQ(routes[1].route, "beyond the cap");
}

TEST(AdminViews, AnEndpointSaysWhyItIsWhatItIs) {
  auto ejected = report("fraud", "v1", "a:1");
  ejected.state = metrics::EndpointState::Ejected;
  ejected.share = 0;
  ejected.reason = "5 errors in a row";
  ejected.in_flight = 2;
  ejected.ejections = 3;
  const auto views = route_views(snapshot(), {ejected});
  const admin::EndpointView& view = views[0].versions[0].endpoints[0];
  EXPECT_EQ(view.state, "ejected");
  EXPECT_EQ(view.share, 0);
  EXPECT_EQ(view.reason, "5 errors in a row");
  EXPECT_EQ(view.in_flight, 2);
  EXPECT_EQ(view.ejections, 3U);
}

TEST(AdminViews, AnswersAreCountedAndThoseOf500AndMoreHaveFailed) {
  auto counted = snapshot();
  metrics::VersionTotals& live = counted.routes[0].versions[0].totals;
  live.responses[metrics::status_slot(200)] = 90;
  live.responses[metrics::status_slot(404)] = 6;
  live.responses[metrics::status_slot(500)] = 3;
  live.responses[metrics::status_slot(503)] = 1;
  live.in_flight = 4;
  metrics::VersionTotals& shadow = counted.routes[0].versions[1].totals;
  shadow.shadow_responses[metrics::status_slot(200)] = 5;
  shadow.shadow_duration.record(std::chrono::milliseconds(20));
  shadow.shadow_in_flight = 2;
  const auto versions = route_views(counted, {})[0].versions;
  EXPECT_EQ(versions[0].answered, 100U);
  EXPECT_EQ(versions[0].failed, 4U);
  EXPECT_EQ(versions[0].in_flight, 4);
  EXPECT_EQ(versions[1].answered, 5U);
  EXPECT_GT(versions[1].p50, std::chrono::milliseconds(18)) << "of the copies, since there are no requests";
  EXPECT_EQ(requests_in_flight(counted), 6);
  counted.routes[0].versions[1].totals.fallbacks.fill(2);
  EXPECT_EQ(route_views(counted, {})[0].versions[1].rescued, 2 * metrics::kFailureReasons)
      << "whoever answered: it was this one that failed them";
}

TEST(AdminViews, CopiesAreCountedWithWhyTheyWereDropped) {
  auto counted = snapshot();
  metrics::VersionTotals& shadow = counted.routes[0].versions[1].totals;
  shadow.shadow_responses[metrics::status_slot(200)] = 5;
  shadow.shadow_dropped[static_cast<std::size_t>(metrics::ShadowDropReason::Busy)] = 7;
  const auto versions = route_views(counted, {})[0].versions;
  EXPECT_FALSE(versions[0].copies) << "it never got one";
  ASSERT_TRUE(versions[1].copies);
  EXPECT_EQ(versions[1].copies->answered, 5U);
  ASSERT_EQ(versions[1].copies->dropped.size(), 1U);
  EXPECT_EQ(versions[1].copies->dropped[0].second, 7U);
}

TEST(AdminViews, WhatOnlyARolloutKnowsIsFilledIn) {
  auto routes = route_views(snapshot(), {report("pooled", "v1", "a:1")});
  routes[0].versions[0].role = "stable";
  routes[0].versions[0].target_weight = 0.75;
  rollout::RolloutView known;
  known.route = "pooled";
  known.strategy = "canary";
  known.versions = {{"v1", "stable", 0.9}};
  rollout::RolloutView other = known;
  other.route = "fraud";
  fill_from_rollouts(routes, {known, other});
  EXPECT_EQ(routes[1].strategy, "canary");
  EXPECT_EQ(routes[1].versions[0].role, "stable");
  EXPECT_EQ(routes[1].versions[0].target_weight, 0.9);
  EXPECT_EQ(routes[0].versions[0].target_weight, 0.75) << "its own counters know better";
}

TEST(AdminViews, ARouteWithoutCountersAndAddressesIsThereNevertheless) {
  auto routes = route_views(snapshot(), {report("pooled", "v1", "a:1")});
  rollout::RolloutView nameless;
  nameless.route = "nameless";
  nameless.strategy = "canary";
  nameless.versions = {{"v1", "stable", 1}};
  rollout::RolloutView half = nameless;
  half.route = "pooled";
  half.versions = {{"v1", "stable", 0.9}, {"v2", "candidate", 0.1}};
  fill_from_rollouts(routes, {half, nameless});
  ASSERT_EQ(routes.size(), 3U);
  ASSERT_EQ(routes[1].versions.size(), 2U);
  EXPECT_EQ(routes[1].versions[1].version, "v2");
  EXPECT_EQ(routes[1].versions[1].role, "candidate");
  EXPECT_EQ(routes[2].route, "nameless");
  EXPECT_EQ(routes[2].strategy, "canary");
  ASSERT_EQ(routes[2].versions.size(), 1U);
  EXPECT_EQ(routes[2].versions[0].target_weight, 1);
  const auto refusal = unknown_name({"nameless", "v1", ""}, routes);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, "v1 of nameless has no endpoint") << "it is known, but nobody can be drained";
}

TEST(AdminViews, AnOrderForNobodySaysWhichNameIsUnknown) {
  const auto routes = route_views(snapshot(), {report("fraud", "v1", "a:1")});
  const auto reason = [&](const char* route, const char* version, const char* endpoint) {
    const auto refusal = unknown_name({route, version, endpoint}, routes);
    EXPECT_TRUE(!refusal || refusal->status == 404);
    return refusal ? refusal->reason : "";
  };
  EXPECT_EQ(reason("fraud", "", ""), "");
  EXPECT_EQ(reason("fraud", "v1", ""), "");
  EXPECT_EQ(reason("fraud", "", "a:1"), "");
  EXPECT_EQ(reason("fraud", "v1", "a:1"), "");
  EXPECT_EQ(reason("frau", "v1", "a:1"), "there is no route frau");
  EXPECT_EQ(reason("fraud", "v3", ""), "route fraud has no version v3");
  EXPECT_EQ(reason("fraud", "v1", "b:1"), "v1 of fraud has no endpoint b:1");
  EXPECT_EQ(reason("fraud", "v2", "a:1"), "v2 of fraud has no endpoint a:1");
  EXPECT_EQ(reason("fraud", "", "b:1"), "fraud has no endpoint b:1");
  EXPECT_EQ(reason("fraud", "v2", ""), "v2 of fraud has no endpoint");
}

Result<std::string> read_token(const std::filesystem::path& file) {
  policy::Admin admin;
  admin.token_file = file;
  return token_of(admin);
}

TEST(AdminViews, WithoutAFileThereIsNoToken) {
  EXPECT_EQ(token_of({}).value(), "");
}

TEST(AdminViews, ATokenIsTheOneWordOfItsFile) {
  const TempDir dir;
  EXPECT_EQ(read_token(dir.write("token", "s3cret\n")).value(), "s3cret");
  EXPECT_EQ(read_token(dir.write("token", " \t s3cret")).value(), "s3cret");
  const auto reason = [&](std::string_view text) {
    const auto read = read_token(dir.write("token", text));
    return read ? "" : read.error().message;
  };
  const std::string place = "spec.admin.tokenFile " + (dir.path() / "token").string() + ": ";
  EXPECT_EQ(reason(""), place + "is empty");
  EXPECT_EQ(reason(" \n\n"), place + "is empty");
  EXPECT_EQ(reason("two words"), place + "holds more than one word of ASCII");
  EXPECT_EQ(reason("caf\xc3\xa9"), place + "holds more than one word of ASCII");
  EXPECT_EQ(reason(std::string(5000, 'x')), place + "holds more than a token");
  EXPECT_EQ(read_token("/nowhere/token").error().message, "spec.admin.tokenFile /nowhere/token: cannot be read");
  EXPECT_FALSE(read_token(dir.path())) << "a directory";
}

}  // namespace
}  // namespace sluice::app
