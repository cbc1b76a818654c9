#include "sluice/compare/answer_body.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace sluice::compare {

void AnswerBody::read(const Answer& answer, policy::Protocol protocol, JsonReader& reader) {
  std::string_view text = answer.body;
  tail_ = {};
  events_ = 0;
  is_stream_ = answer.events;
  is_json_ = false;
  tree_.clear();
  if (answer.events) {
    read_events(text, protocol == policy::Protocol::OpenAi, reader);
    return;
  }
  if (answer.json_bytes > 0 && protocol == policy::Protocol::OpenInference) {
    if (answer.json_bytes > text.size()) return;
    tail_ = text.substr(answer.json_bytes);
    text = text.substr(0, answer.json_bytes);
  }
  is_json_ = reader.read(text, tree_);
}

void AnswerBody::read_events(std::string_view body, bool is_chat, JsonReader& reader) {
  joined_.clear();
  last_event_.clear();
  chat_.begin();
  bool are_all_json = true;
  ServerSentData events(body);
  for (std::string_view data; are_all_json && events.next(data);) {
    if (data == "[DONE]") continue;
    ++events_;
    last_event_ = data;
    if (is_chat) {
      are_all_json = reader.read(data, event_);
      if (are_all_json) chat_.add(event_);
    } else {
      joined_ += joined_.empty() ? '[' : ',';
      joined_ += data;
    }
  }
  if (is_chat && are_all_json) are_all_json = events_ > 0 && chat_.write(joined_);
  if (!is_chat) joined_ += joined_.empty() ? "[]" : "]";
  is_json_ = are_all_json && reader.read(joined_, tree_);
}

const JsonTree& AnswerBody::last(JsonReader& reader) {
  if (!is_stream_) return tree_;
  reader.read(last_event_, event_);
  return event_;
}

std::uint32_t AnswerBody::tokens() const {
  JsonTree::Place usage = 0;
  if (is_json_ && tree_.kind(tree_.root()) == JsonKind::Object && tree_.find(tree_.root(), "usage", usage) &&
      tree_.kind(usage) == JsonKind::Object) {
    for (const std::string_view name : {"completion_tokens", "output_tokens"}) {
      JsonTree::Place count = 0;
      if (!tree_.find(usage, name, count) || tree_.kind(count) != JsonKind::Number) continue;
      const double tokens = tree_.number(count);  // NaN is read as well, and is no number that could be cast
      return std::isnan(tokens) ? 0 : static_cast<std::uint32_t>(std::clamp(tokens, 0.0, 4e9));
    }
  }
  return events_;
}

void AnswerBody::trim(std::size_t bytes) {
  tree_.trim(bytes / 2);
  event_.trim(bytes / 2);
  for (std::string* text : {&joined_, &last_event_}) {
    if (text->capacity() > bytes) std::string().swap(*text);
  }
  chat_.begin();
}

}  // namespace sluice::compare
