#include "sluice/state/store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "state/fixtures.hpp"
#include "support/temp_dir.hpp"

namespace sluice::state {
namespace {

/// What every store does, whatever stands behind it.
class AnyStore : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Store> make(std::size_t journal_limit = 1000) {
    if (GetParam() == "memory") return make_memory_store(journal_limit);
    return open_store((dir_ / "sluice.db").string(), journal_limit);
  }
  static std::vector<JournalEntry> page(const Store& store, const JournalQuery& query) {
    auto found = store.journal(query);
    EXPECT_TRUE(found) << (found ? "" : found.error().message);
    return found ? *found : std::vector<JournalEntry>{};
  }

  test::TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Stores, AnyStore, testing::Values("memory", "sqlite"),
                         [](const auto& info) { return info.param; });

TEST_P(AnyStore, IsEmptyAtFirst) {
  const auto store = make();
  const Contents contents = contents_of(*store);
  EXPECT_TRUE(contents.records.empty());
  EXPECT_TRUE(contents.journal.empty());
  EXPECT_EQ(contents.alarm, "");
  EXPECT_TRUE(page(*store, {}).empty());
}

TEST_P(AnyStore, SaysWhatItIs) {
  EXPECT_TRUE(make()->name().starts_with(GetParam()));
}

TEST_P(AnyStore, KeepsReplacesAndErasesRecords) {
  const auto store = make();
  Change change = put("rollout/fraud", "one");
  change.put["rollout/spam"] = "two";
  expect_commit(*store, change);
  Change next = put("rollout/fraud", "three");
  next.erase = {"rollout/spam", "rollout/never"};
  expect_commit(*store, next);
  EXPECT_EQ(contents_of(*store).records, (std::map<std::string, std::string>{{"rollout/fraud", "three"}}));
}

TEST_P(AnyStore, ANameThatIsErasedAndPutInOneChangeIsThere) {
  const auto store = make();
  Change change = put("a", "new");
  change.erase = {"a"};
  expect_commit(*store, change);
  EXPECT_EQ(contents_of(*store).records.at("a"), "new");
}

TEST_P(AnyStore, KeepsEveryByte) {
  const auto store = make();
  const std::string odd("\0'\";--\xff\xc3\n", 9);
  Change change = put(odd, odd);
  JournalEntry entry = Chained().next();
  entry.text = odd;
  entry.actor = "";
  change.append = {entry};
  expect_commit(*store, change);
  const Contents contents = contents_of(*store);
  EXPECT_EQ(contents.records.at(odd), odd);
  EXPECT_EQ(contents.journal, change.append);
}

TEST_P(AnyStore, AnEmptyValueIsAValue) {
  const auto store = make();
  expect_commit(*store, put("a", ""));
  const Contents contents = contents_of(*store);
  EXPECT_EQ(contents.records.count("a"), 1U);
  EXPECT_EQ(contents.alarm, "");
}

TEST_P(AnyStore, AnEmptyChangeChangesNothing) {
  const auto store = make();
  expect_commit(*store, {});
  EXPECT_TRUE(contents_of(*store).records.empty());
}

TEST_P(AnyStore, LoadsTheNewestEntriesOldestFirst) {
  const auto store = make();
  const Change change = Chained().change(10);
  expect_commit(*store, change);
  EXPECT_EQ(sequences(contents_of(*store, 3).journal), (std::vector<std::uint64_t>{8, 9, 10}));
  EXPECT_EQ(contents_of(*store, 100).journal, change.append);
  EXPECT_TRUE(contents_of(*store, 0).journal.empty());
}

TEST_P(AnyStore, AnEntryThatIsThereAlreadyIsReplaced) {
  const auto store = make();
  Chained chained;
  Change change = chained.change(2);
  expect_commit(*store, change);
  expect_commit(*store, change);
  EXPECT_EQ(contents_of(*store).journal, change.append);
}

TEST_P(AnyStore, EntriesBehindAPlaceGoBeforeOthersComeThere) {
  const auto store = make();
  expect_commit(*store, Chained().change(5));
  Chained chained;
  Change change = chained.change(2);
  change.append.push_back(chained.next("spam"));
  change.append.erase(change.append.begin(), change.append.begin() + 2);
  change.drop_behind = 2;
  EXPECT_FALSE(change.is_empty());
  expect_commit(*store, change);
  const Contents contents = contents_of(*store);
  EXPECT_EQ(sequences(contents.journal), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(contents.journal.back().route, "spam");
  EXPECT_EQ(contents.alarm, "");
  Change none;
  none.drop_behind = 0;
  expect_commit(*store, none);
  EXPECT_TRUE(contents_of(*store).journal.empty());
}

TEST_P(AnyStore, PagesThroughTheJournalNewestFirst) {
  const auto store = make();
  expect_commit(*store, Chained().change(10));
  EXPECT_EQ(sequences(page(*store, {.limit = 4})), (std::vector<std::uint64_t>{10, 9, 8, 7}));
  EXPECT_EQ(sequences(page(*store, {.before = 7, .limit = 4})), (std::vector<std::uint64_t>{6, 5, 4, 3}));
  EXPECT_EQ(sequences(page(*store, {.before = 3, .limit = 4})), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_TRUE(page(*store, {.before = 1}).empty());
  EXPECT_TRUE(page(*store, {.limit = 0}).empty());
  EXPECT_EQ(page(*store, {.before = 1000, .limit = 100}).size(), 10U);
}

TEST_P(AnyStore, TheJournalOfOneRouteIsItsOwn) {
  const auto store = make();
  Chained chained;
  Change change;
  for (int i = 0; i < 6; ++i) change.append.push_back(chained.next(i % 2 == 0 ? "fraud" : "spam"));
  expect_commit(*store, change);
  EXPECT_EQ(sequences(page(*store, {.route = "fraud", .limit = 2})), (std::vector<std::uint64_t>{5, 3}));
  EXPECT_EQ(sequences(page(*store, {.route = "fraud", .before = 3})), (std::vector<std::uint64_t>{1}));
  EXPECT_TRUE(page(*store, {.route = "fra"}).empty());
}

TEST_P(AnyStore, TheOldestEntriesAreDroppedBeyondTheLimit) {
  const auto store = make(100);
  Chained chained;
  for (int i = 0; i < 50; ++i) {
    expect_commit(*store, chained.change(10));
    const Contents contents = contents_of(*store);
    EXPECT_LE(contents.journal.size(), 100U + 12U + 10U);
    EXPECT_GE(contents.journal.size(), std::min<std::size_t>(100, static_cast<std::size_t>(i + 1) * 10));
    EXPECT_EQ(contents.journal.back().sequence, static_cast<std::uint64_t>(i + 1) * 10);
    EXPECT_EQ(contents.alarm, "") << "a journal that lost its beginning is whole";
  }
}

TEST_P(AnyStore, TheJournalIsReadWhileOthersAreKept) {
  const auto store = make(10'000);
  std::atomic<bool> over{false};
  std::atomic<int> pages{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      do {
        const auto found = page(*store, {.limit = 50});
        std::vector<JournalEntry> in_order(found.rbegin(), found.rend());
        EXPECT_EQ(first_break(in_order), in_order.size());
        ++pages;
      } while (!over);
    });
  }
  Chained chained;
  for (int i = 0; i < 200 || pages < 4; ++i) expect_commit(*store, chained.change(1));
  over = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace sluice::state
