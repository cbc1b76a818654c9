#include <gtest/gtest.h>

#include "sluice/base/random.hpp"
#include "state/file_fixture.hpp"

namespace sluice::state {
namespace {

class StateFile : public FileFixture {};

TEST_F(StateFile, ADamagedFileIsSetAsideAndANewOneMade) {
  const std::string garbage =
      "this is no database, and it is long enough to have a header of a hundred bytes. " + std::string(200, 'x');
  dir.write("sluice.db", garbage);
  const auto store = open_store(path);
  const Contents contents = contents_of(*store);
  EXPECT_TRUE(contents.records.empty());
  ASSERT_NE(set_aside(), "");
  EXPECT_EQ(test::read_file(dir / set_aside()), garbage) << "nothing of it is lost";
  EXPECT_NE(contents.alarm.find(set_aside()), std::string::npos) << contents.alarm;
  EXPECT_NE(contents.alarm.find("file is not a database"), std::string::npos) << contents.alarm;
  expect_commit(*store, put("a", "b"));
}

TEST_F(StateFile, TheAlarmIsOverWithTheNextStart) {
  dir.write("sluice.db", "garbage");
  EXPECT_NE(contents_of(*open_store(path)).alarm, "");
  EXPECT_EQ(contents_of(*open_store(path)).alarm, "");
}

TEST_F(StateFile, TwoDamagedFilesInOneSecondAreBothKept) {
  for (const char* const text : {"garbage one", "garbage two", "garbage three"}) {
    dir.write("sluice.db", text);
    open_store(path).reset();
  }
  std::vector<std::string> texts;
  for (const std::string& name : names()) {
    if (name.find(".corrupt-") != std::string::npos) texts.push_back(test::read_file(dir / name));
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, (std::vector<std::string>{"garbage one", "garbage three", "garbage two"}));
}

TEST_F(StateFile, WhatIsFoundInADamagedPageIsToldInOneLine) {
  fill(60);
  const std::string whole = test::read_file(path);
  int pages_named = 0;
  for (std::size_t page = 4096; page + 4096 <= whole.size(); page += 4 * 4096) {
    std::string damaged = whole;
    damaged.replace(page, 4096, std::string(4096, '?'));
    dir.write("sluice.db", damaged);
    const std::string alarm = contents_of(*open_store(path)).alarm;
    EXPECT_EQ(alarm.find('\n'), std::string::npos) << alarm;
    EXPECT_EQ(alarm.find("***"), std::string::npos) << alarm;
    pages_named += alarm.find("btreeInitPage") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(pages_named, 0) << "or nothing of this was tried";
}

TEST_F(StateFile, AnEmptyFileIsDamage) {
  dir.write("sluice.db", "");
  EXPECT_NE(contents_of(*open_store(path)).alarm.find("the file is empty"), std::string::npos);
}

TEST_F(StateFile, ALogWithoutItsFileIsDamage) {
  dir.write("sluice.db-wal", "left alone");
  EXPECT_NE(contents_of(*open_store(path)).alarm.find("the file is gone"), std::string::npos);
}

TEST_F(StateFile, ATruncatedFileIsDamageWhereverItEnds) {
  fill(60);
  const std::string whole = test::read_file(path);
  ASSERT_GT(whole.size(), 8 * 4096U);
  for (const std::size_t size : {std::size_t{50}, std::size_t{100}, std::size_t{4096}, std::size_t{10'000},
                                 whole.size() / 2, whole.size() - 4096, whole.size() - 1}) {
    dir.write("sluice.db", whole.substr(0, size));
    EXPECT_NE(contents_of(*open_store(path)).alarm, "") << size << " of " << whole.size() << " bytes";
  }
}

TEST_F(StateFile, ATableThatIsMissingIsDamage) {
  fill();
  meddle(path, "DROP TABLE record");
  EXPECT_NE(contents_of(*open_store(path)).alarm.find("no such table: record"), std::string::npos);
}

TEST_F(StateFile, BytesThatWereChangedNeverGoUnnoticedInWhatIsUsed) {
  fill(60);
  const std::string whole = test::read_file(path);
  const Contents right = contents_of(*open_store(path));
  Random random(20261122);
  int noticed = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 8; ++i) bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    dir.write("sluice.db", bytes);
    auto store = make_sqlite_store({path});
    if (!store) {
      ++noticed;  // such as a schema number that is too large
      continue;
    }
    const Contents found = contents_of(**store);
    if (!found.alarm.empty()) {
      ++noticed;
      continue;
    }
    EXPECT_EQ(found.records, right.records) << "round " << round;
    EXPECT_EQ(found.journal, right.journal) << "round " << round;
  }
  EXPECT_GT(noticed, 30);
}

TEST_F(StateFile, ARecordThatSomebodyChangedIsNotUsed) {
  fill();
  meddle(path, "UPDATE record SET value = replace(value, 'x', 'y') WHERE name = 'rollout/7'");
  const Contents contents = contents_of(*open_store(path));
  EXPECT_EQ(contents.records.at("rollout/7"), "");
  EXPECT_EQ(contents.records.at("rollout/8"), std::string(500, 'x'));
  EXPECT_NE(contents.alarm.find("the record rollout/7 was changed by somebody else"), std::string::npos);
}

TEST_F(StateFile, ATimeThatNoClockCanShowIsNoticed) {
  fill();
  meddle(path, "UPDATE journal SET time_ms = -9000000000000000000 WHERE sequence = 17");
  EXPECT_NE(contents_of(*open_store(path)).alarm.find("entry 17 does not follow"), std::string::npos);
}

TEST_F(StateFile, AJournalThatSomebodyChangedIsKeptAndSaid) {
  fill();
  meddle(path, "UPDATE journal SET text = 'nothing happened' WHERE sequence = 17");
  const Contents changed = contents_of(*open_store(path), 5);
  EXPECT_NE(changed.alarm.find("entry 17 does not follow"), std::string::npos) << changed.alarm;
  EXPECT_EQ(sequences(changed.journal), (std::vector<std::uint64_t>{56, 57, 58, 59, 60}));
  EXPECT_EQ(contents_of(*open_store(path)).journal.size(), 60U);
  meddle(path, "DELETE FROM journal WHERE sequence BETWEEN 10 AND 20");
  EXPECT_NE(contents_of(*open_store(path)).alarm.find("entry 21 does not follow"), std::string::npos);
}

}  // namespace
}  // namespace sluice::state
