#include "sluice/compare/hidden_fields.hpp"

#include <gtest/gtest.h>

#include "comparing.hpp"

namespace sluice::compare {
namespace {

TEST(HiddenFields, APathEndsAtTheFirstPointer) {
  const HiddenFields hidden({"/users", "/outputs/*/owner", "/a/b/c", "/a/b"});
  EXPECT_EQ(hidden.shown("/users/alice@example.org"), "/users");
  EXPECT_EQ(hidden.shown("/users"), "/users");
  EXPECT_EQ(hidden.shown("/outputs/*/owner/name"), "/outputs/*/owner");
  EXPECT_EQ(hidden.shown("/a/b/c/d"), "/a/b");
  EXPECT_EQ(hidden.shown("/a"), "/a");
  for (const char* const open : {"/usersAndMore/x", "/label", "/outputs/*/label", "status", "body", "other fields"}) {
    EXPECT_EQ(hidden.shown(open), open);
  }
}

TEST(HiddenFields, IndexesAndNamesOfElementsMayStandForOneAnother) {
  EXPECT_EQ(HiddenFields({"/outputs/0/parameters"}).shown("/outputs/scores/parameters/who"),
            "/outputs/scores/parameters");
  EXPECT_EQ(HiddenFields({"/items/secret"}).shown("/items/*/who"), "/items/*");
  EXPECT_EQ(HiddenFields({"/items/3/who"}).shown("/items/*/who/name"), "/items/*/who");
}

TEST(HiddenFields, KeysAreSpelledAsPathsSpellThem) {
  EXPECT_EQ(HiddenFields({"/a~1b"}).shown("/a~1b/c"), "/a~1b");
  const std::string key(100, 'k');
  EXPECT_EQ(HiddenFields({"/" + key}).shown("/" + key.substr(0, 64) + "/c"), "/" + key.substr(0, 64));
}

TEST(HiddenFields, AllMayBeHidden) {
  const HiddenFields hidden(std::vector<std::string>{""});
  EXPECT_EQ(hidden.shown("/label"), "body");
  EXPECT_EQ(hidden.shown("status"), "status");
}

TEST(HiddenFields, NeitherNamesNorSizesAreTold) {
  Comparison found;
  found.compared = true;
  found.differences = {{"/label", Change::Value, 2, 1},
                       {"/score", Change::Value, 0.25, 1},
                       {"/tensor", Change::Value, 0.5, 9},
                       {"/users/alice", Change::Missing, 0, 1},
                       {"/users/bob", Change::Added, 0, 2}};
  found.differences = HiddenFields({"/users", "/score", "/tensor/data"}).shown(std::move(found.differences));
  EXPECT_EQ(told(found), "/label value, /score value, /tensor value, /users value");
  EXPECT_EQ(found.differences[0].size, 2);
  EXPECT_EQ(found.differences[1].size, 0);
  EXPECT_EQ(found.differences[2].size, 0) << "its elements are what is redacted";
  EXPECT_EQ(found.differences[3].count, 3U);
}

}  // namespace
}  // namespace sluice::compare
