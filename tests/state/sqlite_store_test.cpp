#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/file_fixture.hpp"

namespace sluice::state {
namespace {

namespace fs = std::filesystem;

/// Does `work` in a process of its own; what it returned, or 255 when it did not end by itself.
template <typename Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

class SqliteStoreTest : public FileFixture {};

TEST_F(SqliteStoreTest, WhatWasKeptIsThereAfterARestart) {
  Chained chained;
  Change change = chained.change(5);
  change.put["rollout/fraud"] = "{}";
  {
    const auto store = open_store(path);
    expect_commit(*store, change);
  }
  const auto store = open_store(path);
  const Contents contents = contents_of(*store);
  EXPECT_EQ(contents.records, change.put);
  EXPECT_EQ(contents.journal, change.append);
  EXPECT_EQ(contents.alarm, "");
}

TEST_F(SqliteStoreTest, AnOrderlyEndLeavesOneFileAndItsLock) {
  fill();
  EXPECT_EQ(names(), (std::vector<std::string>{"sluice.db", "sluice.db.lock"}));
}

TEST_F(SqliteStoreTest, OnlyItsOwnerReadsTheFile) {
  fill();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SqliteStoreTest, ACommitThatTheDiskDoesNotAnswerFailsInTimeAndTheNextHasTheLastWord) {
  using std::chrono::milliseconds;
  auto store = make_sqlite_store({path, 100, milliseconds(1)}).value();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  Change slow = Chained().change(3);
  slow.put["rollout/fraud"] = "slow";
  for (int i = 0; i < 2; ++i) {
    const auto done = store->commit(slow);
    ASSERT_FALSE(done) << i;
    EXPECT_NE(done.error().message.find("the disk has not answered for more than 1 ms"), std::string::npos)
        << done.error().message;
  }
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  const Contents late = contents_of(*store);  // comes behind the slow one
  EXPECT_EQ(late.records, slow.put);
  EXPECT_EQ(late.journal, slow.append);

  Change last = Chained().change(1);
  last.drop_behind = 0;
  last.put["rollout/fraud"] = "last";
  // Whoever is given a millisecond may not get an answer; what counts is what is kept.
  (void)store->commit(last);
  const Contents contents = contents_of(*store);
  EXPECT_EQ(contents.records, last.put);
  EXPECT_EQ(contents.journal, last.append);
}

// --- whose file it is ---

TEST_F(SqliteStoreTest, ASecondStoreOnTheSameFileIsRefused) {
  const auto first = open_store(path);
  const std::string reason = why_not(path);
  EXPECT_NE(reason.find("another process uses it (process " + std::to_string(::getpid()) + ")"), std::string::npos)
      << reason;
  EXPECT_NE(reason.find("cannot keep state in " + path), std::string::npos);
  fs::create_directory(dir / "other");
  fs::create_symlink(path, dir / "other/link.db");
  EXPECT_NE(why_not((dir / "other/link.db").string()).find("another process"), std::string::npos);
}

TEST_F(SqliteStoreTest, TheFileIsFreeOnceItsStoreIsGone) {
  open_store(path).reset();
  EXPECT_NE(open_store(path), nullptr);
}

TEST_F(SqliteStoreTest, AFileThatIsAnotherProgramsIsLeftAlone) {
  meddle(path, "CREATE TABLE theirs(a); INSERT INTO theirs VALUES(1)");
  EXPECT_NE(why_not(path).find("it is a database of another program"), std::string::npos);
  meddle(path, "INSERT INTO theirs VALUES(2)");
  EXPECT_EQ(set_aside(), "");
}

TEST_F(SqliteStoreTest, ANewerSchemaIsLeftAlone) {
  fill();
  meddle(path, "PRAGMA user_version = 99");
  const std::string reason = why_not(path);
  EXPECT_NE(reason.find("it is of schema 99 and this program knows up to 3: a newer Sluice wrote it"),
            std::string::npos)
      << reason;
  meddle(path, "PRAGMA user_version = 3");
  EXPECT_EQ(contents_of(*open_store(path)).records.size(), 20U);
}

TEST_F(SqliteStoreTest, AnOlderSchemaIsBroughtUpToDateWithAllItHolds) {
  fill();
  meddle(path,
         "DROP INDEX journal_by_route; DROP TABLE outcome; DROP TABLE outcome_sum; DROP TABLE outcome_decisions;"
         "DROP TABLE outcome_key; DROP TABLE outcome_mark; PRAGMA user_version = 1");
  const auto store = open_store(path);
  const Contents contents = contents_of(*store);
  EXPECT_EQ(contents.records.size(), 20U);
  EXPECT_EQ(contents.journal.size(), 60U);
  EXPECT_EQ(contents.alarm, "");
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "SELECT * FROM journal INDEXED BY journal_by_route WHERE route = 'fraud'", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
}

// --- a storage that fails ---

TEST_F(SqliteStoreTest, ADirectoryThatIsMissingIsNamed) {
  EXPECT_NE(why_not((dir / "none/sluice.db").string()).find("there is no directory " + (dir / "none").string()),
            std::string::npos);
}

TEST_F(SqliteStoreTest, ADirectoryInPlaceOfTheFileIsNotTouched) {
  fs::create_directory(path);
  EXPECT_NE(why_not(path).find("it is not a file"), std::string::npos);
}

TEST_F(SqliteStoreTest, AReadOnlyFileOrDirectoryIsSaid) {
  fill(1);
  ::chmod(dir.path().c_str(), 0755);
  ::chmod(path.c_str(), 0444);
  ::chmod((path + ".lock").c_str(), 0666);
  // Nothing is read-only for root.
  const auto as_nobody = [&](const std::string& file, const char* expected) {
    return in_child([&] {
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 2;
      const std::string reason = why_not(file);
      if (reason.find(expected) != std::string::npos) return 0;
      std::fprintf(stderr, "%s\n", reason.c_str());
      return 1;
    });
  };
  if (::geteuid() == 0) {
    EXPECT_EQ(as_nobody(path, "the file is read-only"), 0);
    EXPECT_EQ(as_nobody((dir / "new.db").string(), "Permission denied"), 0);
  } else {
    EXPECT_NE(why_not(path).find("the file is read-only"), std::string::npos);
  }
  EXPECT_EQ(set_aside(), "");
}

TEST_F(SqliteStoreTest, AFullDiskFailsACommitWholeAndIsOverOnceThereIsRoom) {
  const int result = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto store = open_store(path);
    expect_commit(*store, put("a", "small"));
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 100'000;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Change large = put("a", std::string(300'000, 'x'));
    large.put["b"] = "too";
    const auto refused = store->commit(large);
    if (refused) return 1;
    if (!refused.error().retryable) return 2;
    if (refused.error().message.find("disk") == std::string::npos) return 3;
    if (contents_of(*store).records != std::map<std::string, std::string>{{"a", "small"}}) return 4;
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (!store->commit(large)) return 5;
    return contents_of(*store).records == large.put ? 0 : 6;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(contents_of(*open_store(path)).records.size(), 2U);
}

TEST_F(SqliteStoreTest, AFileThatIsTakenAwayFailsCommits) {
  const auto store = open_store(path);
  expect_commit(*store, put("a", "b"));
  fs::remove(path);
  const auto refused = store->commit(put("a", "c"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("the file was moved or removed"), std::string::npos);
}

TEST_F(SqliteStoreTest, SomebodyElsesTransactionIsWaitedForAndThenSaid) {
  const auto store = open_store(path);
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = store->commit(put("a", "b"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_NE(refused.error().message.find("database is locked"), std::string::npos) << refused.error().message;
  sqlite3_close(shell);
  expect_commit(*store, put("a", "b"));
}

}  // namespace
}  // namespace sluice::state
