#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sluice/state/store.hpp"

namespace sluice::state {

/// Entries that follow from each other; the n-th one says so.
class Chained {
 public:
  JournalEntry next(const std::string& route = "fraud") {
    JournalEntry entry;
    entry.sequence = ++sequence_;
    entry.time = WallTime(std::chrono::milliseconds(1'700'000'000'000 + static_cast<std::int64_t>(sequence_)));
    entry.route = route;
    entry.rollout = route + "-1";
    entry.actor = "sluice";
    entry.kind = "Advanced";
    entry.text = "entry " + std::to_string(sequence_);
    entry.hash = chain(hash_, entry);
    hash_ = entry.hash;
    return entry;
  }
  std::vector<JournalEntry> some(std::size_t count, const std::string& route = "fraud") {
    std::vector<JournalEntry> out;
    while (out.size() < count) out.push_back(next(route));
    return out;
  }
  Change change(std::size_t count) {
    Change out;
    out.append = some(count);
    return out;
  }

 private:
  std::uint64_t sequence_ = 0;
  std::string hash_;
};

/// Fails the test when there is no store.
inline std::unique_ptr<Store> open_store(const std::string& path, std::size_t journal_limit = 100'000) {
  auto made = make_sqlite_store({path, journal_limit});
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made ? std::move(*made) : nullptr;
}

inline std::string why_not(const std::string& path) {
  const auto made = make_sqlite_store({path});
  return made ? "it opened" : made.error().message;
}

inline Contents contents_of(Store& store, std::size_t journal = 1'000'000) {
  auto loaded = store.load(journal);
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
  return loaded ? std::move(*loaded) : Contents{};
}

inline void expect_commit(Store& store, const Change& change) {
  const auto done = store.commit(change);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
}

inline Change put(const std::string& name, const std::string& value) {
  Change change;
  change.put[name] = value;
  return change;
}

inline std::vector<std::uint64_t> sequences(const std::vector<JournalEntry>& entries) {
  std::vector<std::uint64_t> out;
  for (const JournalEntry& entry : entries) out.push_back(entry.sequence);
  return out;
}

}  // namespace sluice::state
