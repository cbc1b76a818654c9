#include "sluice/strategy/reading.hpp"

#include <gtest/gtest.h>

namespace sluice::strategy {
namespace {

Evidence evidence() {
  Evidence made;
  made.window = 4;
  made.versions.push_back({});
  made.versions.back().version = "v2";
  made.versions.back().all.requests = 7;
  made.versions.back().endpoints = 3;
  made.versions.back().usable = 2;
  return made;
}

TEST(Reading, TakesSamplesOnlyFromTheStatesWindow) {
  RolloutState state;
  state.window = 4;
  EXPECT_EQ(evidence_of(evidence(), state, "v2").all.requests, 7u);
  EXPECT_EQ(evidence_of(evidence(), state, "v3").all.requests, 0u);
  state.window = 5;
  EXPECT_EQ(evidence_of(evidence(), state, "v2").all.requests, 0u) << "those are requests of the step before";
}

TEST(Reading, CountsUsableEndpointsInAnyWindow) {
  EXPECT_EQ(usable_endpoints(evidence(), "v2"), 2u);
  EXPECT_EQ(usable_endpoints(evidence(), "v3"), 0u);
  EXPECT_EQ(usable_text(evidence(), "v2"), "2 of 3 endpoints are usable");
  Evidence begun = evidence();
  for (auto& version : begun.versions) version.unchecked = 1;
  EXPECT_EQ(usable_text(begun, "v2"), "2 of 3 endpoints are usable, 1 not checked yet");
  EXPECT_NE(usable_text(evidence(), "v3").find("nothing"), std::string::npos);
}

}  // namespace
}  // namespace sluice::strategy
