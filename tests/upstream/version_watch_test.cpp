#include "sluice/upstream/version_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::EndpointState;

constexpr double kMiddleOfJitter = 0.5;

/// A version's endpoints with real statuses, time by hand.
class VersionWatchTest : public testing::Test {
 protected:
  WatchedVersion version(std::size_t endpoints) const {
    WatchedVersion version;
    version.route = "fraud";
    version.version = "v1";
    version.supervision = rules;
    version.has_fallback = has_fallback;
    version.recorder = recorder;
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
  WatchStep look(bool at_requests = true) { return watch->look(now, at_requests); }
  WatchStep after(Duration time) {
    now += time;
    return look();
  }
  void check(std::size_t endpoint, bool passed) { watch->checked(at(endpoint), passed, "checked", kMiddleOfJitter); }
  void fail(std::size_t endpoint, int times) {
    for (int i = 0; i < times; ++i) at(endpoint).status->server_error(i % 2);
  }
  WatchedEndpoint& at(std::size_t endpoint) { return *watch->endpoints().at(endpoint); }
  EndpointState state(std::size_t endpoint) { return at(endpoint).verdict.state; }
  double share(std::size_t endpoint) {
    return static_cast<double>(watch->board()->endpoints.at(endpoint)->share()) / EndpointStatus::kFullShare;
  }
  std::uint32_t epoch() const { return watch->board()->epoch.load(); }

  Supervision rules{.health = {.enabled = true}};
  bool has_fallback = false;
  std::shared_ptr<RequestRecorder> recorder;
  TimePoint now{1h};
  std::unique_ptr<VersionWatch> watch;
};

TEST_F(VersionWatchTest, TheFirstEndpointsGetTheirWholeShareAtOnce) {
  configure(version(2));
  EXPECT_EQ(state(0), EndpointState::Admitted);
  EXPECT_EQ(share(0), 1);
  EXPECT_EQ(share(1), 1);
}

TEST_F(VersionWatchTest, ALaterEndpointGetsNothingUntilItIsReadyThenRamps) {
  configure(version(1));
  configure(version(2));
  EXPECT_EQ(state(1), EndpointState::Starting);
  EXPECT_EQ(share(1), 0);
  check(1, true);
  const WatchStep step = look();
  ASSERT_EQ(step.changes.size(), 1u);
  EXPECT_EQ(step.changes[0].endpoint, &at(1));
  EXPECT_EQ(step.changes[0].from, EndpointState::Starting);
  EXPECT_EQ(state(1), EndpointState::Ramping);
  EXPECT_NEAR(share(1), 0.1, 0.001);
  after(15s);
  EXPECT_NEAR(share(1), 0.55, 0.001);
  after(15s);
  EXPECT_EQ(share(1), 1);
  EXPECT_EQ(share(0), 1) << "the other one was not touched";
}

TEST_F(VersionWatchTest, TheEpochGrowsOnlyWhenAShareChanged) {
  configure(version(2));
  const std::uint32_t before = epoch();
  for (int i = 0; i < 10; ++i) after(1s);
  EXPECT_EQ(epoch(), before);
  check(0, false);
  look();
  EXPECT_EQ(epoch(), before + 1);
}

TEST_F(VersionWatchTest, AnUnchangedListKeepsItsBoardAndAChangedOneItsStatuses) {
  configure(version(2));
  const auto board = watch->board();
  const auto kept = at(0).status;
  rules.panic_threshold = 0.3;
  configure(version(2));
  EXPECT_EQ(watch->board(), board);
  configure(version(3));
  EXPECT_NE(watch->board(), board);
  EXPECT_EQ(at(0).status, kept);
}

TEST_F(VersionWatchTest, EndpointsKeepTheirStateWhateverTheirPlace) {
  configure(version(3));
  check(1, false);
  look();
  ASSERT_EQ(state(1), EndpointState::Unhealthy);
  WatchedVersion turned = version(3);
  std::reverse(turned.endpoints.begin(), turned.endpoints.end());
  turned.endpoints.pop_back();
  configure(turned);
  EXPECT_EQ(at(0).spec.host, "10.0.0.3");
  EXPECT_EQ(state(0), EndpointState::Admitted);
  EXPECT_EQ(state(1), EndpointState::Unhealthy);
}

TEST_F(VersionWatchTest, OneThatIsNoLongerNamedIsForgotten) {
  configure(version(2));
  const auto gone = watch->endpoints()[1];
  configure(version(1));
  EXPECT_EQ(gone->watch, nullptr);
  EXPECT_EQ(at(0).watch, watch.get());
  configure(version(2));
  EXPECT_NE(watch->endpoints()[1], gone);
  EXPECT_EQ(state(1), EndpointState::Starting) << "nobody knows how it fared meanwhile";
}

TEST_F(VersionWatchTest, ErrorsOfAllWorkersEjectAndProbationFollows) {
  configure(version(3));
  fail(1, 5);
  WatchStep step = look();
  EXPECT_EQ(state(1), EndpointState::Ejected);
  EXPECT_EQ(share(1), 0);
  EXPECT_EQ(step.ejections, std::vector{metrics::EjectionReason::Errors});
  EXPECT_EQ(at(1).ejections, 1u);
  EXPECT_EQ(at(1).status->consecutive_errors(), 0u) << "forgotten";
  after(30s);
  EXPECT_EQ(state(1), EndpointState::Probation);
  EXPECT_NEAR(share(1), 0.1, 0.001);
  after(10s);
  EXPECT_EQ(state(1), EndpointState::Admitted);
}

TEST_F(VersionWatchTest, ALookAtTheTimeAloneJudgesNoRequests) {
  configure(version(3));
  fail(1, 5);
  look(false);
  EXPECT_EQ(state(1), EndpointState::Admitted);
}

TEST_F(VersionWatchTest, ErrorsFromBeforeItWasReadyDoNotCount) {
  configure(version(2));
  check(1, false);
  look();
  fail(1, 7);
  check(1, true);
  check(1, true);
  look();
  EXPECT_EQ(state(1), EndpointState::Ramping);
  look();
  EXPECT_EQ(state(1), EndpointState::Ramping);
}

TEST_F(VersionWatchTest, WorkersPromptAtTheSmallerOfBothLimits) {
  rules.ejection.consecutive_errors = 7;
  rules.ejection.consecutive_gateway_errors = 3;
  int prompts = 0;
  watch = std::make_unique<VersionWatch>(
      version(1), nullptr, true, [&] { return std::make_shared<EndpointStatus>(2, [&] { ++prompts; }); }, now);
  fail(0, 2);
  EXPECT_EQ(prompts, 0);
  fail(0, 1);
  EXPECT_EQ(prompts, 1);
  rules.ejection.enabled = false;
  configure(version(1));
  fail(0, 30);
  EXPECT_EQ(prompts, 1) << "nobody would listen";
}

TEST_F(VersionWatchTest, PanicGivesTrafficBackAndEndsWhenEnoughAreUsable) {
  configure(version(3));
  check(0, false);
  check(1, false);
  WatchStep step = look();
  EXPECT_TRUE(step.panic_changed);
  EXPECT_TRUE(watch->usability().panic);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(share(i), 1);
  EXPECT_EQ(state(0), EndpointState::Unhealthy) << "the state stays true";
  check(0, true);
  check(0, true);
  step = look();
  EXPECT_TRUE(step.panic_changed);
  EXPECT_EQ(share(1), 0);
  EXPECT_NE(watch->reason(at(1), now), "");
}

TEST_F(VersionWatchTest, WithAnotherVersionToAnswerNobodyPanics) {
  has_fallback = true;
  configure(version(1));
  check(0, false);
  look();
  EXPECT_EQ(share(0), 0);
}

TEST_F(VersionWatchTest, OneThatWasTakenOutStaysOutThoughItGoesAndReturns) {
  configure(version(2));
  EXPECT_EQ(watch->drain("10.0.0.2:80", true), 1u);
  EXPECT_EQ(watch->drain("10.0.0.2:80", true), 0u);
  look();
  configure(version(1));
  configure(version(3));
  EXPECT_EQ(state(1), EndpointState::Draining);
  EXPECT_EQ(share(1), 0);
  EXPECT_NE(state(2), EndpointState::Draining);
  EXPECT_EQ(watch->drain("10.0.0.2:80", false), 1u);
  configure(version(1));
  configure(version(2));
  EXPECT_EQ(state(1), EndpointState::Starting) << "called off, and so forgotten";
}

TEST_F(VersionWatchTest, ADrainIsCalledOffWhileTheEndpointIsAway) {
  for (const char* by : {"10.0.0.2:80", ""}) {
    configure(version(2));
    watch->drain("10.0.0.2:80", true);
    configure(version(1));
    EXPECT_TRUE(watch->is_drained("10.0.0.2:80"));
    EXPECT_EQ(watch->drain(by, false), 1u);
    EXPECT_EQ(watch->drain(by, false), 0u);
    EXPECT_FALSE(watch->is_drained("10.0.0.2:80"));
    configure(version(2));
    EXPECT_EQ(state(1), EndpointState::Starting);
  }
}

TEST_F(VersionWatchTest, IsStrandedWhenOnlyWhatIsTakenOutIsLeft) {
  configure(version(2));
  watch->drain("10.0.0.1:80", true);
  look();
  EXPECT_FALSE(watch->is_stranded());
  configure(version(1));
  EXPECT_TRUE(watch->is_stranded());
  has_fallback = true;
  configure(version(1));
  EXPECT_FALSE(watch->is_stranded()) << "another version answers";
  has_fallback = false;
  configure(version(2));
  EXPECT_FALSE(watch->is_stranded());
  configure(version(0));
  EXPECT_FALSE(watch->is_stranded()) << "nothing is named yet";
}

TEST_F(VersionWatchTest, CountsSayHowManyAreInEachState) {
  configure(version(3));
  check(0, false);
  at(2).life.draining = true;
  look();
  metrics::EndpointCounts expected{};
  expected[static_cast<std::size_t>(EndpointState::Unhealthy)] = 1;
  expected[static_cast<std::size_t>(EndpointState::Admitted)] = 1;
  expected[static_cast<std::size_t>(EndpointState::Draining)] = 1;
  EXPECT_EQ(watch->counts(), expected);
}

TEST_F(VersionWatchTest, AWarmUpSendsThePolicysRequestsAndTheRecordedOnes) {
  rules.warm_up.requests = {{"POST", "/a", {}, "1"}, {"POST", "/b", {}, "2"}};
  rules.warm_up.repeat = 2;
  rules.warm_up.recorded = 5;
  recorder = std::make_shared<RequestRecorder>(5, 100);
  recorder->offer("POST /real HTTP/1.1\r\nhost: x\r\n\r\n", "");
  configure(version(1));
  configure(version(2));
  check(1, true);
  EXPECT_TRUE(look().warm_up_began);
  EXPECT_EQ(at(1).warm_up_round, 1u);
  EXPECT_EQ(at(1).life.warm_up.planned, 5u);
  recorder->offer("POST /later HTTP/1.1\r\nhost: x\r\n\r\n", "");
  const auto requests = watch->warm_up_requests(at(1));
  ASSERT_EQ(requests.size(), 5u) << "as many as were planned";
  EXPECT_TRUE(requests[0].starts_with("POST /a "));
  EXPECT_TRUE(requests[3].starts_with("POST /b "));
  EXPECT_TRUE(requests[4].starts_with("POST /real "));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(watch->warmed(at(1), 1, true, now));
  EXPECT_EQ(state(1), EndpointState::Starting);
  EXPECT_FALSE(watch->warmed(at(1), 1, false, now)) << "that was the last";
  look();
  EXPECT_EQ(state(1), EndpointState::Ramping);
}

TEST_F(VersionWatchTest, WhatAnEarlierWarmUpTellsLateDoesNotCount) {
  rules.warm_up.requests = {{"POST", "/a", {}, "1"}};
  configure(version(1));
  configure(version(2));
  check(1, true);
  look();
  for (int i = 0; i < 3; ++i) check(1, false);
  look();
  for (int i = 0; i < 2; ++i) check(1, true);
  look();
  ASSERT_EQ(at(1).warm_up_round, 2u);
  EXPECT_FALSE(watch->warmed(at(1), 1, true, now));
  look();
  EXPECT_EQ(state(1), EndpointState::Starting);
}

TEST_F(VersionWatchTest, WithoutChecksANewEndpointIsWarmedUpAtOnce) {
  rules.health.enabled = false;
  rules.warm_up.requests = {{"POST", "/a", {}, "1"}};
  configure(version(1));
  EXPECT_EQ(state(0), EndpointState::Admitted) << "believed";
  configure(version(2));
  EXPECT_EQ(state(1), EndpointState::Starting);
  EXPECT_EQ(at(1).warm_up_round, 1u);
}

TEST_F(VersionWatchTest, AnEndpointNamedTwiceIsTwo) {
  WatchedVersion twice = version(1);
  twice.endpoints.push_back(twice.endpoints[0]);
  configure(twice);
  configure(twice);
  ASSERT_EQ(watch->endpoints().size(), 2u);
  EXPECT_NE(watch->endpoints()[0], watch->endpoints()[1]);
}

// --- what the rollout withholds ---

TEST_F(VersionWatchTest, HowLongAnEndpointIsReadyBeginsAnewWhenTheRolloutLetsItIn) {
  configure(version(2));
  check(1, true);
  look();
  after(1min);
  WatchedVersion out = version(2);
  out.withheld = {"10.0.0.2:80"};
  configure(out);
  EXPECT_EQ(share(1), 1) << "until it is taken out";
  EXPECT_TRUE(watch->take_out_withheld());
  EXPECT_FALSE(watch->take_out_withheld()) << "it is out already";
  after(1min);
  EXPECT_EQ(share(1), 0);
  EXPECT_EQ(at(1).standing, Standing::Ready);
  EXPECT_EQ(now - at(1).ready_since, 2min);
  configure(version(2));
  EXPECT_EQ(at(1).standing, Standing::Out);
  EXPECT_TRUE(at(1).check_due);
  check(1, true);
  after(5s);
  EXPECT_EQ(at(1).standing, Standing::Ready);
  EXPECT_EQ(now - at(1).ready_since, 0s);
  EXPECT_EQ(state(1), EndpointState::Ramping);
}

TEST_F(VersionWatchTest, AnEjectionIsOverWhenTheRolloutHasHadTheEndpointOut) {
  configure(version(3));
  fail(0, 5);
  look();
  ASSERT_EQ(state(0), EndpointState::Ejected);
  WatchedVersion out = version(3);
  out.withheld = {"10.0.0.1:80"};
  configure(out);
  watch->take_out_withheld();
  look();
  EXPECT_EQ(at(0).standing, Standing::Out);
  configure(version(3));
  check(0, true);
  look();
  EXPECT_EQ(state(0), EndpointState::Ramping) << "whatever is behind it now begins anew";
}

TEST_F(VersionWatchTest, IsNeitherInPanicNorStrandedByWhatTheRolloutWithholds) {
  WatchedVersion out = version(2);
  out.withheld = {"10.0.0.1:80", "10.0.0.2:80"};
  configure(out);
  EXPECT_EQ(share(0) + share(1), 0);
  EXPECT_FALSE(watch->is_stranded());
  out.withheld = {"10.0.0.1:80"};
  configure(out);
  EXPECT_EQ(share(1), 0) << "it is to become ready first, whatever panic says";
  EXPECT_FALSE(watch->is_stranded());
  check(1, true);
  look();
  after(1h);
  EXPECT_EQ(share(1), 1);
}

}  // namespace
}  // namespace sluice::upstream
