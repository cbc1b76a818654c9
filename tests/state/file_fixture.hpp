#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "state/fixtures.hpp"
#include "support/temp_dir.hpp"

namespace sluice::state {

/// Runs SQL on a file that no store has open, as somebody with a shell would.
inline void meddle(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_free(error);
  sqlite3_close(database);
}

/// A file, what lies beside it, and stores on it.
class FileFixture : public testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
      out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }
  /// What was set aside, without companions; empty: nothing.
  std::string set_aside() const {
    for (const std::string& name : names()) {
      if (name.find(".corrupt-") != std::string::npos && !name.ends_with("-wal") && !name.ends_with("-shm"))
        return name;
    }
    return {};
  }
  void fill(int commits = 20) const {
    const auto store = open_store(path);
    Chained chained;
    for (int i = 0; i < commits; ++i) {
      Change change = chained.change(3);
      change.put["rollout/" + std::to_string(i)] = std::string(500, 'x');
      expect_commit(*store, change);
    }
  }

  test::TempDir dir;
  const std::string path = (dir / "sluice.db").string();
};

}  // namespace sluice::state
