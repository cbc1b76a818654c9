#include "sluice/upstream/name_service.hpp"

#include <algorithm>
#include <thread>

#include "name_fixture.hpp"
#include "support/connection.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;
using NameServiceTest = NameFixture;

TEST_F(NameServiceTest, GivesAddressesInTheServersOrderAndTheirSmallestLife) {
  server.set("model.test", {"10.0.0.2", "10.0.0.1", "10.0.0.3"}, 17);
  const NameAnswer answer = look_up("model.test");
  EXPECT_EQ(answer.result, LookupResult::Answered);
  EXPECT_EQ(texts(answer.addresses), (Strings{"10.0.0.2", "10.0.0.1", "10.0.0.3"}));
  EXPECT_EQ(answer.ttl, 17s);
  EXPECT_FALSE(answer.v4_failed || answer.v6_failed);
  EXPECT_EQ(answer.error, "");
}

TEST_F(NameServiceTest, GivesBothFamilies) {
  server.set("model.test", {"10.0.0.1", "fd00::1"});
  const NameAnswer answer = look_up("model.test");
  auto found = texts(answer.addresses);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (Strings{"10.0.0.1", "fd00::1"}));
}

TEST_F(NameServiceTest, AnAliasMayLiveShorterThanWhatItStandsFor) {
  server.set("real.test", {"10.0.0.1"}, 200);
  server.alias("model.test", "real.test", 9);
  const NameAnswer answer = look_up("model.test");
  EXPECT_EQ(texts(answer.addresses), Strings{"10.0.0.1"});
  EXPECT_EQ(answer.ttl, 9s);
}

TEST_F(NameServiceTest, AnswersHoldWithinTheBounds) {
  NameServers bounded = settings();
  bounded.min_ttl = 2s;
  bounded.max_ttl = 30s;
  names.update(bounded);
  server.set("short.test", {"10.0.0.1"}, 0);
  server.set("long.test", {"10.0.0.1"}, 86400);
  EXPECT_EQ(look_up("short.test").ttl, 2s);
  EXPECT_EQ(look_up("long.test").ttl, 30s);
  EXPECT_EQ(look_up("long.test").pause, 2s);
}

TEST_F(NameServiceTest, ANameWithoutAddressesIsNotAFailureOfTheServer) {
  server.set("empty.test", {});
  for (const char* host : {"empty.test", "nobody.test"}) {
    const NameAnswer answer = look_up(host);
    EXPECT_EQ(answer.result, LookupResult::NoAddress) << host;
    EXPECT_TRUE(answer.addresses.empty());
    EXPECT_NE(answer.error, "");
  }
}

TEST_F(NameServiceTest, TellsHowAServerFails) {
  server.set("model.test", {"10.0.0.1"});
  for (const Manner manner : {Manner::ServerFailure, Manner::Refuses, Manner::Garbage}) {
    server.behave(manner);
    const NameAnswer answer = look_up("model.test");
    EXPECT_EQ(answer.result, LookupResult::Failed) << static_cast<int>(manner) << " " << answer.error;
    EXPECT_TRUE(answer.v4_failed && answer.v6_failed);
    EXPECT_NE(answer.error, "");
  }
}

TEST_F(NameServiceTest, GivesUpOnASilentServerAfterItsTries) {
  server.set("model.test", {"10.0.0.1"});
  server.behave(Manner::Silent);
  EXPECT_EQ(look_up("model.test").result, LookupResult::Timeout);
  EXPECT_EQ(server.questions("model.test"), 2u) << "two tries";
}

TEST_F(NameServiceTest, BelievesNoAnswerThatItDidNotAskFor) {
  server.set("model.test", {"10.0.0.66"});
  server.behave(Manner::WrongId);
  EXPECT_EQ(look_up("model.test").result, LookupResult::Timeout);
}

TEST_F(NameServiceTest, AFamilyThatFailsDoesNotSpoilTheOther) {
  server.set("model.test", {"10.0.0.1", "fd00::1"});
  server.behave(Family::V6, Manner::ServerFailure);
  const NameAnswer answer = look_up("model.test");
  EXPECT_EQ(answer.result, LookupResult::Answered);
  EXPECT_EQ(texts(answer.addresses), Strings{"10.0.0.1"});
  EXPECT_TRUE(answer.v6_failed);
  EXPECT_FALSE(answer.v4_failed);
}

TEST_F(NameServiceTest, AsksAgainOverTcpWhenADatagramIsTooSmall) {
  Strings many;
  for (int i = 1; i <= 200; ++i) many.push_back("10.0.1." + std::to_string(i));
  server.set("model.test", many);
  EXPECT_EQ(texts(look_up("model.test").addresses), many);
  EXPECT_EQ(server.tcp_questions(), 1u);
  server.set("model.test", {"10.0.0.1"});
  server.behave(Manner::Truncates);
  EXPECT_EQ(texts(look_up("model.test").addresses), Strings{"10.0.0.1"});
}

TEST_F(NameServiceTest, WhoAsksForTheSameNameSharesTheQuestion) {
  server.set("model.test", {"10.0.0.1"});
  std::vector<std::shared_ptr<Asker>> askers;
  for (int i = 0; i < 50; ++i) askers.push_back(ask("model.test"));
  ASSERT_TRUE(run_until([&] { return askers.back()->called > 0; }));
  for (const auto& asker : askers) {
    EXPECT_EQ(asker->called, 1);
    EXPECT_EQ(texts(asker->answer.addresses), Strings{"10.0.0.1"});
  }
  EXPECT_EQ(server.questions("model.test"), 1u);
  EXPECT_EQ(names.counters().lookups[LookupResult::Answered].value(), 1u);
}

TEST_F(NameServiceTest, NothingIsCached) {
  server.set("model.test", {"10.0.0.1"});
  EXPECT_EQ(texts(look_up("model.test").addresses), Strings{"10.0.0.1"});
  server.set("model.test", {"10.0.0.2"});
  EXPECT_EQ(texts(look_up("model.test").addresses), Strings{"10.0.0.2"});
}

TEST_F(NameServiceTest, ManyNamesAtOnce) {
  std::vector<std::shared_ptr<Asker>> askers;
  for (int i = 0; i < 100; ++i) {
    const std::string host = "m" + std::to_string(i) + ".test";
    server.set(host, {"10.0.0." + std::to_string(i)});
    askers.push_back(ask(host));
  }
  for (int i = 0; i < 100; ++i) {
    const auto& asker = askers[static_cast<std::size_t>(i)];
    ASSERT_TRUE(run_until([&] { return asker->called > 0; }));
    EXPECT_EQ(texts(asker->answer.addresses), Strings{"10.0.0." + std::to_string(i)});
  }
}

TEST_F(NameServiceTest, AddressesAndTheHostsFileNeedNoServer) {
  server.behave(Manner::Silent);
  EXPECT_EQ(texts(look_up("10.1.2.3").addresses), Strings{"10.1.2.3"});
  EXPECT_EQ(texts(look_up("fd00::7").addresses), Strings{"fd00::7"});
  const auto local = texts(look_up("localhost").addresses);
  EXPECT_NE(std::find(local.begin(), local.end(), "127.0.0.1"), local.end());
  EXPECT_EQ(server.questions("localhost") + server.questions("localhost", Family::V6), 0u);
}

TEST_F(NameServiceTest, MalformedNamesAreAnsweredToo) {
  for (const std::string& host : {std::string(), std::string("."), std::string(300, 'a'), std::string("a..b"),
                                  std::string("no such\nname"), std::string("[::1]")}) {
    EXPECT_TRUE(look_up(host).addresses.empty()) << host;
  }
}

TEST_F(NameServiceTest, NoServerAtAllIsAFailureAndNotTheEnd) {
  NameServers nowhere = settings();
  nowhere.servers = {"127.0.0.1:" + std::to_string(test::refused_port())};
  names.update(nowhere);
  EXPECT_EQ(look_up("model.test").addresses.size(), 0u);
  nowhere.servers = {"this is no address"};
  names.update(nowhere);
  EXPECT_EQ(look_up("model.test").result, LookupResult::Failed);
  names.update(settings());
  server.set("model.test", {"10.0.0.1"});
  EXPECT_EQ(look_up("model.test").result, LookupResult::Answered);
}

TEST_F(NameServiceTest, AQuestionUnderWayMovesToNewServers) {
  server.behave(Manner::Silent);
  const auto asker = ask("model.test");
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") > 0; }));
  test::DnsServer other;
  other.set("model.test", {"10.0.0.9"});
  NameServers moved = settings();
  moved.servers = {other.address()};
  names.update(moved);
  ASSERT_TRUE(run_until([&] { return asker->called > 0; }));
  EXPECT_EQ(texts(asker->answer.addresses), Strings{"10.0.0.9"});
  EXPECT_EQ(asker->called, 1);
}

TEST_F(NameServiceTest, ASecondServerAnswersWhereTheFirstDoesNot) {
  test::DnsServer second;
  second.set("model.test", {"10.0.0.2"});
  NameServers both = settings();
  both.servers.push_back(second.address());
  names.update(both);
  for (const Manner manner : {Manner::Silent, Manner::ServerFailure, Manner::Refuses}) {
    server.behave(manner);
    EXPECT_EQ(texts(look_up("model.test").addresses), Strings{"10.0.0.2"}) << static_cast<int>(manner);
  }
}

TEST_F(NameServiceTest, AskingAndStoppingFromWithinAnAnswerIsFine) {
  server.set("model.test", {"10.0.0.1"});
  server.set("other.test", {"10.0.0.2"});
  int other = 0;
  int last = 0;
  names.lookup("model.test", [&](const NameAnswer&) {
    names.lookup("other.test", [&](const NameAnswer& answer) {
      other = static_cast<int>(answer.addresses.size());
      names.stop();
    });
    names.lookup("other.test", [&](const NameAnswer&) { ++last; });
  });
  ASSERT_TRUE(run_until([&] { return names.is_quiet(); }));
  EXPECT_EQ(other, 1);
  EXPECT_EQ(last, 0) << "stopped by the one before";
}

TEST_F(NameServiceTest, NobodyIsCalledAfterStop) {
  server.behave(Manner::Silent);
  const auto asker = ask("model.test");
  ASSERT_TRUE(run_until([&] { return server.questions("model.test") > 0; }));
  names.stop();
  ASSERT_TRUE(run_until([&] { return names.is_quiet(); }));
  const auto late = ask("10.0.0.1");
  names.update(settings());
  settle();
  EXPECT_EQ(asker->called, 0);
  EXPECT_EQ(late->called, 0);
  EXPECT_EQ(asker.use_count(), 1) << "the callback was destroyed";
}

TEST_F(NameServiceTest, AnyThreadMayAsk) {
  server.set("model.test", {"10.0.0.1"});
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i)
        names.lookup("model.test", [&](const NameAnswer& a) { answered += a.addresses.size(); });
    });
  }
  EXPECT_TRUE(run_until([&] { return answered == 100; }));
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice::upstream
