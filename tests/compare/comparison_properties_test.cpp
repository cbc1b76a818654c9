#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "comparing.hpp"
#include "pair_fixtures.hpp"
#include "sluice/base/random.hpp"

// Any JSON, one leaf of it changed: exactly that field is told. Its keys in another order: nothing is.

namespace sluice::compare {
namespace {

/// A JSON value that is made up.
struct Value {
  enum class Kind { Number, Text, Boolean, Null, List, Object };
  Kind kind = Kind::Null;
  double number = 0;
  std::string text;
  std::vector<std::pair<std::string, Value>> children;  ///< keys are empty in a list
};

Value some_value(Random& random, int depth) {
  Value made;
  const std::uint64_t kinds = depth > 0 ? 6 : 4;
  made.kind = static_cast<Value::Kind>(random.below(kinds));
  made.number = static_cast<double>(random.below(1000)) / 8;
  made.text = "t" + std::to_string(random.below(100)) + (random.below(4) == 0 ? "\\n" : "");
  if (made.kind != Value::Kind::List && made.kind != Value::Kind::Object) return made;
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    const std::string key = made.kind == Value::Kind::Object ? "k" + std::to_string(i * 7 + random.below(7)) : "";
    made.children.emplace_back(key, some_value(random, depth - 1));
  }
  return made;
}

void write(const Value& value, std::string& json) {
  switch (value.kind) {
    case Value::Kind::Number:
      json += std::to_string(value.number);
      return;
    case Value::Kind::Text:
      json += '"' + value.text + '"';
      return;
    case Value::Kind::Boolean:
      json += value.number < 60 ? "true" : "false";
      return;
    case Value::Kind::Null:
      json += "null";
      return;
    default:
      break;
  }
  const bool is_object = value.kind == Value::Kind::Object;
  json += is_object ? '{' : '[';
  for (std::size_t i = 0; i < value.children.size(); ++i) {
    if (i > 0) json += ',';
    if (is_object) json += '"' + value.children[i].first + "\":";
    write(value.children[i].second, json);
  }
  json += is_object ? '}' : ']';
}

std::string text_of(const Value& value) {
  std::string json;
  write(value, json);
  return json;
}

/// Changes one leaf and tells its field; false where there is none.
bool change_a_leaf(Value& value, Random& random, std::string& path) {
  if (!value.children.empty()) {
    auto& [key, child] = value.children[random.below(value.children.size())];
    path += '/' + (key.empty() ? "*" : key);
    return change_a_leaf(child, random, path);
  }
  switch (value.kind) {
    case Value::Kind::Number:
      value.number += 1;
      return true;
    case Value::Kind::Text:
      value.text += "x";
      return true;
    case Value::Kind::Boolean:
      value.number = value.number < 60 ? 100 : 0;
      return true;
    case Value::Kind::Null:
      value.kind = Value::Kind::Text;
      return true;
    default:
      return false;
  }
}

void shuffle_keys(Value& value, Random& random) {
  if (value.kind == Value::Kind::Object) std::shuffle(value.children.begin(), value.children.end(), random);
  for (auto& [key, child] : value.children) shuffle_keys(child, random);
}

void shuffle_all(Value& value, Random& random) {
  std::shuffle(value.children.begin(), value.children.end(), random);
  for (auto& [key, child] : value.children) shuffle_all(child, random);
}

TEST(ComparisonProperties, OneChangedLeafIsToldAndNothingElse) {
  Random random(2024);
  Judge judge(policy::Protocol::Raw);
  int changed = 0;
  for (int round = 0; round < 3000; ++round) {
    const Value live = some_value(random, 5);
    Value other = live;
    std::string path;
    const bool has_leaf = change_a_leaf(other, random, path);
    shuffle_keys(other, random);
    const Comparison found = judge.judge(answer_of(text_of(live)), answer_of(text_of(other)));
    ASSERT_TRUE(found.compared);
    if (!has_leaf) {
      ASSERT_EQ(told(found), "alike") << text_of(live);
      continue;
    }
    ++changed;
    ASSERT_EQ(found.differences.size(), 1u) << text_of(live) << "\n" << text_of(other) << "\n" << told(found);
    ASSERT_EQ(found.differences[0].field, path.empty() ? "body" : path) << text_of(live);
    ASSERT_EQ(found.differences[0].count, 1u);
    ASSERT_GT(severity_of(found), 0);
  }
  EXPECT_GT(changed, 2000);
}

TEST(ComparisonProperties, TheOrderOfKeysSaysNothing) {
  Random random(77);
  Judge judge(policy::Protocol::Raw);
  for (int round = 0; round < 1000; ++round) {
    const Value live = some_value(random, 5);
    Value other = live;
    shuffle_keys(other, random);
    ASSERT_EQ(judge.tell(text_of(live), text_of(other)), "alike") << text_of(live) << "\n" << text_of(other);
  }
}

TEST(ComparisonProperties, TheOrderOfListsSaysNothingWhereThePolicySaysSo) {
  Random random(99);
  policy::Compare compare;
  compare.absolute_tolerance = 0.01;
  std::string pointer;
  for (int depth = 0; depth < 7; ++depth) {
    compare.unordered.push_back(pointer);
    pointer += "/*";
  }
  Judge judge(policy::Protocol::Raw, compare);
  for (int round = 0; round < 1000; ++round) {
    const Value live = some_value(random, 5);
    Value other = live;
    shuffle_all(other, random);
    ASSERT_EQ(judge.tell(text_of(live), text_of(other)), "alike") << text_of(live) << "\n" << text_of(other);
  }
}

TEST(ComparisonProperties, WhichAnswerIsLiveOnlySwapsMissingAndAdded) {
  Random random(5);
  Judge judge(policy::Protocol::Raw);
  for (int round = 0; round < 1000; ++round) {
    const Answer one = answer_of(text_of(some_value(random, 4)));
    const Answer two = answer_of(text_of(some_value(random, 4)));
    const Comparison there = judge.judge(one, two);
    const Comparison back = judge.judge(two, one);
    ASSERT_EQ(there.differences.size(), back.differences.size());
    for (std::size_t i = 0; i < there.differences.size(); ++i) {
      ASSERT_EQ(there.differences[i].field, back.differences[i].field);
      ASSERT_EQ(there.differences[i].count, back.differences[i].count);
      ASSERT_DOUBLE_EQ(there.differences[i].size, back.differences[i].size);
    }
  }
}

}  // namespace
}  // namespace sluice::compare
