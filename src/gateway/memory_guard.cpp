#include "sluice/gateway/memory_guard.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "sluice/base/log.hpp"

namespace sluice::gateway {

namespace {

constexpr Duration kTrimEvery = std::chrono::seconds(10);

std::uint64_t percent_of(std::uint64_t limit, std::uint64_t percent) noexcept {
  return limit / 100 * percent + limit % 100 * percent / 100;
}

std::string_view message_of(MemoryState state) noexcept {
  switch (state) {
    case MemoryState::Normal:
      return "memory is sufficient again";
    case MemoryState::Tight:
      return "memory is tight: copies for shadows and warm-ups pause";
    case MemoryState::Full:
      break;
  }
  return "memory is full: new requests are refused";
}

}  // namespace

MemoryState MemoryGuard::update(std::uint64_t resident) noexcept {
  if (limit_ == 0) return state_ = MemoryState::Normal;
  const bool was_full = state_ == MemoryState::Full;
  const bool was_short = state_ != MemoryState::Normal;
  if (resident >= (was_full ? percent_of(limit_, 95) : limit_)) {
    state_ = MemoryState::Full;
  } else if (resident >= percent_of(limit_, was_short ? 85 : 90)) {
    state_ = MemoryState::Tight;
  } else {
    state_ = MemoryState::Normal;
  }
  return state_;
}

ResidentMemory::ResidentMemory() noexcept
    : file_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      page_bytes_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}

ResidentMemory::~ResidentMemory() {
  if (file_ >= 0) ::close(file_);
}

std::uint64_t ResidentMemory::bytes() const noexcept {
  std::array<char, 128> text;
  const ssize_t size = file_ < 0 ? -1 : ::pread(file_, text.data(), text.size(), 0);
  if (size <= 0) return 0;
  // Pages: all, resident, …
  const std::string_view line(text.data(), static_cast<std::size_t>(size));
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  std::uint64_t pages = 0;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), pages);
  return pages * page_bytes_;
}

void MemoryWatch::start(http::DeadlineWheel& wheel, TimePoint now, std::function<void(MemoryState)> changed) {
  wheel_ = &wheel;
  changed_ = std::move(changed);
  wheel_->set(*this, now);
}

void MemoryWatch::on_deadline(TimePoint now) {
  look(now);
  wheel_->set(*this, now + kInterval);
}

void MemoryWatch::look(TimePoint now) {
  note(limit_.load(std::memory_order_relaxed) == 0 ? 0 : memory_.bytes(), now);
}

void MemoryWatch::note(std::uint64_t resident, TimePoint now) {
  guard_.set_limit(limit_.load(std::memory_order_relaxed));
  const MemoryState before = guard_.state();
  const MemoryState state = guard_.update(resident);
  state_.store(state, std::memory_order_relaxed);
  if (state != before) {
    log::warn(message_of(state), {{"resident_bytes", resident}, {"limit_bytes", guard_.limit()}});
    if (changed_) changed_(state);
  }
  if (state != MemoryState::Normal && now - trimmed_ >= kTrimEvery) {
    trimmed_ = now;
    ::malloc_trim(0);
  }
}

}  // namespace sluice::gateway
