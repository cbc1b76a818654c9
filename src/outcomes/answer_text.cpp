#include "sluice/outcomes/answer_text.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace sluice::outcomes {

namespace {

constexpr std::size_t kSmallest = 4096;
constexpr std::string_view kData = "data:";

}  // namespace

bool AnswerText::Buffer::reserve(std::size_t wanted) noexcept {
  if (wanted + kPadding <= capacity) return true;
  const std::size_t larger = std::bit_ceil(std::max(wanted, kSmallest)) + kPadding;
  std::unique_ptr<char[]> fresh(new (std::nothrow) char[larger]);
  if (!fresh) return false;
  if (size > 0) std::memcpy(fresh.get(), data.get(), size);
  data = std::move(fresh);
  capacity = larger;
  return true;
}

bool AnswerText::Buffer::append(std::string_view piece, std::size_t limit) noexcept {
  if (piece.size() > limit - size || !reserve(size + piece.size())) return false;
  std::memcpy(data.get() + size, piece.data(), piece.size());
  size += piece.size();
  return true;
}

void AnswerText::begin(bool events, std::uint64_t limit, std::uint64_t expected) noexcept {
  whole_.size = line_.size = 0;
  limit_ = static_cast<std::size_t>(limit);
  events_ = 0;
  by_events_ = events;
  line_too_large_ = false;
  too_large_ = !events && expected > limit;
  if (!events && !too_large_) too_large_ = !whole_.reserve(static_cast<std::size_t>(expected));
}

void AnswerText::add(std::string_view piece) noexcept {
  if (by_events_) return add_events(piece);
  if (!too_large_) too_large_ = !whole_.append(piece, limit_);
}

void AnswerText::add_events(std::string_view piece) noexcept {
  while (!piece.empty()) {
    const std::size_t end = std::min(piece.find('\n'), piece.size());
    const std::string_view part = piece.substr(0, end);
    const std::string_view fits = part.substr(0, limit_ - line_.size);
    // Of one that is too large it is still known whether it is data.
    if (!line_.append(fits, limit_) || fits.size() < part.size()) line_too_large_ = true;
    if (end == piece.size()) return;
    end_line();
    piece.remove_prefix(end + 1);
  }
}

void AnswerText::end_line() noexcept {
  std::string_view line(line_.data.get(), line_.size);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with(kData)) {
    line.remove_prefix(kData.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.starts_with('{')) {
      ++events_;
      too_large_ = line_too_large_;
      std::memmove(line_.data.get(), line.data(), line.size());
      line_.size = line.size();
      std::swap(whole_, line_);
    }
  }
  line_.size = 0;
  line_too_large_ = false;
}

void AnswerText::finish() noexcept {
  if (by_events_) end_line();
  if (whole_.data) std::memset(whole_.data.get() + whole_.size, 0, kPadding);
}

void AnswerText::end() noexcept {
  for (Buffer* buffer : {&whole_, &line_}) {
    buffer->size = 0;
    if (buffer->capacity > kKept + kPadding) *buffer = {};
  }
}

}  // namespace sluice::outcomes
