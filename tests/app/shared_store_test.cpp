#include "sluice/app/shared_store.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace sluice::app {
namespace {

TEST(SharedStore, HidesWhatIsSomebodyElsesFromTheController) {
  const test::TempDir dir;
  const std::string path = (dir / "sluice.db").string();
  {
    SharedStore store(std::move(*state::make_sqlite_store({path})), "drift/");
    ASSERT_TRUE(store.load(10));
    state::Change change;
    change.put = {{"rollout/fraud", "a"}, {"driftwood", "b"}};
    ASSERT_TRUE(store.commit(change));
    ASSERT_TRUE(store.keep({{"fraud", "c"}, {"gone", "d"}}));
    ASSERT_TRUE(store.keep({{"gone", ""}}));
    EXPECT_EQ(store.records(), (std::map<std::string, std::string>{{"fraud", "c"}}));
  }
  SharedStore store(std::move(*state::make_sqlite_store({path})), "drift/");
  const auto contents = store.load(10);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->records, (std::map<std::string, std::string>{{"driftwood", "b"}, {"rollout/fraud", "a"}}));
  EXPECT_EQ(store.records(), (std::map<std::string, std::string>{{"fraud", "c"}}));
}

}  // namespace
}  // namespace sluice::app
