#include "sluice/gateway/answer_reader.hpp"

#include <algorithm>

#include "sluice/gateway/answer_kind.hpp"

namespace sluice::gateway {

using outcomes::AnswerField;
using outcomes::ReadFor;
using outcomes::Unread;

namespace {

constexpr std::uint16_t kFirstError = 500;

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
      read_header(i, answer.find(base, field.name));
    } else if (encoded) {
      unread_[i] = Unread::Encoded;
    } else {
      wanted_ |= static_cast<std::uint8_t>(1U << i);
      limit = std::max(limit, field.body_bytes);
    }
  }
  if (wanted_ == 0) return;
  wants_body_ = true;
  json_bytes_ = gateway::json_bytes(answer, base);
  text_.begin(is_event_stream(answer, base), limit, answer.content_length);
}

void AnswerReader::read_header(std::size_t place, std::string_view text) noexcept {
  const AnswerField& field = (*fields_)[place];
  unread_[place] = field.purpose == ReadFor::Label ? outcomes::read_label(text, label_)
                                                   : outcomes::read_number(text, field.type, values_[place]);
  if (unread_[place] == Unread::NotLooked) read_ |= static_cast<std::uint8_t>(1U << place);
}

void AnswerReader::finish(outcomes::AnswerParser& parser, Duration took, outcomes::Observation& observation) noexcept {
  if (fields_ == nullptr) return;
  if (wants_body_) text_.finish();
  const outcomes::AnswerBody body{text_.text(), json_bytes_, text_.events(), took};
  for (std::size_t i = 0; i < fields_->size(); ++i) {
    if ((wanted_ >> i & 1) == 0) continue;
    const AnswerField& field = (*fields_)[i];
    const bool too_large = text_.is_too_large() || body.text.size() > field.body_bytes;
    unread_[i] = too_large                         ? Unread::TooLarge
                 : field.purpose == ReadFor::Label ? parser.read_label(field, body, label_)
                                                   : parser.read(field, body, values_[i]);
    if (unread_[i] == Unread::NotLooked) read_ |= static_cast<std::uint8_t>(1U << i);
  }
  tell(observation);
}

void AnswerReader::tell(outcomes::Observation& observation) const noexcept {
  for (std::size_t i = 0; i < fields_->size(); ++i) {
    const bool is_read = (read_ >> i & 1) != 0;
    switch ((*fields_)[i].purpose) {
      case ReadFor::Outcome:
        if (is_read) observation.read |= static_cast<std::uint8_t>(1U << i);
        observation.values[i] = values_[i];
        observation.unread[i] = unread_[i];
        break;
      case ReadFor::Score:
        observation.prediction.has_score = is_read;
        observation.prediction.score = values_[i];
        observation.prediction.score_unread = unread_[i];
        break;
      case ReadFor::Label:
        observation.prediction.has_label = is_read;
        observation.prediction.label = label_;
        observation.prediction.label_unread = unread_[i];
        break;
    }
  }
}

void AnswerReader::end() noexcept {
  if (wants_body_) text_.end();
  wants_body_ = false;
  fields_ = nullptr;
}

}  // namespace sluice::gateway
