#include "sluice/upstream/retry.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

constexpr AttemptFailure kAll[] = {AttemptFailure::ConnectFailure, AttemptFailure::NoRoom,
                                   AttemptFailure::Reset,          AttemptFailure::BadResponse,
                                   AttemptFailure::Timeout,        AttemptFailure::Unavailable,
                                   AttemptFailure::ServerError,    AttemptFailure::TooManyRequests};

NextTry next(const RetryRules& rules, const FailedAttempt& failed) {
  Random random(1);
  return next_try(rules, failed, random);
}

FailedAttempt failed_by(AttemptFailure failure) {
  FailedAttempt failed;
  failed.failure = failure;
  return failed;
}

TEST(FailureSet, HoldsWhatWasAddedAndNothingElse) {
  for (const AttemptFailure one : kAll) {
    const FailureSet set{one};
    for (const AttemptFailure other : kAll) EXPECT_EQ(set.has(other), other == one);
  }
  FailureSet grown{AttemptFailure::Reset};
  grown.add(AttemptFailure::Timeout);
  EXPECT_EQ(grown, (FailureSet{AttemptFailure::Timeout, AttemptFailure::Reset}));
}

TEST(FailureOfStatus, KnowsEveryStatusThatMayBeTriedAgain) {
  for (int status = 100; status < 600; ++status) {
    AttemptFailure failure{};
    const bool fails = failure_of_status(status, failure);
    EXPECT_EQ(fails, status >= 500 || status == 429) << status;
    if (!fails) continue;
    EXPECT_EQ(failure == AttemptFailure::Unavailable, status == 502 || status == 503) << status;
    EXPECT_EQ(failure == AttemptFailure::TooManyRequests, status == 429) << status;
    EXPECT_EQ(failure == AttemptFailure::ServerError, status >= 500 && status != 502 && status != 503) << status;
  }
}

TEST(NextTry, ByDefaultFollowsWhatAnotherEndpointMayDoBetter) {
  const std::set<AttemptFailure> again = {AttemptFailure::ConnectFailure, AttemptFailure::NoRoom, AttemptFailure::Reset,
                                          AttemptFailure::Unavailable};
  for (const AttemptFailure failure : kAll) {
    EXPECT_EQ(next({}, failed_by(failure)).again, again.count(failure) == 1) << static_cast<int>(failure);
  }
}

TEST(NextTry, FollowsExactlyTheFailuresThatTheRulesName) {
  for (const AttemptFailure named : kAll) {
    RetryRules rules;
    rules.on = {named};
    for (const AttemptFailure failure : kAll) EXPECT_EQ(next(rules, failed_by(failure)).again, failure == named);
  }
}

TEST(NextTry, EndsAfterTheAttemptsThatTheRulesAllow) {
  for (std::uint32_t attempts = 0; attempts <= 5; ++attempts) {
    RetryRules rules;
    rules.attempts = attempts;
    FailedAttempt failed;
    for (failed.made = 1; failed.made <= 7; ++failed.made) {
      EXPECT_EQ(next(rules, failed).again, failed.made <= attempts) << attempts << " allowed, made " << failed.made;
    }
  }
}

TEST(NextTry, NeedsTheWholeRequest) {
  FailedAttempt failed;
  failed.replayable = false;
  EXPECT_FALSE(next({}, failed).again);
}

TEST(NextTry, AnUnsafeMethodThatReachedAnEndpointIsRepeatedOnlyWhereAllowed) {
  for (const bool allowed : {false, true}) {
    RetryRules rules;
    rules.unsafe_methods = allowed;
    for (const bool unsafe : {false, true}) {
      for (const bool reached : {false, true}) {
        FailedAttempt failed;
        failed.unsafe_method = unsafe;
        failed.endpoint_got_it = reached;
        EXPECT_EQ(next(rules, failed).again, allowed || !unsafe || !reached) << allowed << unsafe << reached;
      }
    }
  }
}

TEST(NextTry, PausesBetweenHalfAndAllOfADoublingBase) {
  RetryRules rules;
  rules.attempts = 40;
  rules.backoff_base = 20ms;
  rules.backoff_max = 100ms;
  Random random(7);
  FailedAttempt failed;
  for (failed.made = 1; failed.made <= 40; ++failed.made) {
    const auto longest = failed.made == 1 ? 20ms : failed.made == 2 ? 40ms : failed.made == 3 ? 80ms : 100ms;
    auto least = 1000ms;
    auto most = 0ms;
    for (int i = 0; i < 2000; ++i) {
      const NextTry next = next_try(rules, failed, random);
      ASSERT_TRUE(next.again);
      least = std::min(least, next.pause);
      most = std::max(most, next.pause);
    }
    EXPECT_EQ(least, longest / 2) << failed.made;
    EXPECT_EQ(most, longest) << failed.made;
  }
}

TEST(NextTry, AMaximumBelowTheBaseIsTheMaximum) {
  RetryRules rules;
  rules.backoff_base = 80ms;
  rules.backoff_max = 1ms;
  EXPECT_LE(next(rules, {}).pause, 1ms);
  rules.backoff_max = 0ms;
  EXPECT_TRUE(next(rules, {}).again);
  EXPECT_EQ(next(rules, {}).pause, 0ms);
}

TEST(NextTry, WaitsAsLongAsTheOnlyEndpointAsked) {
  FailedAttempt failed = failed_by(AttemptFailure::Unavailable);
  failed.retry_after = 1s;
  EXPECT_TRUE(next({}, failed).again);
  EXPECT_EQ(next({}, failed).pause, 1s);
  failed.retry_after = 0s;
  EXPECT_TRUE(next({}, failed).again);
  EXPECT_EQ(next({}, failed).pause, 0s);
}

TEST(NextTry, GivesUpOnTheOnlyEndpointWhenItAsksForTooMuchPatience) {
  FailedAttempt failed = failed_by(AttemptFailure::Unavailable);
  failed.retry_after = 1001ms;
  EXPECT_FALSE(next({}, failed).again);
  RetryRules patient;
  patient.retry_after_max = 2s;
  EXPECT_EQ(next(patient, failed).pause, 1001ms);
}

TEST(NextTry, AnotherEndpointDidNotAskForPatience) {
  FailedAttempt failed = failed_by(AttemptFailure::Unavailable);
  failed.retry_after = 1h;
  failed.other_endpoint = true;
  const NextTry made = next({}, failed);
  EXPECT_TRUE(made.again);
  EXPECT_LE(made.pause, 25ms);
}

TEST(RetryBudget, AdmitsItsFloorHoweverIdleTheRouteIs) {
  RetryRules rules;
  RetryBudget budget;
  budget.active = 1;
  for (; budget.retries < 3; ++budget.retries) EXPECT_TRUE(budget.admits(rules)) << budget.retries;
  EXPECT_FALSE(budget.admits(rules));
  rules.budget_floor = 0;
  budget.retries = 0;
  EXPECT_FALSE(budget.admits(rules));
}

TEST(RetryBudget, AdmitsItsShareOfManyRequests) {
  const RetryRules rules;
  RetryBudget budget;
  budget.active = 100;
  budget.retries = 19;
  EXPECT_TRUE(budget.admits(rules));
  budget.retries = 20;
  EXPECT_FALSE(budget.admits(rules));
  budget.active = 105;
  EXPECT_TRUE(budget.admits(rules));
}

TEST(RetryBudget, OfNothingAdmitsNothing) {
  RetryRules rules;
  rules.budget = 0;
  rules.budget_floor = 0;
  EXPECT_FALSE((RetryBudget{1'000'000, 0}.admits(rules)));
}

TEST(HedgeRules, AreOffWithoutATrigger) {
  EXPECT_FALSE(HedgeRules{}.enabled());
  EXPECT_TRUE((HedgeRules{1ms, 0}.enabled()));
  EXPECT_TRUE((HedgeRules{0ms, 0.95}.enabled()));
}

// --- Retry-After ---

constexpr WallTime kNow{std::chrono::seconds(946'684'799)};  // Fri, 31 Dec 1999 23:59:59 GMT

TEST(RetryAfterField, InSecondsIsThatLong) {
  EXPECT_EQ(patience_asked_for("0", kNow), 0ms);
  EXPECT_EQ(patience_asked_for("17", kNow), 17s);
}

TEST(RetryAfterField, AsADateIsTheTimeUntilThen) {
  EXPECT_EQ(patience_asked_for("Sat, 01 Jan 2000 00:00:09 GMT", kNow), 10s);
  EXPECT_EQ(patience_asked_for("Fri, 31 Dec 1999 23:59:59 GMT", kNow), 0ms);
  EXPECT_EQ(patience_asked_for("Fri, 31 Dec 1999 23:59:59 GMT", kNow + 500ms), 0ms) << "it has passed";
  EXPECT_EQ(patience_asked_for("Fri, 31 Dec 1999 23:59:59 GMT", kNow - 500ms), 500ms);
}

TEST(RetryAfterField, IsADayAtMost) {
  EXPECT_EQ(patience_asked_for("4294967295", kNow), 24h);
  EXPECT_EQ(patience_asked_for("99999999999999999999999999", kNow), 24h);
  EXPECT_EQ(patience_asked_for("Fri, 31 Dec 2100 23:59:59 GMT", kNow), 24h);
}

TEST(RetryAfterField, ThatIsNeitherAsksForNothing) {
  for (const char* text : {"", " ", "soon", "-5", "1.5", "5s", "99999999999999999999x", "Fri, 31 Dec 1999 23:59:59 UTC",
                           "Fri, 31 Dec 1999 23:59:59 GM", "Fri, 31 Dec 1999 23:59:59 GMT+",
                           "Friday, 31-Dec-99 23:59:59 GMT", "Fri, 99 Dec 1999 23:59:59 GMT"}) {
    EXPECT_LT(patience_asked_for(text, kNow), 0ms) << text;
  }
}

}  // namespace
}  // namespace sluice::upstream
