#include "sluice/app/memory_limit.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

/// A root folder with the kernel's files as a test wants them.
class MemoryLimit : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-memory-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }
  void groups(const std::string& text) { write("proc/self/cgroup", text); }
  void write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  fs::path root_;
};

TEST_F(MemoryLimit, IsNoneWhereNobodyCanTell) {
  EXPECT_EQ(memory_limit(root_), 0u);
  groups("nonsense\n0:\n:::\n");
  EXPECT_EQ(memory_limit(root_), 0u);
}

TEST_F(MemoryLimit, IsThatOfTheGroup) {
  groups("0::/system.slice/sluice.service\n");
  write("sys/fs/cgroup/system.slice/sluice.service/memory.max", "536870912\n");
  EXPECT_EQ(memory_limit(root_), 512u << 20);
}

TEST_F(MemoryLimit, IsTheTightestOfAllGroupsAround) {
  groups("0::/pods/one/container\n");
  write("sys/fs/cgroup/memory.max", "8589934592\n");
  write("sys/fs/cgroup/pods/memory.max", "1073741824\n");
  write("sys/fs/cgroup/pods/one/memory.max", "max\n");
  write("sys/fs/cgroup/pods/one/container/memory.max", "2147483648\n");
  EXPECT_EQ(memory_limit(root_), 1u << 30);
}

TEST_F(MemoryLimit, IsThatOfTheMountWhenTheGroupCannotBeSeenFromInside) {
  groups("0::/../../elsewhere\n");
  write("sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(memory_limit(root_), 1u << 30);
}

TEST_F(MemoryLimit, IsReadFromTheFirstVersionToo) {
  groups("5:cpu,cpuacct:/a\n4:memory,other:/docker/a\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory_limit(root_), 0u) << "the number that stands for none";
  write("sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes", "1073741824\n");
  EXPECT_EQ(memory_limit(root_), 1u << 30);
}

TEST_F(MemoryLimit, IsNoneWhenEveryGroupSaysMaximum) {
  groups("0::/a\n");
  write("sys/fs/cgroup/a/memory.max", "max\n");
  EXPECT_EQ(memory_limit(root_), 0u);
  write("sys/fs/cgroup/a/memory.max", "12 apples");
  EXPECT_EQ(memory_limit(root_), 12u) << "the first word counts";
  write("sys/fs/cgroup/a/memory.max", "12apples");
  EXPECT_EQ(memory_limit(root_), 0u);
}

}  // namespace
}  // namespace sluice::app
