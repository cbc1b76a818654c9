#include "sluice/compare/pair_lanes.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sluice::compare {
namespace {

constexpr std::size_t taken_at_once = 16;
constexpr int until_woken = -1;

}  // namespace

PairLanes::PairLanes(std::size_t workers, std::size_t pairs, const Memory& memory)
    : PairLanes(workers, pairs, memory, Rests{}) {}

PairLanes::PairLanes(std::size_t workers, std::size_t pairs, const Memory& memory, Rests rests)
    : memory_(memory), rests_(rests), event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  for (std::size_t i = 0; i < std::max<std::size_t>(workers, 1); ++i) lanes_.push_back(std::make_unique<Lane>(pairs));
}

PairLanes::~PairLanes() {
  drop();
  if (event_ >= 0) ::close(event_);
}

void PairLanes::note(std::size_t worker, std::unique_ptr<AnswerPair> pair) noexcept {
  if (worker >= lanes_.size()) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  Lane& lane = *lanes_[worker];
  if (is_closed_.load(std::memory_order_relaxed) || !lane.waiting.push(pair.get())) {
    lane.lost.store(lane.lost.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return;
  }
  static_cast<void>(pair.release());
  // With the fence in rest(): either this sees that the other goes to sleep, or that one sees the pair.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const Rest how = rest_.load(std::memory_order_relaxed);
  if (how == Rest::Sleep || (how == Rest::Nap && is_urgent(lane))) wake();
}

bool PairLanes::is_urgent(const Lane& lane) const noexcept {
  const std::size_t waiting = lane.waiting.size();
  if (waiting > lane.waiting.capacity() / 2) return true;
  return waiting > 0 && memory_.used() > memory_.limit() / 2;  // of no use where answers are still coming in
}

bool PairLanes::may_rest(Rest how) const noexcept {
  const auto calls = [&](const auto& lane) { return how == Rest::Nap ? is_urgent(*lane) : lane->waiting.size() > 0; };
  return !is_closed() && std::none_of(lanes_.begin(), lanes_.end(), calls);
}

void PairLanes::wake() noexcept {
  if (rest_.exchange(Rest::Awake, std::memory_order_acq_rel) != Rest::Awake) ::eventfd_write(event_, 1);
}

void PairLanes::close() noexcept {
  is_closed_.store(true, std::memory_order_release);
  ::eventfd_write(event_, 1);
}

bool PairLanes::take(std::vector<std::unique_ptr<AnswerPair>>& batch) {
  const std::size_t before = batch.size();
  batch.reserve(before + lanes_.size() * taken_at_once);
  for (const auto& lane : lanes_) {
    lane->waiting.drain([&](AnswerPair* pair) { batch.emplace_back(pair); }, taken_at_once);
  }
  return batch.size() > before;
}

void PairLanes::wait(bool found) noexcept {
  naps_ = found ? 0 : std::min(naps_ + 1, rests_.naps_until_sleep);
  rest(naps_ < rests_.naps_until_sleep ? Rest::Nap : Rest::Sleep);
}

void PairLanes::rest(Rest how) noexcept {
  rest_.store(how, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (may_rest(how)) {
    pollfd waiting{event_, POLLIN, 0};
    ::poll(&waiting, 1, how == Rest::Nap ? static_cast<int>(rests_.nap.count()) : until_woken);
  }
  rest_.store(Rest::Awake, std::memory_order_relaxed);
  eventfd_t count = 0;
  ::eventfd_read(event_, &count);
}

std::uint64_t PairLanes::lost() const noexcept {
  std::uint64_t sum = dropped_.load(std::memory_order_relaxed);
  for (const auto& lane : lanes_) sum += lane->lost.load(std::memory_order_relaxed);
  return sum;
}

void PairLanes::drop() {
  for (const auto& lane : lanes_) {
    const std::size_t dropped =
        lane->waiting.drain([](AnswerPair* pair) { const std::unique_ptr<AnswerPair> gone(pair); });
    dropped_.fetch_add(dropped, std::memory_order_relaxed);
  }
}

}  // namespace sluice::compare
