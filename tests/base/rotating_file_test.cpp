#include "sluice/base/rotating_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temp_dir.hpp"

namespace sluice {
namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(RotatingFile, KeepsWhatIsWrittenAndGoesOnBehindIt) {
  const test::TempDir dir;
  const auto path = dir.path() / "a.ndjson";
  for (const char* line : {"one\n", "two\n"}) {
    auto file = RotatingFile::open(path.string(), {1000, 3});
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(file->write(line));
  }
  EXPECT_EQ(read_all(path), "one\ntwo\n");
}

TEST(RotatingFile, AFullFileStepsAsideAndTheOldestGoes) {
  const test::TempDir dir;
  const auto path = dir.path() / "a.ndjson";
  auto file = RotatingFile::open(path.string(), {10, 3});
  ASSERT_TRUE(file);
  for (const char* line : {"11111111\n", "22222222\n", "33333333\n", "44444444\n"}) ASSERT_TRUE(file->write(line));
  EXPECT_EQ(read_all(path), "44444444\n");
  EXPECT_EQ(read_all(dir.path() / "a.1.ndjson"), "33333333\n");
  EXPECT_EQ(read_all(dir.path() / "a.2.ndjson"), "22222222\n");
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "a.3.ndjson"));
}

TEST(RotatingFile, APlaceThatCannotBeWrittenIsOneSentence) {
  const auto file = RotatingFile::open("/proc/no/such/place.ndjson", {});
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/proc/no/such/place.ndjson"), std::string::npos) << file.error().message;
}

}  // namespace
}  // namespace sluice
