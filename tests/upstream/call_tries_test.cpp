// A call whose connection dies is tried once more, or not; and what its tries took.
#include "call_fixture.hpp"
#include "support/gate.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::FailureReason;
using test::Conversation;
using test::FakeUpstream;

using CallTriesTest = CallFixture;

TEST_F(CallTriesTest, TriesOnceMoreWhenAUsedConnectionDied) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "first");
    if (gateway.number() == 0) {
      gateway.read_request();
      return;  // closes without a word
    }
    gateway.read_request();
  });
  EndpointPool& pool = make_pool(upstream.port());
  EXPECT_EQ(run(pool).status, 200);
  EXPECT_EQ(run(pool).status, 200);
  EXPECT_EQ(upstream.connections(), 2u);
}

TEST_F(CallTriesTest, DoesNotTryAgainWhatAnEndpointWasAtWorkOn) {
  test::Gate dies;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "first");
    gateway.read_request();
    if (gateway.number() == 0) return gateway.wait_for(dies);  // and closes without a word
    gateway.answer(200, "by another worker");
  });
  EndpointPool& pool = make_reporting_pool(upstream.port());
  EXPECT_EQ(run(pool).status, 200);
  begin(pool);
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 2; }));
  advance(kStaleWithin);
  dies.open();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_FALSE(outcome->answered());
  EXPECT_EQ(outcome->failure, FailureReason::Reset);
  EXPECT_EQ(outcome->worked_on, kStaleWithin);
  EXPECT_EQ(outcome->sent, kGetReady.size());
  EXPECT_EQ(upstream.request_count(), 2u);
  EXPECT_EQ(reports().gateway_errors.value(), 1u);
}

TEST_F(CallTriesTest, OfTwoTriesTellsWhatBothCost) {
  test::Gate dies;
  test::Gate answers;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    if (gateway.number() == 1) gateway.wait_for(answers);
    gateway.answer(200, "");
    gateway.read_request();
    gateway.wait_for(dies);
  });
  EndpointPool& pool = make_pool(upstream.port());
  EXPECT_EQ(run(pool).sent, kGetReady.size());
  begin(pool);
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 2; }));
  advance(200ms);
  dies.open();
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 3; }));
  advance(300ms);
  answers.open();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->status, 200);
  EXPECT_EQ(outcome->sent, 2 * kGetReady.size());
  EXPECT_EQ(outcome->worked_on, 500ms);
  EXPECT_EQ(outcome->answered_in, 300ms) << "of the one that answered";
}

TEST_F(CallTriesTest, TellsWhenTheFirstByteCame) {
  test::Gate begins;
  test::Gate ends;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.wait_for(begins);
    gateway.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
    gateway.wait_for(ends);
    gateway.send("cd");
  });
  SeenBody seen;
  CallRequest request{http::Method::Get, kGetReady, clock.now() + 1s};
  request.sink = &seen;
  life = make_call(call, make_pool(upstream.port()), request, outcome);
  life.start();
  ASSERT_TRUE(run_until([&] { return upstream.request_count() == 1; }));
  advance(100ms);
  begins.open();
  ASSERT_TRUE(run_until([&] { return seen.text == "ab"; }));
  advance(200ms);
  ends.open();
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->first_byte, 100ms);
  EXPECT_EQ(outcome->answered_in, 300ms);
}

}  // namespace
}  // namespace sluice::upstream
