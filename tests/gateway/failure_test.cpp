#include "sluice/gateway/failure.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string_view>

#include "sluice/http/error_body.hpp"

namespace sluice::gateway {
namespace {

using metrics::FailureReason;

template <typename Check>
void for_every_reason(Check&& check) {
  for (std::size_t i = 0; i < metrics::kFailureReasons; ++i) {
    const auto reason = static_cast<FailureReason>(i);
    SCOPED_TRACE(metrics::to_string(reason));
    check(reason, failure_for(reason));
  }
}

TEST(Failure, EveryReasonHasItsOwnTokenWhichIsItsNameInTheMetrics) {
  std::set<std::string_view> tokens;
  for_every_reason([&](FailureReason reason, const GatewayFailure& failure) {
    EXPECT_EQ(failure.reason, reason);
    EXPECT_EQ(failure.token, metrics::to_string(reason));
    EXPECT_TRUE(tokens.insert(failure.token).second);
  });
}

TEST(Failure, EveryReasonHasAWholeSentence) {
  std::set<std::string_view> messages;
  for_every_reason([&](FailureReason, const GatewayFailure& failure) {
    ASSERT_GT(failure.message.size(), 10u);
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(failure.message.front())));
    EXPECT_EQ(failure.message.back(), '.');
    EXPECT_LE(failure.message.size(), http::kMaxErrorMessage);
    EXPECT_TRUE(messages.insert(failure.message).second) << "two reasons must not read the same";
  });
}

TEST(Failure, TheStatusTellsWhoseDoingItWas) {
  for_every_reason([](FailureReason reason, const GatewayFailure& failure) {
    if (reason == FailureReason::Unsupported) {
      EXPECT_EQ(failure.status, 501);
      EXPECT_EQ(origin_of(reason), Origin::Client);
      return;
    }
    switch (origin_of(reason)) {
      case Origin::Client:
        EXPECT_TRUE(failure.status >= 400 && failure.status < 500) << failure.status;
        break;
      case Origin::Upstream:
        EXPECT_TRUE(failure.status >= 502 && failure.status <= 504) << failure.status;
        break;
      case Origin::Internal:
        EXPECT_TRUE(failure.status == 500 || failure.status == 503) << failure.status;
        break;
    }
  });
}

TEST(Failure, OnlyWhatPassesByItselfSaysWhenToAskAgain) {
  for_every_reason([](FailureReason, const GatewayFailure& failure) {
    EXPECT_EQ(failure.retry_after > 0, failure.status == 503) << failure.status;
  });
}

TEST(Failure, TheReasonsThatClientsProgramAgainstHaveTheirStatus) {
  EXPECT_EQ(failure_for(FailureReason::NoRoute).status, 404);
  EXPECT_EQ(failure_for(FailureReason::TooLarge).status, 413);
  EXPECT_EQ(failure_for(FailureReason::HeaderTimeout).status, 408);
  EXPECT_EQ(failure_for(FailureReason::Overloaded).status, 503);
  EXPECT_EQ(failure_for(FailureReason::ConnectFailed).status, 502);
  EXPECT_EQ(failure_for(FailureReason::ConnectTimeout).status, 504);
  EXPECT_EQ(failure_for(FailureReason::ResponseTimeout).status, 504);
  EXPECT_EQ(failure_for(FailureReason::Reset).status, 502);
  EXPECT_EQ(failure_for(FailureReason::Internal).status, 500);
}

TEST(Failure, ABrokenRuleKeepsItsOwnStatusAndToken) {
  const struct {
    std::uint16_t status;
    FailureReason reason;
  } cases[] = {{400, FailureReason::BadRequest},     {417, FailureReason::BadRequest},
               {413, FailureReason::TooLarge},       {414, FailureReason::HeaderTooLarge},
               {431, FailureReason::HeaderTooLarge}, {501, FailureReason::Unsupported},
               {505, FailureReason::Unsupported},    {502, FailureReason::BadResponse}};
  for (const auto& one : cases) {
    const GatewayFailure failure = failure_for(http::Refusal{one.status, "some_rule"});
    EXPECT_EQ(failure.status, one.status);
    EXPECT_EQ(failure.reason, one.reason) << one.status;
    EXPECT_EQ(failure.token, "some_rule");
    EXPECT_FALSE(failure.message.empty());
  }
}

}  // namespace
}  // namespace sluice::gateway
