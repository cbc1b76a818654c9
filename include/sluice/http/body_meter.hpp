#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sluice/http/chunked.hpp"
#include "sluice/http/head.hpp"

namespace sluice::http {

/// Tells where a body ends while it passes by, whatever its framing. Looks, never copies.
class BodyMeter {
 public:
  BodyMeter() = default;
  BodyMeter(Framing framing, std::uint64_t content_length) noexcept : framing_(framing), remaining_(content_length) {}
  explicit BodyMeter(const MessageHead& head) noexcept : BodyMeter(head.framing, head.content_length) {}

  /// How many of `bytes`, from the first on, belong to the body. Stops before what follows it, and at an error.
  std::size_t take(std::string_view bytes) noexcept {
    return take(bytes, [](std::string_view) {});
  }

  /// The same; `payload` is called with each run of payload, the chunked framing left out.
  template <typename OnPayload>
  std::size_t take(std::string_view bytes, OnPayload&& payload) noexcept {
    switch (framing_) {
      case Framing::None:
        return 0;
      case Framing::UntilClose:
        break;
      case Framing::Length:
        bytes = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), remaining_)));
        remaining_ -= bytes.size();
        break;
      case Framing::Chunked:
        return take_chunked(bytes, payload);
    }
    payload_ += bytes.size();
    if (!bytes.empty()) payload(bytes);
    return bytes.size();
  }

  /// How many bytes may still belong to the body; the largest number where its framing does not tell.
  std::uint64_t at_most() const noexcept {
    return framing_ == Framing::Length ? remaining_ : framing_ == Framing::None ? 0 : ~std::uint64_t{0};
  }

  /// The body is complete. Of one that lasts until the connection ends, never.
  bool done() const noexcept {
    switch (framing_) {
      case Framing::None:
        return true;
      case Framing::Length:
        return remaining_ == 0;
      case Framing::Chunked:
        return chunks_.done();
      case Framing::UntilClose:
        return false;
    }
    return true;
  }
  bool failed() const noexcept { return framing_ == Framing::Chunked && chunks_.failed(); }
  const Refusal& refusal() const noexcept { return chunks_.refusal(); }
  Framing framing() const noexcept { return framing_; }
  /// Payload bytes so far.
  std::uint64_t payload_bytes() const noexcept {
    return framing_ == Framing::Chunked ? chunks_.payload_bytes() : payload_;
  }

 private:
  template <typename OnPayload>
  std::size_t take_chunked(std::string_view bytes, OnPayload&& payload) noexcept {
    std::size_t taken = 0;
    while (taken < bytes.size() && !chunks_.done() && !chunks_.failed()) {
      const ChunkScanner::Step step = chunks_.next(bytes.substr(taken));
      taken += step.consumed;
      if (!step.data.empty()) payload(step.data);
    }
    return taken;
  }

  Framing framing_ = Framing::None;
  std::uint64_t remaining_ = 0;
  std::uint64_t payload_ = 0;
  ChunkScanner chunks_;
};

}  // namespace sluice::http
