#include "sluice/upstream/dns_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::address;
using boost::asio::ip::make_address;

constexpr TimePoint kFirstAnswer{1h};

NameAnswer found_answer(std::initializer_list<const char*> addresses, Duration ttl = 60s) {
  NameAnswer answer;
  answer.result = LookupResult::Answered;
  for (const char* text : addresses) answer.addresses.push_back(make_address(text));
  answer.ttl = ttl;
  answer.pause = 1s;
  return answer;
}
NameAnswer broken_answer(LookupResult result = LookupResult::Timeout) {
  NameAnswer answer;
  answer.result = result;
  answer.pause = 1s;
  answer.v4_failed = answer.v6_failed = result != LookupResult::NoAddress;
  answer.error = "late";
  return answer;
}
std::vector<address> set(std::initializer_list<const char*> addresses) {
  std::vector<address> out;
  for (const char* text : addresses) out.push_back(make_address(text));
  return out;
}

TEST(DnsRecord, IsAskedForAtOnceAndEmptyUntilThen) {
  const DnsRecord fresh;
  EXPECT_LE(fresh.due, kFirstAnswer);
  EXPECT_FALSE(fresh.asked);
  EXPECT_TRUE(fresh.addresses.empty());
}

TEST(DnsRecord, TheFirstAnswerIsAChange) {
  const DnsStep step = advance({}, found_answer({"10.0.0.2", "10.0.0.1", "10.0.0.2"}), kFirstAnswer);
  EXPECT_TRUE(step.changed);
  EXPECT_TRUE(step.record.asked);
  EXPECT_EQ(step.record.addresses, set({"10.0.0.1", "10.0.0.2"})) << "ascending, each once";
  EXPECT_FALSE(step.recovered) << "nothing had failed";
}

TEST(DnsRecord, TheSameSetInAnotherOrderIsNoChange) {
  const DnsRecord known = advance({}, found_answer({"10.0.0.1", "10.0.0.2"}), kFirstAnswer).record;
  EXPECT_FALSE(advance(known, found_answer({"10.0.0.2", "10.0.0.1"}), kFirstAnswer + 1min).changed);
  EXPECT_TRUE(advance(known, found_answer({"10.0.0.2"}), kFirstAnswer + 1min).changed) << "one was taken away";
  EXPECT_TRUE(advance(known, found_answer({"10.0.0.2", "10.0.0.1", "10.0.0.3"}), kFirstAnswer + 1min).changed)
      << "one is new";
  EXPECT_TRUE(advance(known, found_answer({"10.0.0.2", "10.0.0.3"}), kFirstAnswer + 1min).changed)
      << "one was replaced";
}

TEST(DnsRecord, IsAskedForAgainShortlyBeforeItExpires) {
  const auto due_after = [](Duration ttl) {
    return advance({}, found_answer({"10.0.0.1"}, ttl), kFirstAnswer).record.due - kFirstAnswer;
  };
  EXPECT_EQ(due_after(300s), 299s) << "a second before";
  EXPECT_EQ(due_after(5s), 4500ms) << "a tenth before";
  EXPECT_EQ(due_after(1s), 1s) << "but not before its pause is over";
  EXPECT_EQ(advance({}, found_answer({"10.0.0.1"}, 300s), kFirstAnswer).record.expires, kFirstAnswer + 300s);
}

TEST(DnsRecord, AFailureTakesNothingAway) {
  DnsRecord record = advance({}, found_answer({"10.0.0.1"}), kFirstAnswer).record;
  TimePoint now = record.due;
  for (const LookupResult result : {LookupResult::Timeout, LookupResult::Failed, LookupResult::NoAddress}) {
    const DnsStep step = advance(record, broken_answer(result), now);
    EXPECT_FALSE(step.changed);
    EXPECT_EQ(step.record.addresses, set({"10.0.0.1"})) << to_string(result);
    record = step.record;
    now = record.due;
  }
  for (int day = 0; day < 100; ++day) record = advance(record, broken_answer(), now += 24h).record;
  EXPECT_EQ(record.addresses, set({"10.0.0.1"})) << "for as long as it takes";
  EXPECT_EQ(record.last_error, "late");
}

TEST(DnsRecord, IsStaleOnlyOnceItHasExpired) {
  const DnsRecord known = advance({}, found_answer({"10.0.0.1"}, 60s), kFirstAnswer).record;
  EXPECT_FALSE(advance(known, broken_answer(), kFirstAnswer + 59s).record.stale) << "still good";
  const DnsRecord stale = advance(known, broken_answer(), kFirstAnswer + 60s).record;
  EXPECT_TRUE(stale.stale);
  EXPECT_FALSE(advance(stale, found_answer({"10.0.0.1"}), kFirstAnswer + 61s).record.stale);
  EXPECT_FALSE(advance({}, broken_answer(), kFirstAnswer).record.stale) << "there is nothing to be stale";
}

TEST(DnsRecord, IsAskedForAtGrowingDistancesWhileItFails) {
  DnsRecord record;
  TimePoint now = kFirstAnswer;
  for (const Duration wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
    record = advance(record, broken_answer(), now).record;
    EXPECT_EQ(record.due - now, wait);
    now = record.due;
  }
  for (int i = 0; i < 100; ++i) record = advance(record, broken_answer(), now).record;
  EXPECT_EQ(record.due - now, kMaxRetry);
  record = advance(record, found_answer({"10.0.0.1"}), now).record;
  EXPECT_EQ(advance(record, broken_answer(), now).record.due - now, 1s) << "an answer begins it anew";
}

TEST(DnsRecord, IsNeverAskedForSoonerThanItsPause) {
  NameAnswer slow = broken_answer();
  slow.pause = 1min;
  EXPECT_EQ(advance({}, slow, kFirstAnswer).record.due, kFirstAnswer + 1min);
  slow = found_answer({"10.0.0.1"}, 1min);
  slow.pause = 1min;
  EXPECT_EQ(advance({}, slow, kFirstAnswer).record.due, kFirstAnswer + 1min);
}

TEST(DnsRecord, TellsOnceThatItFailsAndOnceThatItRecovered) {
  const DnsStep first = advance({}, broken_answer(), kFirstAnswer);
  EXPECT_TRUE(first.failing);
  const DnsStep second = advance(first.record, broken_answer(), kFirstAnswer);
  EXPECT_FALSE(second.failing);
  const DnsStep third = advance(second.record, found_answer({"10.0.0.1"}), kFirstAnswer);
  EXPECT_TRUE(third.recovered);
  EXPECT_EQ(third.record.failures, 0u);
  EXPECT_EQ(third.record.last_error, "");
  EXPECT_FALSE(advance(third.record, found_answer({"10.0.0.1"}), kFirstAnswer).recovered);
}

TEST(DnsRecord, AFamilyThatFailedKeepsWhatItHad) {
  const DnsRecord known = advance({}, found_answer({"10.0.0.1", "10.0.0.2", "fd00::1"}), kFirstAnswer).record;
  NameAnswer half = found_answer({"fd00::2"});
  half.v4_failed = true;
  half.error = "late";
  const DnsStep step = advance(known, half, kFirstAnswer + 1min);
  EXPECT_EQ(step.record.addresses, set({"10.0.0.1", "10.0.0.2", "fd00::2"}));
  EXPECT_TRUE(step.changed);
  EXPECT_TRUE(step.failing);
  EXPECT_EQ(step.record.due, kFirstAnswer + 1min + 1s) << "the other half is asked for soon";
  EXPECT_EQ(advance(step.record, found_answer({"fd00::2"}), kFirstAnswer + 2min).record.addresses, set({"fd00::2"}))
      << "a whole answer replaces everything";
}

TEST(DnsRecord, UsesTheSameAddressesOfTooManyWhateverTheirOrder) {
  NameAnswer many = found_answer({});
  for (unsigned i = 0; i < 300; ++i) many.addresses.push_back(boost::asio::ip::address_v4(0x0a000000u + i));
  const DnsStep step = advance({}, many, kFirstAnswer);
  EXPECT_EQ(step.record.addresses.size(), kMaxAddresses);
  EXPECT_EQ(step.left_out, 300 - kMaxAddresses);
  std::reverse(many.addresses.begin(), many.addresses.end());
  EXPECT_FALSE(advance(step.record, many, kFirstAnswer + 1min).changed);
}

}  // namespace
}  // namespace sluice::upstream
