#include "sluice/upstream/dns_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::address;
using boost::asio::ip::make_address;

constexpr TimePoint kStart{1h};

NameAnswer found(std::initializer_list<const char*> addresses, Duration ttl = 60s) {
  NameAnswer answer;
  answer.result = LookupResult::Answered;
  for (const char* text : addresses) answer.addresses.push_back(make_address(text));
  answer.ttl = ttl;
  answer.pause = 1s;
  return answer;
}
NameAnswer broken(LookupResult result = LookupResult::Timeout) {
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
  EXPECT_LE(fresh.due, kStart);
  EXPECT_FALSE(fresh.asked);
  EXPECT_TRUE(fresh.addresses.empty());
}

TEST(DnsRecord, TheFirstAnswerIsAChange) {
  const DnsStep step = advance({}, found({"10.0.0.2", "10.0.0.1", "10.0.0.2"}), kStart);
  EXPECT_TRUE(step.changed);
  EXPECT_TRUE(step.record.asked);
  EXPECT_EQ(step.record.addresses, set({"10.0.0.1", "10.0.0.2"})) << "ascending, each once";
  EXPECT_FALSE(step.recovered) << "nothing had failed";
}

TEST(DnsRecord, TheSameSetInAnotherOrderIsNoChange) {
  const DnsRecord known = advance({}, found({"10.0.0.1", "10.0.0.2"}), kStart).record;
  EXPECT_FALSE(advance(known, found({"10.0.0.2", "10.0.0.1"}), kStart + 1min).changed);
  EXPECT_TRUE(advance(known, found({"10.0.0.2"}), kStart + 1min).changed) << "one was taken away";
  EXPECT_TRUE(advance(known, found({"10.0.0.2", "10.0.0.1", "10.0.0.3"}), kStart + 1min).changed) << "one is new";
  EXPECT_TRUE(advance(known, found({"10.0.0.2", "10.0.0.3"}), kStart + 1min).changed) << "one was replaced";
}

TEST(DnsRecord, IsAskedForAgainShortlyBeforeItExpires) {
  const auto due_after = [](Duration ttl) { return advance({}, found({"10.0.0.1"}, ttl), kStart).record.due - kStart; };
  EXPECT_EQ(due_after(300s), 299s) << "a second before";
  EXPECT_EQ(due_after(5s), 4500ms) << "a tenth before";
  EXPECT_EQ(due_after(1s), 1s) << "but not before its pause is over";
  EXPECT_EQ(advance({}, found({"10.0.0.1"}, 300s), kStart).record.expires, kStart + 300s);
}

TEST(DnsRecord, AFailureTakesNothingAway) {
  DnsRecord record = advance({}, found({"10.0.0.1"}), kStart).record;
  TimePoint now = record.due;
  for (const LookupResult result : {LookupResult::Timeout, LookupResult::Failed, LookupResult::NoAddress}) {
    const DnsStep step = advance(record, broken(result), now);
    EXPECT_FALSE(step.changed);
    EXPECT_EQ(step.record.addresses, set({"10.0.0.1"})) << to_string(result);
    record = step.record;
    now = record.due;
  }
  for (int day = 0; day < 100; ++day) record = advance(record, broken(), now += 24h).record;
  EXPECT_EQ(record.addresses, set({"10.0.0.1"})) << "for as long as it takes";
  EXPECT_EQ(record.last_error, "late");
}

TEST(DnsRecord, IsStaleOnlyOnceItHasExpired) {
  const DnsRecord known = advance({}, found({"10.0.0.1"}, 60s), kStart).record;
  EXPECT_FALSE(advance(known, broken(), kStart + 59s).record.stale) << "still good";
  const DnsRecord stale = advance(known, broken(), kStart + 60s).record;
  EXPECT_TRUE(stale.stale);
  EXPECT_FALSE(advance(stale, found({"10.0.0.1"}), kStart + 61s).record.stale);
  EXPECT_FALSE(advance({}, broken(), kStart).record.stale) << "there is nothing to be stale";
}

TEST(DnsRecord, IsAskedForAtGrowingDistancesWhileItFails) {
  DnsRecord record;
  TimePoint now = kStart;
  for (const Duration wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
    record = advance(record, broken(), now).record;
    EXPECT_EQ(record.due - now, wait);
    now = record.due;
  }
  for (int i = 0; i < 100; ++i) record = advance(record, broken(), now).record;
  EXPECT_EQ(record.due - now, kMaxRetry);
  record = advance(record, found({"10.0.0.1"}), now).record;
  EXPECT_EQ(advance(record, broken(), now).record.due - now, 1s) << "an answer begins it anew";
}

TEST(DnsRecord, IsNeverAskedForSoonerThanItsPause) {
  NameAnswer slow = broken();
  slow.pause = 1min;
  EXPECT_EQ(advance({}, slow, kStart).record.due, kStart + 1min);
  slow = found({"10.0.0.1"}, 1min);
  slow.pause = 1min;
  EXPECT_EQ(advance({}, slow, kStart).record.due, kStart + 1min);
}

TEST(DnsRecord, TellsOnceThatItFailsAndOnceThatItRecovered) {
  const DnsStep first = advance({}, broken(), kStart);
  EXPECT_TRUE(first.failing);
  const DnsStep second = advance(first.record, broken(), kStart);
  EXPECT_FALSE(second.failing);
  const DnsStep third = advance(second.record, found({"10.0.0.1"}), kStart);
  EXPECT_TRUE(third.recovered);
  EXPECT_EQ(third.record.failures, 0u);
  EXPECT_EQ(third.record.last_error, "");
  EXPECT_FALSE(advance(third.record, found({"10.0.0.1"}), kStart).recovered);
}

TEST(DnsRecord, AFamilyThatFailedKeepsWhatItHad) {
  const DnsRecord known = advance({}, found({"10.0.0.1", "10.0.0.2", "fd00::1"}), kStart).record;
  NameAnswer half = found({"fd00::2"});
  half.v4_failed = true;
  half.error = "late";
  const DnsStep step = advance(known, half, kStart + 1min);
  EXPECT_EQ(step.record.addresses, set({"10.0.0.1", "10.0.0.2", "fd00::2"}));
  EXPECT_TRUE(step.changed);
  EXPECT_TRUE(step.failing);
  EXPECT_EQ(step.record.due, kStart + 1min + 1s) << "the other half is asked for soon";
  EXPECT_EQ(advance(step.record, found({"fd00::2"}), kStart + 2min).record.addresses, set({"fd00::2"}))
      << "a whole answer replaces everything";
}

TEST(DnsRecord, UsesTheSameAddressesOfTooManyWhateverTheirOrder) {
  NameAnswer many = found({});
  for (unsigned i = 0; i < 300; ++i) many.addresses.push_back(boost::asio::ip::address_v4(0x0a000000u + i));
  const DnsStep step = advance({}, many, kStart);
  EXPECT_EQ(step.record.addresses.size(), kMaxAddresses);
  EXPECT_EQ(step.left_out, 300 - kMaxAddresses);
  std::reverse(many.addresses.begin(), many.addresses.end());
  EXPECT_FALSE(advance(step.record, many, kStart + 1min).changed);
}

}  // namespace
}  // namespace sluice::upstream
