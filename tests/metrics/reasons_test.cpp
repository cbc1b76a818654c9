#include "sluice/metrics/reasons.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

namespace sluice::metrics {
namespace {

template <typename Reason>
std::set<std::string> all_names(std::size_t count) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace(to_string(static_cast<Reason>(i)));
  return names;
}

TEST(Reasons, EveryReasonHasANameOfItsOwn) {
  EXPECT_EQ(all_names<FailureReason>(kFailureReasons).size(), kFailureReasons);
  EXPECT_EQ(all_names<DecisionReason>(kDecisionReasons).size(), kDecisionReasons);
  EXPECT_EQ(all_names<ShadowDropReason>(kShadowDropReasons).size(), kShadowDropReasons);
  EXPECT_EQ(all_names<TwinResult>(kTwinResults).size(), kTwinResults);
  EXPECT_EQ(all_names<EndpointState>(kEndpointStates).size(), kEndpointStates);
  EXPECT_EQ(all_names<LookupResult>(kLookupResults).size(), kLookupResults);
  EXPECT_EQ(all_names<NameState>(kNameStates).size(), kNameStates);
}

TEST(Reasons, NamesAreLowerCaseWords) {
  for (const std::string& name : all_names<FailureReason>(kFailureReasons)) {
    EXPECT_FALSE(name.empty());
    for (const char c : name) EXPECT_TRUE(std::islower(static_cast<unsigned char>(c)) != 0 || c == '_') << name;
  }
}

TEST(Reasons, NamesStandWhereTheirEnumeratorsDo) {
  EXPECT_EQ(to_string(FailureReason::BadRequest), "bad_request");
  EXPECT_EQ(to_string(FailureReason::Draining), "draining");
  EXPECT_EQ(to_string(FailureReason::Overloaded), "overloaded");
  EXPECT_EQ(to_string(FailureReason::MemoryFull), "memory_full");
  EXPECT_EQ(to_string(FailureReason::ClientAbort), "client_abort");
  EXPECT_EQ(to_string(FailureReason::Reset), "reset");
  EXPECT_EQ(to_string(FailureReason::StreamIdleTimeout), "stream_idle_timeout");
  EXPECT_EQ(to_string(FailureReason::Internal), "internal");
  EXPECT_EQ(to_string(DecisionReason::Pin), "pin");
  EXPECT_EQ(to_string(ShadowDropReason::BodyBytes), "body_bytes");
  EXPECT_EQ(to_string(ShadowDropReason::Busy), "busy");
  EXPECT_EQ(to_string(ShadowDropReason::Preempted), "preempted");
  EXPECT_EQ(to_string(TwinResult::Skipped), "skipped");
  EXPECT_EQ(to_string(EndpointState::Ejected), "ejected");
  EXPECT_EQ(to_string(LookupResult::NoAddress), "no_address");
  EXPECT_EQ(to_string(LookupResult::Timeout), "timeout");
  EXPECT_EQ(to_string(NameState::Known), "known");
  EXPECT_EQ(to_string(NameState::Stale), "stale");
}

TEST(Reasons, OnlyReasonsOfTheFirstStepsComeBeforeTheChoice) {
  EXPECT_TRUE(before_choice(FailureReason::NoRoute));
  EXPECT_TRUE(before_choice(FailureReason::Draining));
  EXPECT_FALSE(before_choice(FailureReason::TooLarge));
  EXPECT_FALSE(before_choice(FailureReason::Internal));
}

TEST(Reasons, AnUnknownNumberIsNamedUnknown) {
  EXPECT_EQ(to_string(static_cast<FailureReason>(200)), "unknown");
}

}  // namespace
}  // namespace sluice::metrics
