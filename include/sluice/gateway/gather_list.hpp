#pragma once

#include <sys/uio.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sluice::gateway {

/// The pieces of one gather write: views of bytes that live elsewhere, and small copies kept here.
///
/// Neighbouring pieces are merged. Sized for the largest head that the limits let through. No allocation.
class GatherList {
 public:
  GatherList() noexcept {}  // the arrays stay uninitialised: a new exchange must not pay for clearing them

  void clear() noexcept { count_ = used_ = size_ = 0; }

  /// Adds bytes that stay valid and unchanged until the write is done.
  void add(std::string_view bytes) noexcept {
    if (bytes.empty()) return;
    size_ += bytes.size();
    if (count_ > 0) {
      iovec& last = pieces_[count_ - 1];
      if (static_cast<const char*>(last.iov_base) + last.iov_len == bytes.data()) {
        last.iov_len += bytes.size();
        return;
      }
    }
    assert(count_ < pieces_.size());
    pieces_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};
  }

  /// Adds a copy of short bytes.
  void copy(std::string_view bytes) noexcept {
    if (bytes.empty()) return;
    assert(used_ + bytes.size() <= scratch_.size());
    std::memcpy(scratch_.data() + used_, bytes.data(), bytes.size());
    add({scratch_.data() + used_, bytes.size()});
    used_ += bytes.size();
  }

  /// All bytes together.
  std::size_t size() const noexcept { return size_; }
  std::span<iovec> pieces() noexcept { return {pieces_.data(), count_}; }

  /// Appends everything to `out`: for copies that outlive what the pieces point to.
  void flatten_into(std::string& out) const {
    for (std::size_t i = 0; i < count_; ++i)
      out.append(static_cast<const char*>(pieces_[i].iov_base), pieces_[i].iov_len);
  }

 private:
  static constexpr std::size_t kPieces = 320;  // kept runs, start line, every X-Forwarded-For value, our own fields
  std::array<iovec, kPieces> pieces_;
  std::array<char, 1024> scratch_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::size_t size_ = 0;
};

}  // namespace sluice::gateway
