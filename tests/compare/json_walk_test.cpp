#include "sluice/compare/json_walk.hpp"

#include <gtest/gtest.h>

#include <string>

#include "comparing.hpp"

namespace sluice::compare {
namespace {

struct JsonCase {
  const char* live;
  const char* other;
  const char* told;
};

void expect_each(Judge& judge, std::initializer_list<JsonCase> cases) {
  for (const JsonCase& one : cases) {
    EXPECT_EQ(judge.tell(one.live, one.other), one.told) << one.live << " and " << one.other;
  }
}

policy::Compare tolerant(double relative, double absolute = 0, std::uint32_t ulps = 0) {
  policy::Compare compare;
  compare.tolerance = relative;
  compare.absolute_tolerance = absolute;
  compare.ulps = ulps;
  return compare;
}

TEST(JsonWalk, FindsEveryKindOfDifference) {
  Judge judge(policy::Protocol::Raw);
  expect_each(judge, {
                         {R"({"a":1,"b":"x"})", R"({"a":1,"b":"x"})", "alike"},
                         {R"({"a":1,"b":"x"})", "{ \"b\" : \"x\",\n \"a\" : 1.0e0 }", "alike"},
                         {R"({"a":1})", R"({"a":2})", "/a value"},
                         {R"({"a":"x"})", R"({"a":"y"})", "/a value"},
                         {R"({"a":true})", R"({"a":false})", "/a value"},
                         {R"({"a":1})", R"({"a":"1"})", "/a type"},
                         {R"({"a":null})", R"({"a":0})", "/a type"},
                         {R"({"a":[]})", R"({"a":{}})", "/a type"},
                         {R"({"a":1})", R"({})", "/a missing"},
                         {R"({})", R"({"a":null})", "/a added"},
                         {R"({"a":1,"b":2})", R"({"c":2,"b":3})", "/a missing, /b value, /c added"},
                         {R"([1,2])", R"([1,2,3])", "body shape"},
                         {R"({"a":[1,2,3]})", R"({"a":[1,9,9]})", "/a/* value"},
                         {R"({"a":[{"b":1},{"b":2}]})", R"({"a":[{"b":1},{"b":3}]})", "/a/*/b value"},
                         {R"([[1,2],[3,4]])", R"([[1,2],[3,5]])", "/*/* value"},
                         {R"(1)", R"(2)", "body value"},
                         {R"("a")", R"("\u0061")", "alike"},
                         {R"({"k\u0061":1})", R"({"ka":1})", "alike"},
                         {R"({"a/b":1,"~":1})", R"({"a/b":2,"~":2})", "/a~1b value, /~0 value"},
                         {R"({"a":NaN})", R"({"a":NaN})", "alike"},
                         {R"({"a":NaN})", R"({"a":1})", "/a value"},
                         {R"({"a":Infinity})", R"({"a":-Infinity})", "/a value"},
                         {R"({"a":-0.0})", R"({"a":0})", "alike"},
                     });
}

TEST(JsonWalk, HoldsEqualKeysAgainstOneAnotherInTheirOrder) {
  Judge judge(policy::Protocol::Raw);
  expect_each(judge, {
                         {R"({"a":1,"a":2})", R"({"a":1,"a":2})", "alike"},
                         {R"({"a":1,"b":0,"a":2})", R"({"b":0,"a":1,"a":2})", "alike"},
                         {R"({"a":1,"a":2})", R"({"a":2,"a":1})", "/a value"},
                         {R"({"a":1,"a":2})", R"({"a":1})", "/a missing"},
                     });
}

TEST(JsonWalk, ComparesWholeNumbersBeyondDoublesExactly) {
  Judge judge(policy::Protocol::Raw, tolerant(0.1));
  expect_each(judge, {
                         {R"({"id":9007199254740993})", R"({"id":9007199254740993})", "alike"},
                         {R"({"id":9007199254740993})", R"({"id":9007199254740992})", "/id value"},
                         {R"({"id":123456789012345678901})", R"({"id":123456789012345678902})", "/id value"},
                         {R"({"id":9007199254740993})", R"({"id":9007199254740993.0})", "alike"},
                         {R"({"id":1000})", R"({"id":1001})", "alike"},
                         {R"({"id":1e400})", R"({"id":1e400})", "alike"},
                     });
}

TEST(JsonWalk, TakesNumbersWithinAnyOfTheTolerances) {
  Judge relative(policy::Protocol::Raw, tolerant(0.01));
  EXPECT_EQ(relative.tell("[100,0.001]", "[100.9,0.001001]"), "alike");
  EXPECT_EQ(relative.tell("[100]", "[102]"), "/* value");
  Judge absolute(policy::Protocol::Raw, tolerant(0, 0.5));
  EXPECT_EQ(absolute.tell("{\"a\":1,\"b\":1000}", "{\"a\":1.5,\"b\":999.5}"), "alike");
  EXPECT_EQ(absolute.tell("{\"a\":1}", "{\"a\":1.6}"), "/a value");
  Judge steps(policy::Protocol::Raw, tolerant(0, 0, 2));
  EXPECT_EQ(steps.tell("[1]", "[1.0000000000000004]"), "alike");
  EXPECT_EQ(steps.tell("[1]", "[1.0000000000000007]"), "/* value");
}

TEST(JsonWalk, TellsTheLargestDifferenceAndHowManyThereAre) {
  Judge judge(policy::Protocol::Raw);
  const Comparison found = judge.judge(answer_of(R"({"a":[1,2,3,4]})"), answer_of(R"({"a":[1,4,3,-4]})"));
  ASSERT_EQ(found.differences.size(), 1u);
  EXPECT_EQ(found.differences[0].count, 2u);
  EXPECT_DOUBLE_EQ(found.differences[0].size, 8);
  EXPECT_DOUBLE_EQ(found.relative_difference, 2);
}

TEST(JsonWalk, LooksOnlyAtWhatIsWanted) {
  policy::Compare compare;
  compare.pointers = {"/result/score", "/labels/0", "/rows/*/id"};
  Judge judge(policy::Protocol::Raw, compare);
  expect_each(judge, {
                         {R"({"result":{"score":1,"t":1}})", R"({"result":{"score":1,"t":2},"x":1})", "alike"},
                         {R"({"result":{"score":1}})", R"({"result":{"score":2}})", "/result/score value"},
                         {R"({"result":{"score":1}})", R"({"result":{}})", "/result/score missing"},
                         {R"({"result":{"score":1}})", R"({})", "/result missing"},
                         {R"({"result":{"score":1}})", R"({"result":7})", "/result type"},
                         {R"({"labels":["a","b"]})", R"({"labels":["a","c","d"]})", "alike"},
                         {R"({"labels":["a","b"]})", R"({"labels":["z","b"]})", "/labels/* value"},
                         {R"({"labels":["a"]})", R"({"labels":[]})", "/labels/* missing"},
                         {R"({"rows":[{"id":1,"t":1}]})", R"({"rows":[{"id":2,"t":2}]})", "/rows/*/id value"},
                     });
}

TEST(JsonWalk, LeavesOutWhatIsIgnored) {
  policy::Compare compare;
  compare.ignore = {"/id", "/rows/*/at", "/deep/er"};
  Judge judge(policy::Protocol::Raw, compare);
  expect_each(judge, {
                         {R"({"id":1,"a":1})", R"({"id":2,"a":1})", "alike"},
                         {R"({"id":1})", R"({})", "alike"},
                         {R"({"rows":[{"at":1,"v":1},{"at":2,"v":2}]})", R"({"rows":[{"at":9,"v":1},{"v":3}]})",
                          "/rows/*/v value"},
                         {R"({"deep":{"er":{"x":1}}})", R"({"deep":{"er":[]}})", "alike"},
                         {R"({"other":{"id":1}})", R"({"other":{"id":2}})", "/other/id value"},
                     });
}

TEST(JsonWalk, MatchesListsWhoseOrderDoesNotMatter) {
  policy::Compare compare = tolerant(0.01);
  compare.unordered = {"/boxes", "/tags", "/scores", "/groups", "/groups/*/members"};
  compare.ignore = {"/boxes/*/id"};
  Judge judge(policy::Protocol::Raw, compare);
  expect_each(judge, {
                         {R"({"tags":["a","b","b"]})", R"({"tags":["b","a","b"]})", "alike"},
                         {R"({"tags":["a","b","b"]})", R"({"tags":["b","a","a"]})", "/tags/* value"},
                         {R"({"tags":["a","b"]})", R"({"tags":["b"]})", "/tags shape"},
                         {R"({"scores":[1,2,3]})", R"({"scores":[3.001,1.001,2]})", "alike"},
                         {R"({"scores":[1,2,3]})", R"({"scores":[3,1,2.5]})", "/scores/* value"},
                         {R"({"boxes":[{"c":"cat","x":1.0,"id":1},{"c":"dog","x":5,"id":2}]})",
                          R"({"boxes":[{"c":"dog","x":5.001,"id":8},{"x":1.001,"c":"cat","id":9}]})", "alike"},
                         {R"({"boxes":[{"c":"cat","x":1},{"c":"cat","x":5}]})",
                          R"({"boxes":[{"c":"cat","x":5},{"c":"cat","x":2}]})", "/boxes/*/x value"},
                         {R"({"groups":[{"members":[1,2]},{"members":["x",4]}]})",
                          R"({"groups":[{"members":[4,"x"]},{"members":[2,1]}]})", "alike"},
                         {R"({"other":[1,2]})", R"({"other":[2,1]})", "/other/* value"},
                     });
}

TEST(JsonWalk, MatchesALongUnorderedListOfObjectsWithinItsBound) {
  policy::Compare compare = tolerant(0, 0.01);
  compare.unordered = {""};
  Judge judge(policy::Protocol::Raw, compare);
  std::string live = "[";
  std::string other = "[";
  for (int i = 0; i < 3000; ++i) {
    live += (i > 0 ? ",{\"x\":" : "{\"x\":") + std::to_string(i * 100) + ",\"c\":\"box\"}";
    other += (i > 0 ? ",{\"c\":\"box\",\"x\":" : "{\"c\":\"box\",\"x\":") + std::to_string((2999 - i) * 100) + "}";
  }
  EXPECT_EQ(judge.tell(live + "]", other + "]"), "alike");
  other.replace(other.find("\"x\":150000"), 10, "\"x\":111111");
  EXPECT_EQ(judge.tell(live + "]", other + "]"), "/*/x value");
}

TEST(JsonWalk, NumbersOfListsWhoseOrderDoesNotMatterTakeStepsAsWell) {
  policy::Compare compare = tolerant(0, 0.01);
  compare.unordered = {""};
  Judge judge(policy::Protocol::Raw, compare);
  // Each differs from all others in its last number alone.
  const auto lists = [](std::size_t count, std::size_t length, bool reversed) {
    std::string all = "[";
    for (std::size_t i = 0; i < count; ++i) {
      all += i > 0 ? ",[" : "[";
      for (std::size_t k = 0; k < length; ++k) all += "0,";
      all += std::to_string(reversed ? count - i : i + 1) + "]";
    }
    return all + "]";
  };
  EXPECT_EQ(judge.tell(lists(500, 4, false), lists(500, 4, true)), "alike");
  EXPECT_EQ(judge.tell(lists(500, 2000, false), lists(500, 2000, true)), "/*/* value")
      << "250 million numbers would have to be looked at";
}

TEST(JsonWalk, CountsFlipsInPredictions) {
  Judge judge(policy::Protocol::KServeV1, tolerant(0.9));
  const Comparison rows = judge.judge(answer_of(R"({"predictions":[[0.1,0.9],[0.8,0.2],[0.3,0.7]]})"),
                                      answer_of(R"({"predictions":[[0.2,0.8],[0.4,0.6],[0.3,0.7]]})"));
  EXPECT_EQ(told(rows), "alike");
  EXPECT_EQ(rows.rows, 3u);
  EXPECT_EQ(rows.flips, 1u);
  ASSERT_EQ(rows.outputs.size(), 1u);
  EXPECT_EQ(rows.outputs[0].field, "/predictions/*");
  // One number for each instance is no row, and neither is a list elsewhere.
  EXPECT_EQ(judge.judge(answer_of(R"({"predictions":[0.1,0.9]})"), answer_of(R"({"predictions":[0.9,0.1]})")).rows, 0u);
  EXPECT_EQ(judge.judge(answer_of(R"({"other":[[1,2]]})"), answer_of(R"({"other":[[2,1]]})")).rows, 0u);
  const Comparison named = judge.judge(answer_of(R"({"predictions":[{"scores":[1,2],"n":"a"}]})"),
                                       answer_of(R"({"predictions":[{"scores":[2,1],"n":"a"}]})"));
  ASSERT_EQ(named.outputs.size(), 1u);
  EXPECT_EQ(named.outputs[0].field, "/predictions/*/scores");
  EXPECT_EQ(named.outputs[0].flips, 1u);
}

TEST(JsonWalk, TellsNoMoreFieldsThanThereIsRoomFor) {
  Judge judge(policy::Protocol::Raw);
  std::string live = "{";
  std::string other = "{";
  for (int i = 0; i < 1000; ++i) {
    live += "\"k" + std::to_string(i) + "\":1,";
    other += "\"k" + std::to_string(999 - i) + "\":2,";
  }
  const Comparison found = judge.judge(answer_of(live + "\"z\":0}"), answer_of(other + "\"z\":0}"));
  ASSERT_EQ(found.differences.size(), max_differences);
  EXPECT_EQ(found.differences.back().field, other_fields);
  EXPECT_EQ(found.differences.back().count, 1000u - (max_differences - 1));
}

}  // namespace
}  // namespace sluice::compare
