#include "sluice/compare/replay_book.hpp"

#include <algorithm>
#include <utility>

namespace sluice::compare {
namespace {

std::vector<ReplayOutcome> at_most(std::vector<ReplayOutcome> outcomes, std::size_t most) {
  if (outcomes.size() > most) outcomes.resize(most);
  return outcomes;
}

std::uint32_t bit_of(std::size_t outcome) noexcept {
  return std::uint32_t{1} << outcome;
}

void erase_number(std::unordered_multimap<std::uint64_t, std::uint64_t>& numbers, std::uint64_t nonce,
                  std::uint64_t number) {
  const auto [begin, end] = numbers.equal_range(nonce);
  const auto found = std::find_if(begin, end, [&](const auto& one) { return one.second == number; });
  if (found != end) numbers.erase(found);
}

}  // namespace

ReplayBook::ReplayBook(std::vector<ReplayOutcome> outcomes, std::size_t& room)
    : outcomes_(at_most(std::move(outcomes), kOutcomes)), room_(room), ripe_(outcomes_.size(), 0) {}

ReplayBook::~ReplayBook() {
  room_ += waiting_.size();
}

void ReplayBook::note(const ReplayDecision& decision, WallTime now, const Take& take) {
  mature(now, take);
  if (decision.nonce == 0 || outcomes_.empty()) return;
  if (room_ == 0) {
    ++lost_;
    return;
  }
  --room_;
  numbers_.emplace(decision.nonce, first_ + waiting_.size());
  Waiting& waiting = waiting_.emplace_back();
  waiting.decision = decision;
  const auto [begin, end] = early_numbers_.equal_range(decision.nonce);
  for (auto it = begin; it != end; ++it) {
    const Early& early = early_[it->second - first_early_];
    hear(waiting, early.outcome, early.value, take);
  }
}

void ReplayBook::report(std::uint64_t nonce, std::string_view outcome, double value, const Take& take) {
  const auto known =
      std::find_if(outcomes_.begin(), outcomes_.end(), [&](const ReplayOutcome& one) { return one.name == outcome; });
  if (known == outcomes_.end() || nonce == 0) return;
  const auto index = static_cast<std::size_t>(known - outcomes_.begin());
  const auto [begin, end] = numbers_.equal_range(nonce);
  for (auto it = begin; it != end; ++it) hear(waiting_[it->second - first_], index, value, take);
  // Kept even then: the same request may have gone to another candidate too, which has not answered yet.
  early_numbers_.emplace(nonce, first_early_ + early_.size());
  early_.push_back({nonce, index, value});
  if (early_.size() <= kEarly) return;
  erase_number(early_numbers_, early_.front().nonce, first_early_);
  early_.pop_front();
  ++first_early_;
}

void ReplayBook::hear(Waiting& waiting, std::size_t outcome, double value, const Take& take) {
  if ((waiting.reported & bit_of(outcome)) != 0) return;
  waiting.reported |= bit_of(outcome);
  if (value != 0) waiting.happened |= bit_of(outcome);
  if (!outcomes_[outcome].is_binary) count(waiting, outcome, value, take);
}

void ReplayBook::count(Waiting& waiting, std::size_t outcome, double value, const Take& take) {
  if ((waiting.counted & bit_of(outcome)) != 0) return;
  waiting.counted |= bit_of(outcome);
  take(waiting.decision, outcome, value);
}

void ReplayBook::mature(WallTime now, const Take& take) {
  std::uint64_t over = first_ + waiting_.size();
  for (std::size_t outcome = 0; outcome < outcomes_.size(); ++outcome) {
    std::uint64_t& ripe = ripe_[outcome];
    for (; ripe < first_ + waiting_.size(); ++ripe) {
      Waiting& waiting = waiting_[ripe - first_];
      if (now - waiting.decision.at < outcomes_[outcome].window) break;
      const bool happened = (waiting.happened & bit_of(outcome)) != 0;
      if (outcomes_[outcome].is_binary) count(waiting, outcome, happened ? 1 : 0, take);
    }
    over = std::min(over, ripe);
  }
  while (first_ < over) drop_first();
}

void ReplayBook::drop_first() {
  erase_number(numbers_, waiting_.front().decision.nonce, first_);
  waiting_.pop_front();
  ++first_;
  ++room_;
}

void ReplayBook::forget_before(std::uint64_t window) {
  keep_only([window](const ReplayDecision& decision) { return decision.window >= window; });
}

void ReplayBook::forget(std::uint64_t window) {
  keep_only([window](const ReplayDecision& decision) { return decision.window != window; });
}

template <typename Stays>
void ReplayBook::keep_only(const Stays& stays) {
  std::deque<Waiting> kept;
  for (const Waiting& waiting : waiting_) {
    if (stays(waiting.decision)) kept.push_back(waiting);
  }
  if (kept.size() == waiting_.size()) return;
  room_ += waiting_.size() - kept.size();
  first_ += waiting_.size();
  waiting_ = std::move(kept);
  numbers_.clear();
  for (std::uint64_t i = 0; i < waiting_.size(); ++i) numbers_.emplace(waiting_[i].decision.nonce, first_ + i);
  std::fill(ripe_.begin(), ripe_.end(), first_);
}

}  // namespace sluice::compare
