#include "sluice/cli/screen.hpp"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(Screen, APictureIsWrittenOverTheOneBefore) {
  EXPECT_EQ(picture_of("one\ntwo\n", 24), "\033[H\033[Kone\n\033[Ktwo\n\033[J");
  EXPECT_EQ(picture_of("one\n", 0), "\033[H\033[Kone\n\033[J") << "a window of unknown height";
}

TEST(Screen, WhatDoesNotFitIsCounted) {
  EXPECT_EQ(picture_of("1\n2\n3\n4\n", 3),
            "\033[H\033[K1\n\033[K2\n\033[K(2 more lines; a larger window shows them)\033[J");
  EXPECT_EQ(picture_of("1\n2\n", 3), "\033[H\033[K1\n\033[K2\n\033[J") << "the cursor needs a row, too";
}

}  // namespace
}  // namespace sluice::cli
