#include "sluice/compare/tensor_answer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "comparing.hpp"

namespace sluice::compare {
namespace {

using policy::Agreement;
using policy::Protocol;

std::string infer(const std::string& outputs) {
  return R"({"model_name":"m","outputs":[)" + outputs + "]}";
}

/// An output with its elements as JSON.
std::string output(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& data) {
  return R"({"name":")" + name + R"(","datatype":")" + type + R"(","shape":)" + shape + R"(,"data":)" + data + "}";
}

std::string in_binary(const std::string& name, const std::string& type, const std::string& shape, std::size_t bytes) {
  return R"({"name":")" + name + R"(","datatype":")" + type + R"(","shape":)" + shape +
         R"(,"parameters":{"binary_data_size":)" + std::to_string(bytes) + "}}";
}

std::string scores(const std::string& data, const std::string& shape = "[1,3]", const std::string& type = "FP32") {
  return infer(output("scores", type, shape, data));
}

policy::TensorRule rule_for(const std::string& name) {
  policy::TensorRule rule;
  rule.name = name;
  return rule;
}

TEST(TensorAnswers, FindPlantedDifferences) {
  Judge judge(Protocol::OpenInference);
  struct Case {
    std::string live;
    std::string other;
    const char* told;
  };
  const std::string a = output("a", "FP32", "[2]", "[1,2]");
  const std::string b = output("b", "BYTES", "[2]", R"(["x","y"])");
  const Case cases[] = {
      {infer(a + "," + b), infer(b + "," + a), "alike"},
      {infer(a + "," + b), infer(a), "/outputs/b missing"},
      {infer(a), infer(a + "," + b), "/outputs/b added"},
      {infer(a + "," + a), infer(a), "/outputs/a missing"},
      {infer(a), infer(output("a", "FP64", "[2]", "[1,2]")), "/outputs/a/datatype type"},
      {infer(a), infer(output("a", "FP64", "[2]", "[1,3]")), "/outputs/a value, /outputs/a/datatype type"},
      {infer(a), infer(output("a", "BYTES", "[2]", R"(["1","2"])")), "/outputs/a/datatype type"},
      {infer(a), infer(output("a", "FP32", "[1,2]", "[1,2]")), "/outputs/a/shape shape"},
      {infer(a), infer(output("a", "FP32", "[2]", "[1,2,3]")), "/outputs/a shape"},
      {infer(a), infer(output("a", "FP32", "[2]", "[[1],[2]]")), "alike"},
      {infer(a), infer(output("a", "FP32", "[2]", R"(["1",2])")), "/outputs/a unread"},
      {infer(a), infer(output("a", "FP32", "[2]", "[1,2.5]")), "/outputs/a value"},
      {infer(output("f", "FP32", "[1]", "[0.1]")), infer(output("f", "FP32", "[1]", "[0.10000000149011612]")), "alike"},
      {infer(output("f", "FP64", "[1]", "[0.1]")), infer(output("f", "FP64", "[1]", "[0.10000000149011612]")),
       "/outputs/f value"},
      {infer(b), infer(output("b", "BYTES", "[2]", R"(["x","z"])")), "/outputs/b value"},
      {infer(output("c", "BOOL", "[2]", "[true,false]")), infer(output("c", "BOOL", "[2]", "[1,0]")), "alike"},
      {infer(output("c", "BOOL", "[1]", "[true]")), infer(output("c", "BOOL", "[1]", "[false]")), "/outputs/c value"},
      {infer(output("i", "INT64", "[1]", "[9007199254740993]")),
       infer(output("i", "INT64", "[1]", "[9007199254740992]")), "/outputs/i value"},
      {infer(output("u", "UINT64", "[1]", "[18446744073709551615]")),
       infer(output("u", "UINT64", "[1]", "[18446744073709551614]")), "/outputs/u value"},
      {infer(output("f", "FP32", "[2]", "[NaN,1]")), infer(output("f", "FP32", "[2]", "[NaN,1]")), "alike"},
      {infer(output("f", "FP32", "[2]", "[NaN,1]")), infer(output("f", "FP32", "[2]", "[0,1]")), "/outputs/f value"},
      {infer(output("x", "WEIRD", "[1]", R"([{"p":1}])")), infer(output("x", "WEIRD", "[1]", R"([{"p":2}])")),
       "/outputs/x/*/p value"},
      {infer(a), R"({"error":"no such model"})", "body unread"},
      {R"({"error":"a"})", R"({"error":"b"})", "/error value"},
      {infer(a), "no JSON", "body unread"},
      {R"({"id":"1","parameters":{"p":1},"outputs":[]})", R"({"id":"2","parameters":{"p":2},"outputs":[]})",
       "/id value, /parameters/p value"},
      {infer(a), R"({"outputs":[)" + a + R"(],"model_version":"7"})", "alike"},
  };
  for (const Case& one : cases) EXPECT_EQ(judge.tell(one.live, one.other), one.told) << one.live << "\n" << one.other;
}

TEST(TensorAnswers, CompareTheNameOfTheVersionOnlyWhereItIsWanted) {
  policy::Compare compare;
  compare.pointers = {"/model_version"};
  Judge judge(Protocol::OpenInference, compare);
  EXPECT_EQ(judge.tell(R"({"model_version":"1","outputs":[]})", R"({"model_version":"2","outputs":[]})"),
            "/model_version value");
}

TEST(TensorAnswers, TakeTheToleranceOfTheTensorOrOfAll) {
  policy::Compare compare;
  compare.tolerance = 0.01;
  policy::TensorRule exact = rule_for("exact");
  exact.tolerance = 0;
  policy::TensorRule ids = rule_for("near_ids");
  ids.tolerance = 0.5;
  policy::TensorRule steps = rule_for("steps");
  steps.tolerance = 0;
  steps.ulps = 2;
  compare.tensors = {exact, ids, steps};
  Judge judge(Protocol::OpenInference, compare);
  const auto tell = [&](const char* name, const char* type, const char* live, const char* other) {
    return judge.tell(infer(output(name, type, "[1]", live)), infer(output(name, type, "[1]", other)));
  };
  EXPECT_EQ(tell("any", "FP32", "[100]", "[100.5]"), "alike");
  EXPECT_EQ(tell("any", "FP32", "[100]", "[102]"), "/outputs/any value");
  EXPECT_EQ(tell("exact", "FP32", "[100]", "[100.5]"), "/outputs/exact value");
  // A class is no measure: whole numbers are equal or not, unless their own rule says otherwise.
  EXPECT_EQ(tell("any", "INT64", "[1000]", "[1001]"), "/outputs/any value");
  EXPECT_EQ(tell("near_ids", "INT64", "[1000]", "[1001]"), "alike");
  EXPECT_EQ(tell("steps", "FP16", "[1]", "[1.001953125]"), "alike");
  EXPECT_EQ(tell("steps", "FP16", "[1]", "[1.0029296875]"), "/outputs/steps value");
  EXPECT_EQ(tell("steps", "FP32", "[1]", "[1.001953125]"), "/outputs/steps value");
  EXPECT_EQ(tell("steps", "BF16", "[1]", "[1.015625]"), "alike");
}

TEST(TensorAnswers, CountFlipsWhateverTheyAgreeBy) {
  Judge judge(Protocol::OpenInference, [] {
    policy::Compare compare;
    compare.tolerance = 1;
    return compare;
  }());
  const Comparison found = judge.judge(answer_of(scores("[0.1,0.9,0.0,0.3,0.2,0.1]", "[2,3]")),
                                       answer_of(scores("[[0.1,0.5,0.4],[0.1,0.2,0.3]]", "[2,3]")));
  EXPECT_EQ(told(found), "alike");
  EXPECT_EQ(found.rows, 2u);
  EXPECT_EQ(found.flips, 1u);
  ASSERT_EQ(found.outputs.size(), 1u);
  EXPECT_EQ(found.outputs[0].field, "/outputs/scores");
  const Comparison same = judge.judge(answer_of(scores("[1,2,3]")), answer_of(scores("[1,2,3]")));
  EXPECT_EQ(same.rows, 1u);
  EXPECT_EQ(same.flips, 0u);
  EXPECT_EQ(judge.judge(answer_of(scores("[1,2,3]", "[3,1]")), answer_of(scores("[3,2,1]", "[3,1]"))).rows, 0u);
}

TEST(TensorAnswers, MayAgreeByWhereTheLargestStands) {
  policy::Compare compare;
  policy::TensorRule rule = rule_for("scores");
  rule.by = Agreement::ArgMax;
  compare.tensors = {rule};
  Judge judge(Protocol::OpenInference, compare);
  EXPECT_EQ(judge.tell(scores("[0.1,0.7,0.2]"), scores("[0.3,0.4,0.3]")), "alike");
  const Comparison found =
      judge.judge(answer_of(scores("[1,2,3,3,2,1]", "[2,3]")), answer_of(scores("[3,2,1,3,2,1]", "[2,3]")));
  ASSERT_EQ(told(found), "/outputs/scores arg-max");
  EXPECT_DOUBLE_EQ(found.differences[0].size, 0.5);
  EXPECT_EQ(found.differences[0].count, 1u);
  // One number in a row has no place; it is compared by value.
  EXPECT_EQ(judge.tell(scores("[1,2,3]", "[3,1]"), scores("[1,2,4]", "[3,1]")), "/outputs/scores value");
}

TEST(TensorAnswers, MayAgreeByTheLargestOnes) {
  policy::Compare compare;
  policy::TensorRule rule = rule_for("scores");
  rule.by = Agreement::TopK;
  rule.top = 3;
  rule.overlap = 60_pct;
  compare.tensors = {rule};
  Judge judge(Protocol::OpenInference, compare);
  const std::string live = scores("[9,8,7,1,0]", "[1,5]");
  EXPECT_EQ(judge.tell(live, scores("[7,8,9,1,0]", "[1,5]")), "alike");
  EXPECT_EQ(judge.tell(live, scores("[9,8,0,7,1]", "[1,5]")), "alike");
  EXPECT_EQ(judge.tell(live, scores("[9,0,1,7,8]", "[1,5]")), "/outputs/scores top-k");
}

TEST(TensorAnswers, ReadTheBinaryExtensionInTheOrderOfTheOutputs) {
  Judge judge(Protocol::OpenInference);
  const std::string floats = bytes_of<float>({1, 2, 3});
  const std::string longs = bytes_of<std::int64_t>({5, 6});
  const std::string texts("\x02\0\0\0ab", 6);
  const std::string json = infer(in_binary("f", "FP32", "[3]", 12) + "," + in_binary("l", "INT64", "[2]", 16) + "," +
                                 in_binary("t", "BYTES", "[1]", 6));
  const std::string moved = infer(in_binary("t", "BYTES", "[1]", 6) + "," + in_binary("f", "FP32", "[3]", 12) + "," +
                                  in_binary("l", "INT64", "[2]", 16));
  const Answer live = binary_answer(json, floats + longs + texts);
  EXPECT_EQ(judge.tell(live, binary_answer(moved, texts + floats + longs)), "alike");
  EXPECT_EQ(judge.tell(live, answer_of(infer(output("f", "FP32", "[3]", "[1,2,3]") + "," +
                                             output("l", "INT64", "[2]", "[5,6]") + "," +
                                             output("t", "BYTES", "[1]", R"(["ab"])")))),
            "alike");
  EXPECT_EQ(judge.tell(live, binary_answer(json, floats + bytes_of<std::int64_t>({5, 7}) + texts)), "/outputs/l value");
  EXPECT_EQ(judge.tell(live, binary_answer(json, bytes_of<float>({1, 3, 2}) + longs + texts)), "/outputs/f value");
  EXPECT_EQ(judge.tell(live, binary_answer(json, floats + longs + std::string("\x02\0\0\0ac", 6))), "/outputs/t value");
  // Cut off within its bytes, and a length that goes beyond them.
  EXPECT_EQ(judge.tell(live, binary_answer(json, floats + "123")), "/outputs/l unread, /outputs/t unread");
  EXPECT_EQ(judge.tell(live, binary_answer(json, floats + longs + std::string("\x09\0\0\0ab", 6))),
            "/outputs/t unread");
  // Sizes that are none.
  const auto sized = [&](const std::string& size) {
    return binary_answer(
        infer(R"({"name":"f","datatype":"FP32","shape":[3],"parameters":{"binary_data_size":)" + size + "}}"), floats);
  };
  EXPECT_EQ(judge.tell(sized("12"), sized("12.0")), "alike");
  for (const char* const size : {"NaN", "-1", "1e300", "Infinity", "\"12\"", "13"}) {
    EXPECT_EQ(judge.tell(sized("12"), sized(size)), "/outputs/f unread") << size;
  }
  const std::string nothing = infer(output("f", "FP32", "[0,1e300]", "[]"));
  EXPECT_EQ(judge.tell(nothing, answer_of(nothing + " ").body), "alike");
  const Comparison same = judge.judge(live, binary_answer(json, floats + longs + texts));
  EXPECT_EQ(told(same), "alike");
  EXPECT_EQ(same.rows, 2u);
}

TEST(TensorAnswers, AreLeftOutByNameOrByPlace) {
  const std::string live = infer(output("a", "FP32", "[1]", "[1]") + "," + output("b", "FP32", "[1]", "[1]"));
  const std::string other = infer(output("b", "FP64", "[1]", "[2]") + "," + output("a", "FP32", "[1]", "[2]"));
  const auto tell = [&](std::vector<std::string> ignore, std::vector<std::string> pointers = {}) {
    policy::Compare compare;
    compare.ignore = std::move(ignore);
    compare.pointers = std::move(pointers);
    return Judge(Protocol::OpenInference, compare).tell(live, other);
  };
  EXPECT_EQ(tell({}), "/outputs/a value, /outputs/b value, /outputs/b/datatype type");
  EXPECT_EQ(tell({"/outputs/b"}), "/outputs/a value");
  EXPECT_EQ(tell({"/outputs/0"}), "/outputs/b value, /outputs/b/datatype type");
  EXPECT_EQ(tell({"/outputs/*/data"}), "/outputs/b/datatype type");
  EXPECT_EQ(tell({"/outputs/*/datatype", "/outputs/a"}), "/outputs/b value");
  EXPECT_EQ(tell({}, {"/outputs/a"}), "/outputs/a value");
  EXPECT_EQ(tell({}, {"/outputs/*/datatype"}), "/outputs/b/datatype type");
  EXPECT_EQ(tell({"/outputs"}), "alike");
}

TEST(TensorAnswers, WithTooManyOutputsAreNoAnswer) {
  std::string many = output("a", "FP32", "[1]", "[1]");
  for (std::size_t i = 0; i < max_answer_outputs; ++i) many += ",{}";
  Judge judge(Protocol::OpenInference);
  EXPECT_EQ(judge.tell(infer(output("a", "FP32", "[1]", "[1]")), infer(many)), "body unread");
}

}  // namespace
}  // namespace sluice::compare
