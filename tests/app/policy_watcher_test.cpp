#include "sluice/app/policy_watcher.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience(20);
const ChangeDetector::Timing kFast{milliseconds(20), milliseconds(500), seconds(600), 0};
const ChangeDetector::Timing kFastPoll{milliseconds(20), milliseconds(500), milliseconds(30), 0.2};

/// What the watcher said, in order: the text of the first source, or "unreadable".
class Heard {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(what));
    changed_.notify_all();
  }

  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return !heard_.empty(); })) return "nothing";
    std::string first = heard_.front();
    heard_.pop_front();
    return first;
  }

  bool empty() {
    const std::lock_guard lock(mutex_);
    return heard_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> heard_;
};

class PolicyWatcherTest : public ::testing::Test {
 protected:
  PolicyWatcherTest() {
    std::string pattern = (fs::temp_directory_path() / "sluice-watch-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~PolicyWatcherTest() override {
    watcher_.reset();
    fs::remove_all(folder_);
  }

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

  static void replace(const fs::path& path, const std::string& text) {
    const fs::path temporary = path.parent_path() / "next.tmp";
    write(temporary, text);
    fs::rename(temporary, path);
  }

  static void swap_link(const fs::path& link, const fs::path& target) {
    const fs::path temporary = link.parent_path() / "..swap";
    fs::create_symlink(target, temporary);
    fs::rename(temporary, link);
  }

  void watch(const fs::path& path, const ChangeDetector::Timing& timing = kFast) {
    auto loaded = policy::load_sources(path);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    PolicyWatcher::Callbacks callbacks;
    callbacks.on_change = [this](const PolicyWatcher::Change& change) {
      // A machine that stalls between truncation and write makes the empty file a state of its own.
      if (!change.sources.empty() && change.sources[0].text.empty()) return;
      if (on_change_) on_change_();
      heard_.add((change.demand == 0 ? "" : "demand " + std::to_string(change.demand) + ": ") +
                 (change.sources.empty() ? std::string("empty") : change.sources[0].text));
    };
    callbacks.on_unreadable = [this](const Error&, std::uint64_t demand) {
      heard_.add((demand == 0 ? "" : "demand " + std::to_string(demand) + ": ") + "unreadable");
    };
    watcher_ = std::make_unique<PolicyWatcher>(path, *loaded, callbacks, timing);
  }

  fs::path folder_;
  Heard heard_;
  std::function<void()> on_change_;  // on the watcher's thread, before it is heard
  std::unique_ptr<PolicyWatcher> watcher_;
};

TEST_F(PolicyWatcherTest, SeesAFileWrittenInPlace) {
  write(folder_ / "p.yaml", "one");
  watch(folder_ / "p.yaml");
  EXPECT_TRUE(watcher_->notified_by_kernel());
  write(folder_ / "p.yaml", "two");
  EXPECT_EQ(heard_.next(), "two");
  write(folder_ / "p.yaml", "three");
  EXPECT_EQ(heard_.next(), "three");
}

TEST_F(PolicyWatcherTest, SeesAFileReplacedByRenameAgainAndAgain) {
  write(folder_ / "p.yaml", "0");
  watch(folder_ / "p.yaml");
  for (int i = 1; i <= 5; ++i) {
    replace(folder_ / "p.yaml", std::to_string(i));
    EXPECT_EQ(heard_.next(), std::to_string(i));
  }
}

TEST_F(PolicyWatcherTest, SaysNothingAboutContentThatIsTheSame) {
  write(folder_ / "p.yaml", "one");
  watch(folder_ / "p.yaml");
  replace(folder_ / "p.yaml", "one");
  write(folder_ / "unrelated.txt", "x");
  watcher_->trigger();  // settles both of the above
  EXPECT_EQ(heard_.next(), "demand 1: one");
  replace(folder_ / "p.yaml", "two");
  EXPECT_EQ(heard_.next(), "two");
  EXPECT_TRUE(heard_.empty());
}

TEST_F(PolicyWatcherTest, SeesTheSwappedDataLinkOfAConfigMap) {
  fs::create_directory(folder_ / "..2026_1");
  fs::create_directory(folder_ / "..2026_2");
  fs::create_directory(folder_ / "..2026_3");
  write(folder_ / "..2026_1/p.yaml", "one");
  write(folder_ / "..2026_2/p.yaml", "two");
  write(folder_ / "..2026_3/p.yaml", "three");
  fs::create_symlink("..2026_1", folder_ / "..data");
  fs::create_symlink("..data/p.yaml", folder_ / "p.yaml");
  for (const fs::path& watched : {folder_, folder_ / "p.yaml"}) {
    swap_link(folder_ / "..data", "..2026_1");
    watch(watched);
    swap_link(folder_ / "..data", "..2026_2");
    EXPECT_EQ(heard_.next(), "two") << watched;
    swap_link(folder_ / "..data", "..2026_3");
    EXPECT_EQ(heard_.next(), "three") << watched;
    watcher_.reset();
  }
}

TEST_F(PolicyWatcherTest, SeesASwappedLinkFurtherUp) {
  for (const std::string release : {"r1", "r2"}) {
    fs::create_directory(folder_ / release);
    write(folder_ / release / "p.yaml", release);
  }
  fs::create_symlink("r1", folder_ / "current");
  watch(folder_ / "current/p.yaml");
  swap_link(folder_ / "current", folder_ / "r2");
  EXPECT_EQ(heard_.next(), "r2");
  write(folder_ / "r2/p.yaml", "edited");  // and goes on where the link leads now
  EXPECT_EQ(heard_.next(), "edited");
}

TEST_F(PolicyWatcherTest, SeesFilesComeAndGoInADirectory) {
  write(folder_ / "b.yaml", "b");
  watch(folder_);
  write(folder_ / "a.yaml", "a");
  EXPECT_EQ(heard_.next(), "a");
  fs::remove(folder_ / "a.yaml");
  EXPECT_EQ(heard_.next(), "b");
}

TEST_F(PolicyWatcherTest, AVanishedFileIsReportedOnceAndWatchedOn) {
  write(folder_ / "p.yaml", "one");
  watch(folder_ / "p.yaml");
  fs::remove(folder_ / "p.yaml");
  EXPECT_EQ(heard_.next(), "unreadable");
  write(folder_ / "p.yaml", "two");
  EXPECT_EQ(heard_.next(), "two");
}

TEST_F(PolicyWatcherTest, ADemandReportsTheSameContent) {
  write(folder_ / "p.yaml", "one");
  watch(folder_ / "p.yaml");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(watcher_->trigger(), static_cast<std::uint64_t>(i));
    EXPECT_EQ(heard_.next(), "demand " + std::to_string(i) + ": one");
  }
  fs::remove(folder_ / "p.yaml");
  watcher_->trigger();
  EXPECT_EQ(heard_.next(), "demand 4: unreadable");
}

TEST_F(PolicyWatcherTest, ADemandThatComesDuringALoadIsAnsweredByTheNext) {
  write(folder_ / "p.yaml", "one");
  Heard loads;
  Heard go_on;
  on_change_ = [&] {
    loads.add("begun");
    go_on.next();
  };
  watch(folder_ / "p.yaml", {seconds(600), seconds(600), seconds(600), 0});
  watcher_->trigger();
  EXPECT_EQ(loads.next(), "begun");
  replace(folder_ / "p.yaml", "two");  // after the first demand's reading
  EXPECT_EQ(watcher_->trigger(), 2U);
  EXPECT_EQ(watcher_->trigger(), 3U);
  go_on.add("");
  EXPECT_EQ(heard_.next(), "demand 1: one");
  EXPECT_EQ(loads.next(), "begun");
  go_on.add("");
  EXPECT_EQ(heard_.next(), "demand 3: two") << "both of them at once";
}

TEST_F(PolicyWatcherTest, SeesWhatChangedBeforeItBegan) {
  write(folder_ / "p.yaml", "late");
  PolicyWatcher::Callbacks callbacks;
  callbacks.on_change = [this](const PolicyWatcher::Change& change) { heard_.add(change.sources[0].text); };
  callbacks.on_unreadable = [this](const Error&, std::uint64_t) { heard_.add("unreadable"); };
  const std::vector<policy::Source> in_force = {{(folder_ / "p.yaml").string(), "early"}};
  watcher_ = std::make_unique<PolicyWatcher>(folder_ / "p.yaml", in_force, callbacks, kFast);
  EXPECT_EQ(heard_.next(), "late");
}

TEST_F(PolicyWatcherTest, PollsForWhatTheKernelDoesNotTell) {
  // A second name of the same file in another folder: writing there makes no event here, as on a network file system.
  fs::create_directory(folder_ / "here");
  fs::create_directory(folder_ / "there");
  write(folder_ / "here/p.yaml", "one");
  fs::create_hard_link(folder_ / "here/p.yaml", folder_ / "there/p.yaml");
  watch(folder_ / "here/p.yaml", kFastPoll);
  write(folder_ / "there/p.yaml", "two");
  EXPECT_EQ(heard_.next(), "two");
}

TEST_F(PolicyWatcherTest, StopsAtOnceWhateverTheTiming) {
  write(folder_ / "p.yaml", "one");
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    watch(folder_ / "p.yaml", {seconds(600), seconds(600), seconds(600), 0});
    watcher_.reset();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(60));
}

TEST_F(PolicyWatcherTest, KnowsEveryNameOnTheWay) {
  fs::create_directories(folder_ / "real/inner");
  write(folder_ / "real/inner/p.yaml", "x");
  fs::create_symlink("real", folder_ / "link");
  fs::create_symlink("inner/p.yaml", folder_ / "real/entry.yaml");
  const fs::path base = fs::canonical(folder_);
  const auto points = watch_points(folder_ / "link/entry.yaml");
  const auto has = [&](const fs::path& folder, const std::string& name) {
    const auto found = points.find(folder);
    return found != points.end() && found->second.count(name) != 0;
  };
  EXPECT_TRUE(has(base, "link"));
  EXPECT_TRUE(has(base / "real", "entry.yaml"));
  EXPECT_TRUE(has(base / "real/inner", "p.yaml"));

  const auto directory = watch_points(folder_ / "link/");
  ASSERT_EQ(directory.count(base / "real"), 1U);
  EXPECT_TRUE(directory.at(base / "real").empty());
  EXPECT_EQ(directory.at(base), (std::set<std::string>{"link", "real"}));
  EXPECT_EQ(directory.count(base / "real/inner"), 1U);
}

TEST_F(PolicyWatcherTest, ALinkThatLeadsInACircleEnds) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  EXPECT_FALSE(watch_points(folder_ / "a").empty());
}

TEST(Fingerprint, DependsOnNamesTextsAndTheirOrder) {
  const std::vector<policy::Source> one = {{"a", "x"}, {"b", "y"}};
  EXPECT_EQ(fingerprint(one), fingerprint({{"a", "x"}, {"b", "y"}}));
  EXPECT_NE(fingerprint(one), fingerprint({{"b", "y"}, {"a", "x"}}));
  EXPECT_NE(fingerprint(one), fingerprint({{"a", "xb"}, {"", "y"}}));
  EXPECT_NE(fingerprint(one), fingerprint({{"a", "x"}}));
  EXPECT_NE(fingerprint({}), fingerprint({{"", ""}}));
}

}  // namespace
}  // namespace sluice::app
