#include "sluice/admin/readiness.hpp"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

TEST(Readiness, IsNotReadyBeforeAnybodySaidSo) {
  Readiness readiness;
  EXPECT_FALSE(readiness.ready());
  readiness.declare("endpoints", Readiness::Kind::Informational);
  EXPECT_FALSE(readiness.ready());
}

TEST(Readiness, NeedsEveryRequiredCheck) {
  Readiness readiness;
  readiness.declare("listeners");
  readiness.declare("policy");
  readiness.set("listeners", true);
  EXPECT_FALSE(readiness.ready());
  readiness.set("policy", true);
  EXPECT_TRUE(readiness.ready());
  readiness.set("draining", false, "SIGTERM");
  EXPECT_FALSE(readiness.ready());
}

TEST(Readiness, InformationalChecksDoNotDecide) {
  Readiness readiness;
  readiness.set("listeners", true);
  readiness.declare("endpoints", Readiness::Kind::Informational);
  readiness.set("endpoints", false, "fraud v2: none");
  EXPECT_TRUE(readiness.ready());
  const Readiness::State state = readiness.state();
  ASSERT_EQ(state.checks.size(), 2U);
  EXPECT_EQ(state.checks[1].reason, "fraud v2: none");
}

TEST(Readiness, ShowsChecksInTheOrderOfDeclaration) {
  Readiness readiness;
  readiness.declare("b");
  readiness.declare("a");
  readiness.set("b", true);
  const Readiness::State state = readiness.state();
  EXPECT_EQ(state.checks[0].name, "b");
  EXPECT_EQ(state.checks[1].name, "a");
  EXPECT_EQ(state.checks[1].reason, "not yet");
}

}  // namespace
}  // namespace sluice::admin
