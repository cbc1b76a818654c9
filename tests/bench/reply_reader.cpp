#include "reply_reader.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace sluice::bench {
namespace {

constexpr std::size_t kLongestHead = 64 * 1024;

/// The value of a field in a head, without white space around it; empty when the field is not there.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    line.remove_prefix(name.size() + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    return line;
  }
  return {};
}

}  // namespace

void ReplyReader::reset() noexcept {
  state_ = State::Head;
  status_ = 0;
  left_ = 0;
  line_.clear();
}

std::string_view ReplyReader::feed(std::string_view bytes, std::string* body) {
  while (!bytes.empty() && state_ != State::Done && state_ != State::Broken) {
    if (state_ == State::Body || state_ == State::ChunkData) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      if (body != nullptr) body->append(bytes.substr(0, taken));
      bytes.remove_prefix(taken);
      left_ -= taken;
      if (left_ == 0) state_ = state_ == State::Body ? State::Done : State::ChunkEnd;
      continue;
    }
    if (!take_line(bytes)) break;
    switch (state_) {
      case State::Head:
        read_head();
        break;
      case State::ChunkSize:
        read_chunk_size();
        break;
      case State::ChunkEnd:
        state_ = line_ == "\r\n" ? State::ChunkSize : State::Broken;
        break;
      default:
        state_ = line_ == "\r\n" ? State::Done : State::Trailer;
        break;
    }
    line_.clear();
  }
  return bytes;
}

bool ReplyReader::take_line(std::string_view& bytes) {
  // A head counts as one long line that ends with an empty one.
  const std::string_view end = state_ == State::Head ? "\r\n\r\n" : "\r\n";
  const std::size_t known = line_.size();
  line_.append(bytes.substr(0, kLongestHead));
  const std::size_t found = line_.find(end, known < end.size() ? 0 : known - end.size());
  if (found == std::string::npos) {
    if (line_.size() >= kLongestHead) state_ = State::Broken;
    bytes = {};
    return false;
  }
  line_.resize(found + end.size());
  bytes.remove_prefix(line_.size() - known);
  return true;
}

void ReplyReader::read_head() {
  state_ = State::Broken;
  if (!line_.starts_with("HTTP/1.1 ") || line_.size() < 12) return;
  std::from_chars(line_.data() + 9, line_.data() + 12, status_);
  if (status_ >= 100 && status_ < 200) {
    state_ = State::Head;
    return;
  }
  if (field(line_, "transfer-encoding") == "chunked") {
    state_ = State::ChunkSize;
    return;
  }
  const std::string_view length = field(line_, "content-length");
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), left_);
  if (length.empty() || error != std::errc() || end != length.data() + length.size()) return;
  state_ = left_ == 0 ? State::Done : State::Body;
}

void ReplyReader::read_chunk_size() {
  const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
  if (error != std::errc() || end == line_.data()) {
    state_ = State::Broken;
    return;
  }
  state_ = left_ == 0 ? State::Trailer : State::ChunkData;
}

}  // namespace sluice::bench
