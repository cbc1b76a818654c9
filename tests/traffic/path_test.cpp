#include "sluice/traffic/path.hpp"

#include <gtest/gtest.h>

namespace sluice::traffic {
namespace {

TEST(PathPrefix, CountsWholeSegments) {
  EXPECT_TRUE(is_under("/a/b", "/a/b"));
  EXPECT_TRUE(is_under("/a/b/", "/a/b"));
  EXPECT_TRUE(is_under("/a/b/c", "/a/b"));
  EXPECT_FALSE(is_under("/a/bc", "/a/b"));
  EXPECT_FALSE(is_under("/a", "/a/b"));
  EXPECT_FALSE(is_under("/A/b", "/a/b"));
}

TEST(PathPrefix, IgnoresSlashesAtItsOwnEnd) {
  EXPECT_EQ(trim_prefix("/a/b/"), "/a/b");
  EXPECT_EQ(trim_prefix("/a/b//"), "/a/b");
  EXPECT_EQ(trim_prefix("/"), "");
  EXPECT_EQ(trim_prefix(""), "");
}

TEST(PathPrefix, OfTheRootTakesEveryPathButNoStar) {
  EXPECT_TRUE(is_under("/", ""));
  EXPECT_TRUE(is_under("/x", ""));
  EXPECT_FALSE(is_under("*", ""));
  EXPECT_FALSE(is_under("", ""));
}

TEST(SegmentAfter, IsTheNameOfTheModel) {
  EXPECT_EQ(segment_after("/v2/models/fraud/infer", "models"), "fraud");
  EXPECT_EQ(segment_after("/v2/models/fraud/versions/3/infer", "models"), "fraud");
  EXPECT_EQ(segment_after("/v2/models/fraud", "models"), "fraud");
}

TEST(SegmentAfter, LosesAVerbOnlyAtTheEndOfThePath) {
  EXPECT_EQ(segment_after("/v1/models/fraud:predict", "models"), "fraud");
  EXPECT_EQ(segment_after("/v2/models/llama:7b/infer", "models"), "llama:7b");
  EXPECT_EQ(segment_after("/v1/models/llama:7b:predict", "models"), "llama:7b");
}

TEST(SegmentAfter, IsAbsentWhereThereIsNone) {
  for (const auto* path : {"", "*", "/", "/v2", "/v2/models", "/v2/models/", "/v2/models//infer", "/models:predict",
                           "/v1/models/:predict", "models/x"}) {
    EXPECT_EQ(segment_after(path, "models").data(), nullptr) << path;
  }
}

}  // namespace
}  // namespace sluice::traffic
