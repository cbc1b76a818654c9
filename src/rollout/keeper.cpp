#include "keeper.hpp"

#include <algorithm>

#include "sluice/base/log.hpp"

namespace sluice::rollout {

Result<Keeper::Found> Keeper::load() {
  auto contents = store_.load(500);
  if (!contents) return fail(contents.error());
  Found found;
  if (!contents->alarm.empty()) {
    found.alarms.push_back(contents->alarm);
    found.all_lost = contents->records.empty();
  }
  const std::string broken = journal_.restore(*contents);
  if (!broken.empty() && contents->alarm.empty()) found.alarms.push_back(broken);
  contents->records.erase(Journal::kRecord);
  found.records = std::move(contents->records);
  return found;
}

Result<std::vector<state::JournalEntry>> Keeper::keep(std::map<std::string, std::string> records,
                                                      const std::vector<Line>& lines) {
  std::vector<Line> all = owed_lines_;
  if (dropped_ > 0 && !all.empty()) {
    Line line = all.front();
    line.kind = "StoreAlarm";
    line.text = std::to_string(dropped_) + " lines before this one were lost while the store was down";
    all.insert(all.begin(), std::move(line));
  }
  all.insert(all.end(), lines.begin(), lines.end());

  state::Change change;
  change.append = journal_.draft(all);
  change.put = std::move(records);
  for (const auto& name : owed_erasures_) {
    if (!change.put.contains(name)) change.erase.push_back(name);
  }
  // With nothing else to keep this is how a store that was down shows that it is back.
  if (!all.empty() || change.is_empty() || !is_up()) change.put[Journal::kRecord] = journal_.head_after(change.append);
  // A commit that failed may only have been late. What was then said to be undone must not stand in the journal.
  if (!is_up()) change.drop_behind = journal_.sequence();

  const auto committed = store_.commit(change);
  note(committed);
  if (!committed) return fail(committed.error());
  journal_.append(change.append);
  owed_lines_.clear();
  owed_erasures_.clear();
  dropped_ = 0;
  return std::move(change.append);
}

void Keeper::owe(Line line) {
  if (owed_lines_.size() >= kOwedLines) {
    owed_lines_.erase(owed_lines_.begin());
    ++dropped_;
  }
  owed_lines_.push_back(std::move(line));
}

void Keeper::owe_erasure(std::string record) {
  owed_erasures_.push_back(std::move(record));
}

void Keeper::recall(const std::string& route) {
  if (journal_.tail(route).size() >= Journal::kTail) return;
  const auto older = store_.journal({route, 0, Journal::kTail});
  if (older) journal_.prepend(route, *older);
}

void Keeper::forget(const std::string& route, std::uint64_t number) {
  auto& last = numbers_[route];
  last = std::max({last, number, last_number(route)});
  journal_.forget(route);
}

std::uint64_t Keeper::last_number(const std::string& route) const {
  const auto forgotten = numbers_.find(route);
  const std::uint64_t known =
      std::max(journal_.last_number(route), forgotten == numbers_.end() ? 0 : forgotten->second);
  if (known > 0) return known;
  Journal older;
  if (const auto entries = store_.journal({route, 0, Journal::kTail})) older.prepend(route, *entries);
  return older.last_number(route);
}

void Keeper::note(const Result<void>& committed) {
  const std::string problem = committed ? std::string() : committed.error().message;
  if (problem.empty() != problem_.empty()) {
    if (problem.empty()) {
      log::info("the state is kept again", {{"store", store_.name()}});
    } else {
      log::error("the state cannot be kept: rollouts go no further, but back",
                 {{"store", store_.name()}, {"error", problem}});
    }
  }
  problem_ = problem;
}

}  // namespace sluice::rollout
