#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sluice/base/random.hpp"
#include "state/file_fixture.hpp"

namespace sluice::state {
namespace {

class KilledProcess : public FileFixture {};

/// Commits as fast as it can and says each number once it is kept. Every record and the journal get the same number.
[[noreturn]] void commit_for_ever(const std::string& path, int said) {
  const auto store = open_store(path);
  auto contents = store->load(1);
  std::uint64_t number = contents->journal.empty() ? 0 : contents->journal.back().sequence;
  std::string hash = number == 0 ? "" : contents->journal.back().hash;
  while (true) {
    Change change;
    JournalEntry entry;
    entry.sequence = ++number;
    entry.hash = chain(hash, entry);
    hash = entry.hash;
    change.append = {entry};
    for (const char* const name : {"a", "b", "c"}) {
      change.put[name] = std::to_string(number) + std::string(2000, 'x');
    }
    if (!store->commit(change)) ::_exit(1);
    if (::write(said, &number, sizeof(number)) != sizeof(number)) ::_exit(2);
  }
}

TEST_F(KilledProcess, InTheMiddleOfCommitsEachIsThereWholeOrNotAtAll) {
  Random random(4);
  std::uint64_t last_kept = 0;
  for (int round = 0; round < 12; ++round) {
    int said[2];
    ASSERT_EQ(::pipe(said), 0);
    const pid_t child = ::fork();
    if (child == 0) commit_for_ever(path, said[1]);
    ::close(said[1]);
    std::uint64_t heard = 0;
    const std::uint64_t wanted = 1 + random.below(40);
    for (std::uint64_t i = 0; i < wanted; ++i) {
      ASSERT_EQ(::read(said[0], &heard, sizeof(heard)), static_cast<ssize_t>(sizeof(heard)));
    }
    // Somewhere within one of the next commits, not at its end.
    ::usleep(static_cast<useconds_t>(random.below(2000)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (std::uint64_t more = 0; ::read(said[0], &more, sizeof(more)) == sizeof(more);) heard = more;
    ::close(said[0]);

    const auto store = open_store(path);
    ASSERT_NE(store, nullptr) << "the lock ends with its process";
    const Contents contents = contents_of(*store);
    EXPECT_EQ(contents.alarm, "");
    ASSERT_FALSE(contents.journal.empty());
    const std::uint64_t kept = contents.journal.back().sequence;
    EXPECT_GE(kept, heard) << "what was said to be kept is kept";
    EXPECT_LE(kept, heard + 1) << "one commit is under way at most";
    EXPECT_EQ(contents.journal.size(), kept);
    for (const char* const name : {"a", "b", "c"}) {
      EXPECT_EQ(contents.records.at(name), std::to_string(kept) + std::string(2000, 'x'));
    }
    EXPECT_GT(kept, last_kept);
    last_kept = kept;
  }
}

}  // namespace
}  // namespace sluice::state
