#include "sluice/compare/tensor_data.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "comparing.hpp"

namespace sluice::compare {
namespace {

/// All elements, read in blocks of `piece`.
std::vector<double> elements(std::optional<TensorData> data, std::size_t piece = 3) {
  std::vector<double> all;
  if (!data) return {-1};
  TensorData::Block block;
  while (const std::size_t count = data->read(block, piece)) {
    all.insert(all.end(), block.values.begin(), block.values.begin() + static_cast<std::ptrdiff_t>(count));
  }
  EXPECT_EQ(all.size(), data->count());
  return all;
}

template <typename T>
std::vector<double> read_binary(const char* type, const std::vector<T>& numbers) {
  const std::string bytes = bytes_of(numbers);
  return elements(TensorData::from_bytes(bytes, *find_datatype(type)));
}

std::vector<double> read_json(const char* type, const std::string& text) {
  JsonReader reader;
  JsonTree tree;
  EXPECT_TRUE(reader.read(text, tree)) << text;
  return elements(TensorData::from_json(tree, tree.root(), *find_datatype(type)));
}

using Numbers = std::vector<double>;

TEST(TensorData, IsReadFromBytesOfEveryType) {
  EXPECT_EQ(read_binary<double>("FP64", {1.5, -2, 3, 4}), (Numbers{1.5, -2, 3, 4}));
  EXPECT_EQ(read_binary<float>("FP32", {1.5F, -2, 3, 4}), (Numbers{1.5, -2, 3, 4}));
  EXPECT_EQ(read_binary<std::uint16_t>("FP16", {0x3C00, 0xC000}), (Numbers{1, -2}));
  EXPECT_EQ(read_binary<std::uint16_t>("BF16", {0x3F80, 0xC000}), (Numbers{1, -2}));
  EXPECT_EQ(read_binary<std::int8_t>("INT8", {-1, 5}), (Numbers{-1, 5}));
  EXPECT_EQ(read_binary<std::int16_t>("INT16", {-1, 5}), (Numbers{-1, 5}));
  EXPECT_EQ(read_binary<std::int32_t>("INT32", {-1, 5}), (Numbers{-1, 5}));
  EXPECT_EQ(read_binary<std::int64_t>("INT64", {-1, 5}), (Numbers{-1, 5}));
  EXPECT_EQ(read_binary<std::uint8_t>("UINT8", {255, 5}), (Numbers{255, 5}));
  EXPECT_EQ(read_binary<std::uint16_t>("UINT16", {65535, 5}), (Numbers{65535, 5}));
  EXPECT_EQ(read_binary<std::uint32_t>("UINT32", {4294967295U, 5}), (Numbers{4294967295.0, 5}));
  EXPECT_EQ(read_binary<std::uint64_t>("UINT64", {7, 5}), (Numbers{7, 5}));
  EXPECT_EQ(read_binary<std::uint8_t>("BOOL", {0, 1, 7}), (Numbers{0, 1, 1}));
}

TEST(TensorData, IsReadFromNestedAndFlatJson) {
  EXPECT_EQ(read_json("FP32", "[1,2,3,4]"), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(read_json("FP32", "[[1,2],[3,4]]"), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(read_json("INT64", "[[[1]],[[2]],[],[[3,4]]]"), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(read_json("BOOL", "[true,false,1]"), (Numbers{1, 0, 1}));
  EXPECT_TRUE(std::isnan(read_json("FP32", "[null]").front()));
}

TEST(TensorData, RefusesWhatIsNotOfItsType) {
  EXPECT_EQ(read_json("FP32", "[1,\"2\"]"), Numbers{-1});
  EXPECT_EQ(read_json("INT32", "[null]"), Numbers{-1});
  EXPECT_EQ(read_json("FP32", "[{\"a\":1}]"), Numbers{-1});
  EXPECT_EQ(elements(TensorData::from_bytes("12345", *find_datatype("FP32"))), Numbers{-1});
  EXPECT_FALSE(TensorData::from_bytes(std::string("\x05\0\0\0abc", 7), *find_datatype("BYTES")));
  EXPECT_FALSE(TensorData::from_bytes(std::string("\x01\0", 2), *find_datatype("BYTES")));
  EXPECT_EQ(find_datatype("STRING"), nullptr);
}

TEST(TensorData, TellsWideNumbersExactly) {
  JsonReader reader;
  JsonTree tree;
  const std::string text = "[9007199254740993,-9223372036854775808,5]";
  ASSERT_TRUE(reader.read(text, tree));
  auto data = TensorData::from_json(tree, 0, *find_datatype("INT64"));
  ASSERT_TRUE(data);
  TensorData::Block block;
  ASSERT_EQ(data->read(block, 10), 3u);
  EXPECT_EQ(static_cast<std::int64_t>(block.exact[0]), 9007199254740993);
  EXPECT_EQ(static_cast<std::int64_t>(block.exact[1]), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(block.exact[2], 5u);
}

TEST(TensorData, TellsTheLargestNumbersExactly) {
  JsonReader reader;
  JsonTree tree;
  const std::string text = "[18446744073709551615,18446744073709551614,1e19,10000000000000000000,-1,1.5]";
  ASSERT_TRUE(reader.read(text, tree));
  auto data = TensorData::from_json(tree, 0, *find_datatype("UINT64"));
  ASSERT_TRUE(data);
  TensorData::Block block;
  ASSERT_EQ(data->read(block, 10), 6u);
  EXPECT_EQ(block.exact[0], 18446744073709551615U);
  EXPECT_EQ(block.exact[1], 18446744073709551614U);
  EXPECT_EQ(block.exact[2], 10000000000000000000U);
  EXPECT_EQ(block.exact[3], block.exact[2]);
  EXPECT_EQ(static_cast<std::int64_t>(block.exact[4]), -1);
  EXPECT_NE(block.exact[5], 1u);
}

TEST(TensorData, OfBytesIsTexts) {
  const std::string bytes("\x02\0\0\0ab\0\0\0\0\x01\0\0\0z", 15);
  auto binary = TensorData::from_bytes(bytes, *find_datatype("BYTES"));
  ASSERT_TRUE(binary);
  JsonReader reader;
  JsonTree tree;
  const std::string text = R"([["ab"],["","\u007a"]])";
  ASSERT_TRUE(reader.read(text, tree));
  auto json = TensorData::from_json(tree, 0, *find_datatype("BYTES"));
  ASSERT_TRUE(json);
  EXPECT_EQ(binary->count(), 3u);
  EXPECT_EQ(json->count(), 3u);
  std::string scratch;
  for (const char* const expected : {"ab", "", "z"}) {
    std::string_view element;
    ASSERT_TRUE(binary->read_bytes(element, scratch));
    EXPECT_EQ(element, expected);
    ASSERT_TRUE(json->read_bytes(element, scratch));
    EXPECT_EQ(element, expected);
  }
  std::string_view none;
  EXPECT_FALSE(binary->read_bytes(none, scratch));
  EXPECT_FALSE(json->read_bytes(none, scratch));
}

}  // namespace
}  // namespace sluice::compare
