#include "sluice/upstream/name_lookup.hpp"

#include <atomic>
#include <optional>
#include <thread>

#include "name_fixture.hpp"
#include "sluice/upstream/service_loop.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

/// Names are looked up on the service loop's thread, asked for on the test's.
class NameLookupTest : public testing::Test {
 protected:
  NameLookupTest() {
    NameServers settings;
    settings.servers = {server.address()};
    settings.timeout = 1h;
    names.update(settings);
    loop.start();
  }
  ~NameLookupTest() override {
    names.stop();
    loop.stop([&] { return names.is_quiet(); });
  }
  template <typename Fact>
  bool run_until(Fact&& fact) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (!fact()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_one_for(1ms);
    }
    return true;
  }

  test::DnsServer server;
  SystemClock clock;
  ServiceLoop loop{clock};
  NameService names{loop.context().io, NameServers{}};
  boost::asio::io_context io{1};
};

TEST_F(NameLookupTest, TheAnswerComesOnTheAskersThread) {
  server.set("model.test", {"10.0.0.1"});
  NameLookup lookup;
  std::optional<NameAnswer> answer;
  std::thread::id thread;
  lookup.start(names, io, "model.test", [&](const NameAnswer& found) {
    answer = found;
    thread = std::this_thread::get_id();
    EXPECT_FALSE(lookup.pending()) << "another one may begin here";
  });
  EXPECT_TRUE(lookup.pending());
  ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
  EXPECT_EQ(thread, std::this_thread::get_id());
  EXPECT_EQ(answer->addresses.size(), 1u);
}

TEST_F(NameLookupTest, CancelAnswersAtOnceAndTheAnswerItselfComesTooLate) {
  server.behave(test::DnsServer::Manner::Silent);
  NameLookup lookup;
  int answers = 0;
  lookup.start(names, io, "model.test", [&](const NameAnswer& found) {
    ++answers;
    EXPECT_TRUE(found.addresses.empty());
  });
  lookup.cancel();
  lookup.cancel();
  EXPECT_EQ(answers, 0) << "never from within the call";
  ASSERT_TRUE(run_until([&] { return answers > 0; }));
  EXPECT_FALSE(lookup.pending());
  lookup.cancel();
  io.restart();
  io.poll();
  EXPECT_EQ(answers, 1);
}

TEST_F(NameLookupTest, NobodyIsCalledOnceItIsGone) {
  server.set("model.test", {"10.0.0.1"});
  int answers = 0;
  {
    NameLookup lookup;
    lookup.start(names, io, "model.test", [&](const NameAnswer&) { ++answers; });
    lookup.cancel();
  }
  io.restart();
  io.poll();
  EXPECT_EQ(answers, 0);
}

TEST_F(NameLookupTest, LosingInterestAtAnyMomentIsSafe) {
  server.set("model.test", {"10.0.0.1"});
  int answers = 0;
  for (int round = 0; round < 300; ++round) {
    NameLookup waited;
    NameLookup cancelled;
    NameLookup dropped;
    int came = 0;
    const auto count = [&](const NameAnswer&) { ++came; };
    waited.start(names, io, "model.test", count);
    cancelled.start(names, io, "model.test", count);
    dropped.start(names, io, "model.test", [](const NameAnswer&) {});
    if (round % 3 == 0) std::this_thread::yield();
    cancelled.cancel();
    ASSERT_TRUE(run_until([&] { return came == 2; }));
    answers += came;
  }
  EXPECT_EQ(answers, 600);
}

}  // namespace
}  // namespace sluice::upstream
