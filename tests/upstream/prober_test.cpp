#include "sluice/upstream/prober.hpp"

#include <gtest/gtest.h>

#include "pool_fixture.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using test::FakeUpstream;

class ProberTest : public PoolFixture {
 protected:
  ~ProberTest() override {
    if (!prober) return;
    prober->stop();
    EXPECT_TRUE(run_until([&] { return prober->is_quiet(); }));
    prober.reset();
  }
  Prober::Settings settings(std::uint16_t port, bool checks = true) {
    Prober::Settings settings;
    settings.endpoint.host = "127.0.0.1";
    settings.endpoint.port = port;
    settings.health.enabled = checks;
    settings.health.path = "/ready";
    return settings;
  }
  void start(Prober::Settings settings) {
    prober = std::make_unique<Prober>(context, *counters, std::move(settings),
                                      Prober::Events{[this](const CallOutcome& outcome) {
                                                       outcomes.push_back(outcome);
                                                       return pause;
                                                     },
                                                     [this](std::uint32_t round, const CallOutcome& outcome) {
                                                       rounds.push_back(round);
                                                       outcomes.push_back(outcome);
                                                       return rounds.size() < enough;
                                                     }});
  }
  void tick() { advance(wheel.tick()); }
  bool outcomes_reach(std::size_t count) {
    return run_until([&] { return outcomes.size() >= count; });
  }

  std::vector<CallOutcome> outcomes;
  std::vector<std::uint32_t> rounds;
  std::size_t enough = 1000;
  Duration pause = 5s;
  std::unique_ptr<Prober> prober;
};

TEST_F(ProberTest, ChecksAtOnceAndAgainAfterThePauseEachOverItsOwnConnection) {
  FakeUpstream upstream;
  start(settings(upstream.port()));
  tick();
  ASSERT_TRUE(outcomes_reach(1));
  EXPECT_EQ(outcomes[0].status, 200) << describe(outcomes[0]);
  EXPECT_EQ(upstream.request(0).target(), "/ready");
  advance(5s - 2 * wheel.tick());
  settle();
  EXPECT_EQ(upstream.request_count(), 1u);
  advance(3 * wheel.tick());
  ASSERT_TRUE(outcomes_reach(2));
  EXPECT_EQ(upstream.connections(), 2u);
}

TEST_F(ProberTest, ACheckHasItsOwnTimeout) {
  FakeUpstream upstream(test::never_answers());
  start(settings(upstream.port()));
  tick();
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 1; }));
  advance(1s + wheel.tick());
  ASSERT_TRUE(outcomes_reach(1));
  EXPECT_TRUE(outcomes[0].timed_out);
}

TEST_F(ProberTest, NewCheckSettingsAreTriedAtOnceAndOtherChangesAreNot) {
  FakeUpstream upstream;
  start(settings(upstream.port()));
  tick();
  ASSERT_TRUE(outcomes_reach(1));
  Prober::Settings other = settings(upstream.port());
  other.connect_timeout = 7s;
  prober->update(other);
  tick();
  settle();
  EXPECT_EQ(outcomes.size(), 1u);
  other.health.path = "/elsewhere";
  prober->update(other);
  tick();
  ASSERT_TRUE(outcomes_reach(2));
  EXPECT_EQ(upstream.request(1).target(), "/elsewhere");
  other.health.enabled = false;
  prober->update(other);
  advance(1min);
  settle();
  EXPECT_EQ(upstream.request_count(), 2u);
}

TEST_F(ProberTest, WarmUpRequestsGoOneAfterTheOtherOverOneConnection) {
  FakeUpstream upstream;
  start(settings(upstream.port(), false));
  std::vector<std::string> requests;
  for (const char* path : {"/a", "/b", "/c"}) {
    requests.push_back("GET " + std::string(path) + " HTTP/1.1\r\nhost: x\r\n\r\n");
  }
  prober->warm_up(1, requests, clock.now() + 30s);
  prober->warm_up(2, requests, clock.now() + 30s);
  EXPECT_EQ(prober->round(), 1u) << "one round at a time";
  ASSERT_TRUE(outcomes_reach(3));
  EXPECT_EQ(upstream.request(0).target(), "/a");
  EXPECT_EQ(upstream.request(2).target(), "/c");
  EXPECT_EQ(upstream.connections(), 1u);
  prober->warm_up(2, requests, clock.now() + 30s);
  EXPECT_EQ(prober->round(), 2u);
  ASSERT_TRUE(outcomes_reach(6));
}

TEST_F(ProberTest, AWarmUpEndsWhenItIsToldSo) {
  FakeUpstream upstream;
  start(settings(upstream.port(), false));
  enough = 1;
  prober->warm_up(1, std::vector<std::string>(5, "GET / HTTP/1.1\r\nhost: x\r\n\r\n"), clock.now() + 30s);
  ASSERT_TRUE(outcomes_reach(1));
  settle();
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST_F(ProberTest, StoppingEndsWhatIsUnderWayAndTellsNothing) {
  FakeUpstream upstream(test::never_answers());
  start(settings(upstream.port()));
  tick();
  prober->warm_up(1, {"GET / HTTP/1.1\r\nhost: x\r\n\r\n"}, clock.now() + 30s);
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 2; }));
  EXPECT_FALSE(prober->is_quiet());
  prober->stop();
  EXPECT_TRUE(run_until([&] { return prober->is_quiet(); }));
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(ProberTest, NothingIsDialledBeforeItIsNeeded) {
  FakeUpstream upstream;
  start(settings(upstream.port(), false));
  advance(1min);
  settle();
  EXPECT_EQ(counters->connects.value() + counters->connect_failures.value(), 0u);
  prober->warm_up(1, {"GET / HTTP/1.1\r\nhost: x\r\n\r\n"}, clock.now() + 30s);
  ASSERT_TRUE(outcomes_reach(1));
  EXPECT_EQ(counters->connects.value(), 1u);
}

}  // namespace
}  // namespace sluice::upstream
