#include "sluice/rollout/journal.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::rollout {

std::string Journal::restore(const state::Contents& contents) {
  const auto& entries = contents.journal;
  for (const auto& entry : entries) remember(entry);
  if (!entries.empty()) {
    sequence_ = entries.back().sequence;
    hash_ = entries.back().hash;
  }
  const std::size_t broken = state::first_break(entries);
  if (broken < entries.size()) {
    return "the journal's line " + std::to_string(entries[broken].sequence) + " does not follow from the one before it";
  }
  const auto head = contents.records.find(kRecord);
  if (head == contents.records.end() || head->second == head_after({})) return {};
  // Somebody took lines away from the end. Their numbers are not given out again.
  std::uint64_t kept = 0;
  std::from_chars(head->second.data(), head->second.data() + head->second.size(), kept);
  const std::string last = std::to_string(sequence_);
  sequence_ = std::max(sequence_, kept);
  return "the journal ends with line " + last + ", and line " + std::to_string(kept) + " was kept last";
}

std::vector<state::JournalEntry> Journal::draft(const std::vector<Line>& lines) const {
  std::vector<state::JournalEntry> entries;
  entries.reserve(lines.size());
  std::uint64_t sequence = sequence_;
  std::string hash = hash_;
  for (const Line& line : lines) {
    state::JournalEntry entry{++sequence, std::chrono::floor<std::chrono::milliseconds>(line.time),
                              line.route, line.rollout,
                              line.actor, line.kind,
                              line.text,  {}};
    hash = entry.hash = state::chain(hash, entry);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string Journal::head_after(const std::vector<state::JournalEntry>& entries) const {
  if (entries.empty()) return std::to_string(sequence_) + " " + hash_;
  return std::to_string(entries.back().sequence) + " " + entries.back().hash;
}

void Journal::append(const std::vector<state::JournalEntry>& entries) {
  if (entries.empty()) return;
  for (const auto& entry : entries) remember(entry);
  sequence_ = entries.back().sequence;
  hash_ = entries.back().hash;
}

void Journal::prepend(const std::string& route, const std::vector<state::JournalEntry>& older) {
  auto& tail = tails_[route];
  for (const auto& entry : older) {
    if (tail.size() < kTail && (tail.empty() || entry.sequence < tail.front().sequence)) tail.push_front(entry);
  }
}

void Journal::forget(const std::string& route) {
  tails_.erase(route);
}

std::vector<state::JournalEntry> Journal::tail(const std::string& route) const {
  const auto found = tails_.find(route);
  if (found == tails_.end()) return {};
  return {found->second.rbegin(), found->second.rend()};
}

std::uint64_t Journal::last_number(const std::string& route) const {
  const auto found = tails_.find(route);
  if (found == tails_.end()) return 0;
  std::uint64_t largest = 0;
  for (const auto& entry : found->second) {
    if (!entry.rollout.starts_with(route + "-")) continue;
    std::uint64_t number = 0;
    std::from_chars(entry.rollout.data() + route.size() + 1, entry.rollout.data() + entry.rollout.size(), number);
    largest = std::max(largest, number);
  }
  return largest;
}

void Journal::remember(const state::JournalEntry& entry) {
  auto& tail = tails_[entry.route];
  tail.push_back(entry);
  if (tail.size() > kTail) tail.pop_front();
}

}  // namespace sluice::rollout
