#include "sluice/gateway/answer_reader.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::gateway {

using outcomes::AnswerField;
using outcomes::Unread;

namespace {

constexpr std::uint16_t kFirstError = 500;

bool is_same_word(std::string_view text, std::string_view lower_case) noexcept {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return text.size() == lower_case.size() && std::equal(text.begin(), text.end(), lower_case.begin(), same);
}

bool is_encoded(const http::ResponseHead& answer, const char* base) noexcept {
  const std::string_view encoding = answer.find(base, "content-encoding");
  return !encoding.empty() && !is_same_word(encoding, "identity");
}

bool is_stream(const http::ResponseHead& answer, const char* base) noexcept {
  constexpr std::string_view events = "text/event-stream";
  return is_same_word(answer.find(base, "content-type").substr(0, events.size()), events);
}

/// Of the binary tensor extension: behind the JSON there are the tensors' bytes.
std::size_t json_bytes(const http::ResponseHead& answer, const char* base) noexcept {
  const std::string_view text = answer.find(base, "inference-header-content-length");
  std::size_t bytes = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return problem == std::errc{} && end == text.data() + text.size() ? bytes : 0;
}

}  // namespace

void AnswerReader::begin(const outcomes::AnswerFields& fields, const http::ResponseHead& answer, const char* base,
                         Random& random) noexcept {
  if (answer.status >= kFirstError) return;
  fields_ = &fields;
  read_ = wanted_ = 0;
  unread_ = {};
  const double draw = random.uniform();
  const bool encoded = is_encoded(answer, base);
  std::uint64_t limit = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const AnswerField& field = fields[i];
    if (draw >= field.sample) continue;
    if (!field.in_body()) {
      const std::string_view value = answer.find(base, field.name);
      unread_[i] = outcomes::read_number(value, field.type, values_[i]);
      if (unread_[i] == Unread::NotLooked) read_ |= static_cast<std::uint8_t>(1U << i);
    } else if (encoded) {
      unread_[i] = Unread::Encoded;
    } else {
      wanted_ |= static_cast<std::uint8_t>(1U << i);
      limit = std::max(limit, field.body_bytes);
    }
  }
  if (wanted_ == 0) return;
  wants_body_ = true;
  json_bytes_ = json_bytes(answer, base);
  text_.begin(is_stream(answer, base), limit, answer.content_length);
}

void AnswerReader::finish(outcomes::AnswerParser& parser, Duration took, outcomes::Observation& observation) noexcept {
  if (fields_ == nullptr) return;
  if (wants_body_) text_.finish();
  const outcomes::AnswerBody body{text_.text(), json_bytes_, text_.events(), took};
  for (std::size_t i = 0; i < fields_->size(); ++i) {
    if ((wanted_ >> i & 1) == 0) continue;
    const AnswerField& field = (*fields_)[i];
    const bool too_large = text_.is_too_large() || body.text.size() > field.body_bytes;
    unread_[i] = too_large ? Unread::TooLarge : parser.read(field, body, values_[i]);
    if (unread_[i] == Unread::NotLooked) read_ |= static_cast<std::uint8_t>(1U << i);
  }
  observation.read = read_;
  observation.values = values_;
  observation.unread = unread_;
}

void AnswerReader::end() noexcept {
  if (wants_body_) text_.end();
  wants_body_ = false;
  fields_ = nullptr;
}

}  // namespace sluice::gateway
