#include "support/http_message.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace sluice::test {
namespace {

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return std::string(text);
}

std::string word(const std::string& line, int index) {
  std::size_t begin = 0;
  for (; index > 0; --index) {
    begin = line.find(' ', begin);
    if (begin == std::string::npos) return {};
    ++begin;
  }
  return line.substr(begin, line.find(' ', begin) - begin);
}

void add_fields(std::string_view lines, std::vector<std::pair<std::string, std::string>>& fields) {
  while (!lines.empty()) {
    const auto end = std::min(lines.find("\r\n"), lines.size());
    const auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    if (line.empty()) continue;
    const auto colon = std::min(line.find(':'), line.size());
    fields.emplace_back(std::string(line.substr(0, colon)), trimmed(line.substr(std::min(colon + 1, line.size()))));
  }
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

int HttpMessage::status() const {
  if (!start_line.starts_with("HTTP/")) return 0;
  return static_cast<int>(number(word(start_line, 1), 10).value_or(0));
}

std::string HttpMessage::method() const {
  return word(start_line, 0);
}
std::string HttpMessage::target() const {
  return word(start_line, 1);
}
std::string HttpMessage::protocol() const {
  return word(start_line, start_line.starts_with("HTTP/") ? 0 : 2);
}
bool HttpMessage::has(std::string_view name) const {
  return !all(name).empty();
}

std::string HttpMessage::field(std::string_view name) const {
  const auto values = all(name);
  return values.empty() ? std::string() : values.front();
}

std::vector<std::string> HttpMessage::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : fields) {
    if (same_ignoring_case(key, name)) values.push_back(value);
  }
  return values;
}

std::string HttpMessage::trailer(std::string_view name) const {
  for (const auto& [key, value] : trailers) {
    if (same_ignoring_case(key, name)) return value;
  }
  return {};
}

bool MessageReader::more() {
  auto bytes = connection_.read_some();
  pending_ += bytes;
  return !bytes.empty();
}

std::optional<HttpMessage> MessageReader::read_head() {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return std::nullopt;
  }
  HttpMessage message;
  message.raw_head = pending_.substr(0, end + 4);
  pending_.erase(0, end + 4);
  const auto line_end = message.raw_head.find("\r\n");
  message.start_line = message.raw_head.substr(0, line_end);
  add_fields(std::string_view(message.raw_head).substr(line_end + 2), message.fields);
  return message;
}

void MessageReader::read_request_body(HttpMessage& message, bool keep) {
  if (same_ignoring_case(message.field("transfer-encoding"), "chunked")) return read_chunks(message, keep);
  if (!message.has("content-length")) {
    message.complete = true;
    return;
  }
  message.framing = HttpMessage::Framing::Length;
  take_body(message, number(message.field("content-length"), 10).value_or(0), keep);
}

void MessageReader::read_response_body(HttpMessage& message, bool answers_head, bool keep) {
  const int status = message.status();
  if (answers_head || status < 200 || status == 204 || status == 304) {
    message.complete = true;
    return;
  }
  if (same_ignoring_case(message.field("transfer-encoding"), "chunked")) return read_chunks(message, keep);
  if (message.has("content-length")) {
    message.framing = HttpMessage::Framing::Length;
    return take_body(message, number(message.field("content-length"), 10).value_or(0), keep);
  }
  message.framing = HttpMessage::Framing::UntilClose;
  do {
    if (keep) message.body += pending_;
    body_bytes_ += pending_.size();
    pending_.clear();
  } while (more());
  message.complete = !connection_.was_reset();
}

void MessageReader::take_body(HttpMessage& message, std::uint64_t count, bool keep) {
  while (count > 0) {
    if (pending_.empty() && !more()) return;
    const auto piece = std::min<std::uint64_t>(count, pending_.size());
    if (keep) message.body.append(pending_, 0, piece);
    pending_.erase(0, piece);
    body_bytes_ += piece;
    count -= piece;
  }
  message.complete = true;
}

void MessageReader::read_chunks(HttpMessage& message, bool keep) {
  message.framing = HttpMessage::Framing::Chunked;
  while (true) {
    const auto line = read_until("\r\n");
    if (!line.ends_with("\r\n")) return;
    const auto size = number(line, 16);
    if (!size) return;
    if (*size == 0) break;
    message.chunks.push_back(*size);
    take_body(message, *size, keep);
    if (!message.complete) return;
    message.complete = false;
    if (read_exactly(2) != "\r\n") return;
  }
  std::string lines;
  while (true) {
    const auto line = read_until("\r\n");
    if (!line.ends_with("\r\n")) return;
    if (line.size() == 2) break;
    lines += line;
  }
  add_fields(lines, message.trailers);
  message.complete = true;
}

std::string MessageReader::read_exactly(std::size_t count) {
  while (pending_.size() < count && more()) {
  }
  const auto bytes = pending_.substr(0, count);
  pending_.erase(0, count);
  return bytes;
}

std::string MessageReader::read_until(std::string_view mark) {
  std::size_t end = 0;
  while ((end = pending_.find(mark)) == std::string::npos) {
    if (!more()) return std::exchange(pending_, {});
  }
  const auto bytes = pending_.substr(0, end + mark.size());
  pending_.erase(0, end + mark.size());
  return bytes;
}

std::string MessageReader::read_to_end() {
  while (more()) {
  }
  return std::exchange(pending_, {});
}

}  // namespace sluice::test
