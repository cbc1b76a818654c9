#include "sluice/upstream/dns_watch.hpp"

#include <future>

#include "name_fixture.hpp"
#include "sluice/upstream/service_loop.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

class DnsWatchTest : public NameFixture {
 protected:
  ~DnsWatchTest() override {
    watch.stop();
    EXPECT_TRUE(run_until([&] { return watch.is_quiet(); }));
  }
  /// Time passes until the name has been asked for once more and that was answered or given up.
  void until_asked_again(const std::string& host) {
    const auto before = done();
    const auto report = watch.report();
    for (const auto& name : report) {
      if (name.host == host)
        advance(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(name.next_look_up_seconds)) +
                wheel.tick());
    }
    EXPECT_TRUE(run_until([&] { return done() > before; })) << host << " was not asked for again";
  }
  std::uint64_t done() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < metrics::kLookupResults; ++i) sum += names.counters().lookups.at(i).value();
    return sum;
  }
  std::int64_t count(metrics::NameState state) {
    return names.counters().names[static_cast<std::size_t>(state)].value();
  }

  Strings changes;
  DnsWatch watch{context, names, [this](const std::string& host) { changes.push_back(host); }};
};

TEST_F(DnsWatchTest, ANewNameIsAskedForAtOnce) {
  server.set("model.test", {"10.0.0.2", "10.0.0.1"});
  watch.watch({"model.test"});
  EXPECT_EQ(watch.addresses("model.test"), Strings{});
  ASSERT_TRUE(run_until([&] { return !changes.empty(); }));
  EXPECT_EQ(watch.addresses("model.test"), (Strings{"10.0.0.1", "10.0.0.2"}));
  EXPECT_EQ(changes, Strings{"model.test"});
}

TEST_F(DnsWatchTest, FollowsTheNameAndTellsOnlyOfChanges) {
  server.set("model.test", {"10.0.0.1"}, 30);
  watch.watch({"model.test"});
  ASSERT_TRUE(run_until([&] { return changes.size() == 1; }));
  until_asked_again("model.test");
  EXPECT_EQ(changes.size(), 1u) << "the same answer";
  server.set("model.test", {"10.0.0.1", "10.0.0.2"}, 30);
  until_asked_again("model.test");
  EXPECT_EQ(changes.size(), 2u);
  EXPECT_EQ(watch.addresses("model.test"), (Strings{"10.0.0.1", "10.0.0.2"}));
  server.set("model.test", {"10.0.0.2"}, 30);
  until_asked_again("model.test");
  EXPECT_EQ(watch.addresses("model.test"), Strings{"10.0.0.2"});
}

TEST_F(DnsWatchTest, DoesNotAskBeforeTheAnswerIsAboutToExpire) {
  server.set("model.test", {"10.0.0.1"}, 30);
  watch.watch({"model.test"});
  ASSERT_TRUE(run_until([&] { return changes.size() == 1; }));
  advance(28s);
  settle();
  EXPECT_EQ(server.questions("model.test"), 1u);
  advance(1s + wheel.tick());
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") == 2; }));
}

TEST_F(DnsWatchTest, ServesStaleAnswersAndSaysSo) {
  server.set("model.test", {"10.0.0.1"}, 30);
  watch.watch({"model.test"});
  ASSERT_TRUE(run_until([&] { return changes.size() == 1; }));
  EXPECT_FALSE(watch.report().at(0).stale);
  EXPECT_NEAR(watch.report().at(0).expires_seconds, 30, 0.001);
  for (const Manner manner : {Manner::NoSuchName, Manner::ServerFailure, Manner::Refuses}) {
    server.behave(manner);
    until_asked_again("model.test");
    EXPECT_EQ(watch.addresses("model.test"), Strings{"10.0.0.1"});
  }
  const DnsReport report = watch.report().at(0);
  EXPECT_TRUE(report.stale);
  EXPECT_GT(report.stale_seconds, 0);
  EXPECT_EQ(report.failures, 3u);
  EXPECT_NE(report.last_error, "");
  server.behave(Manner::Answers);
  until_asked_again("model.test");
  EXPECT_FALSE(watch.report().at(0).stale);
  EXPECT_EQ(watch.report().at(0).last_error, "");
  EXPECT_EQ(changes.size(), 1u) << "nothing ever changed";
}

TEST_F(DnsWatchTest, CountsWhatIsKnownOfItsNames) {
  using metrics::NameState;
  server.set("a.test", {"10.0.0.1"}, 30);
  watch.watch({"a.test", "b.test"});
  ASSERT_EQ(io.run_one(), 1u) << "asks, and no more: an answer may be there at once";
  EXPECT_EQ(count(NameState::Unknown), 2);
  ASSERT_TRUE(run_until([&] { return done() == 2; }));
  EXPECT_EQ(count(NameState::Unknown), 1);
  EXPECT_EQ(count(NameState::Known), 1);
  EXPECT_EQ(names.counters().lookups[LookupResult::NoAddress].value(), 1u);
  server.behave(Manner::ServerFailure);
  advance(31s);
  ASSERT_TRUE(run_until([&] { return count(NameState::Stale) == 1; }));
  EXPECT_EQ(count(NameState::Known), 0);
  watch.watch({});
  settle();
  EXPECT_EQ(count(NameState::Unknown) + count(NameState::Stale), 0);
}

TEST_F(DnsWatchTest, NamesThatStayKeepTheirAnswer) {
  server.set("a.test", {"10.0.0.1"});
  server.set("b.test", {"10.0.0.2"});
  watch.watch({"a.test"});
  ASSERT_TRUE(run_until([&] { return changes.size() == 1; }));
  watch.watch({"b.test", "a.test", "b.test"});
  EXPECT_EQ(watch.addresses("a.test"), Strings{"10.0.0.1"});
  ASSERT_TRUE(run_until([&] { return changes.size() == 2; }));
  EXPECT_EQ(server.questions("a.test"), 1u);
  ASSERT_EQ(watch.report().size(), 2u);
  EXPECT_EQ(watch.report()[0].host, "b.test") << "in the order of the names";
  watch.watch({"b.test"});
  EXPECT_EQ(watch.addresses("a.test"), Strings{});
  EXPECT_EQ(watch.report().size(), 1u);
}

TEST_F(DnsWatchTest, ANameThatIsNoLongerWatchedIsNotAskedFor) {
  server.set("a.test", {"10.0.0.1"}, 5);
  watch.watch({"a.test"});
  ASSERT_TRUE(run_until([&] { return changes.size() == 1; }));
  watch.watch({});
  advance(1h);
  settle();
  EXPECT_EQ(server.questions("a.test"), 1u);
}

TEST_F(DnsWatchTest, AnAnswerForANameThatIsGoneIsForgotten) {
  server.set("a.test", {"10.0.0.1"});
  watch.watch({"a.test"});
  ASSERT_EQ(io.run_one(), 1u) << "the question is on its way";
  watch.watch({});
  ASSERT_TRUE(run_until([&] { return done() == 1; }));
  settle();
  EXPECT_EQ(changes, Strings{});
}

TEST_F(DnsWatchTest, NothingHappensAfterStop) {
  server.set("a.test", {"10.0.0.1"});
  watch.watch({"a.test"});
  watch.stop();
  ASSERT_TRUE(run_until([&] { return watch.is_quiet(); }));
  watch.watch({"b.test"});
  advance(1h);
  settle();
  EXPECT_EQ(changes, Strings{});
  EXPECT_EQ(watch.report().size(), 1u);
}

/// On a real loop, as at start-up.
class DnsWatchOnItsLoop : public testing::Test {
 protected:
  DnsWatchOnItsLoop() {
    settings.servers = {server.address()};
    settings.timeout = test::kPatience;
    settings.tries = 1;
    loop.start();
  }
  ~DnsWatchOnItsLoop() override {
    watch.stop();
    names.stop();
    loop.stop([&] { return watch.is_quiet() && names.is_quiet(); });
  }
  test::DnsServer server;
  SystemClock clock;
  NameServers settings;
  ServiceLoop loop{clock};
  NameService names{loop.context().io, settings};
  DnsWatch watch{loop.context(), names, nullptr};
};

TEST_F(DnsWatchOnItsLoop, StartUpWaitsForTheFirstAnswers) {
  names.update(settings);
  server.set("a.test", {"10.0.0.1"});
  server.set("b.test", {"10.0.0.2"});
  watch.watch({"a.test", "b.test"});
  EXPECT_TRUE(watch.wait_first(test::kPatience));
  EXPECT_EQ(watch.addresses("a.test"), Strings{"10.0.0.1"});
  EXPECT_EQ(watch.addresses("b.test"), Strings{"10.0.0.2"});
}

TEST_F(DnsWatchOnItsLoop, StartUpDoesNotWaitForASecondTryOfANameThatDoesNotExist) {
  names.update(settings);
  server.set("a.test", {"10.0.0.1"});
  watch.watch({"a.test", "nobody.test"});
  EXPECT_FALSE(watch.wait_first(test::kPatience)) << "one of them has none";
  EXPECT_EQ(watch.addresses("a.test"), Strings{"10.0.0.1"});
  EXPECT_GE(watch.report().at(1).failures, 1u);
}

TEST_F(DnsWatchOnItsLoop, StartUpGoesOnWhenNobodyAnswers) {
  settings.timeout = 1h;
  names.update(settings);
  server.behave(test::DnsServer::Manner::Silent);
  watch.watch({"a.test"});
  EXPECT_FALSE(watch.wait_first(20ms));
  EXPECT_EQ(watch.report().at(0).failures, 0u) << "still being asked for";
}

TEST_F(DnsWatchOnItsLoop, AWaitEndsWhenNobodyNeedsTheAnswerAnyMore) {
  settings.timeout = 1h;
  names.update(settings);
  server.behave(test::DnsServer::Manner::Silent);
  watch.watch({"a.test"});
  auto waiting = std::async(std::launch::async, [&] { return watch.wait_first(1h); });
  watch.end_waits();
  EXPECT_FALSE(waiting.get());
  EXPECT_FALSE(watch.wait_first(1h)) << "nor does anybody begin to wait";
}

TEST_F(DnsWatchOnItsLoop, NothingToWatchIsNothingToWaitFor) {
  EXPECT_TRUE(watch.wait_first(test::kPatience));
}

}  // namespace
}  // namespace sluice::upstream
