#include "sample_model/digits.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "shipped_digits.hpp"

namespace sluice::sample_model {
namespace {

std::string row(int pixel, int label) {
  std::string text;
  for (int i = 0; i < image_pixels; ++i) text += std::to_string(pixel) + ',';
  return text + std::to_string(label);
}

TEST(Digits, ShippedDataHasEveryDigitInBothHalves) {
  const auto& halves = shipped_digits();
  EXPECT_EQ(halves.train.size(), 899u);
  EXPECT_EQ(halves.ask.size(), 898u);
  for (const auto* half : {&halves.train, &halves.ask}) {
    std::array<int, digit_count> counts{};
    for (const auto& digit : *half) ++counts[digit.label];
    for (const int count : counts) EXPECT_GT(count, 70);
  }
}

TEST(Digits, RowsAreReadWithAndWithoutFinalNewlineAndWithCarriageReturns) {
  for (const auto& text : {row(16, 9), row(16, 9) + "\n", row(16, 9) + "\r\n"}) {
    const auto digits = parse_digits(text);
    ASSERT_TRUE(digits) << digits.error().message;
    ASSERT_EQ(digits->size(), 1u);
    EXPECT_EQ(digits->front().label, 9);
    EXPECT_EQ(digits->front().pixels.back(), 16);
  }
}

TEST(Digits, AnErrorNamesItsLine) {
  const auto good = row(1, 2) + "\n";
  for (const auto& bad :
       {row(17, 2), row(1, 10), row(-1, 2), row(1, 2) + ",3", std::string("1,2,3"), row(1, 2) + " "}) {
    const auto digits = parse_digits(good + bad);
    ASSERT_FALSE(digits) << bad;
    EXPECT_NE(digits.error().message.find("line 2"), std::string::npos) << digits.error().message;
  }
}

TEST(Digits, NothingIsAnError) {
  EXPECT_FALSE(parse_digits("\n\n"));
}

TEST(Digits, NoBytesCrashTheReader) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    auto text = row(3, 4) + '\n' + row(5, 6);
    for (int change = 0; change < 3; ++change) text[random() % text.size()] = static_cast<char>(random());
    (void)parse_digits(text.substr(0, random() % text.size()));
  }
}

TEST(Digits, AMissingOrDamagedFileIsAnErrorThatNamesIt) {
  const auto missing = load_digits("/nonexistent/digits.csv");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/nonexistent/digits.csv"), std::string::npos);

  std::ifstream whole(SLUICE_SOURCE_DIR "/config/quickstart/digits.csv.gz", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  const auto path = testing::TempDir() + "/cut-" + std::to_string(::getpid()) + ".csv.gz";
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_FALSE(load_digits(path));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::sample_model
