#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/event_stream.hpp"
#include "sluice/compare/json_tree.hpp"
#include "sluice/compare/tensor_answer.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::compare {

/// The body of one answer, made ready to be compared: JSON as it came, or what a stream's events add up to. Of OpenAI
/// that is the answer as it would have come at once, else a list of the events. Keeps its memory. One thread.
class AnswerBody {
 public:
  /// `answer` must outlive what is read.
  void read(const Answer& answer, policy::Protocol protocol, JsonReader& reader);
  void trim(std::size_t bytes);

  bool is_json() const noexcept { return is_json_; }
  /// Only where it is JSON.
  ReadAnswer read_answer() const noexcept { return {&tree_, tail_}; }
  const JsonTree& tree() const noexcept { return tree_; }
  /// What `drift` reads: of a stream the last object, else the same. Empty: there is none.
  const JsonTree& last(JsonReader& reader);
  std::string_view tail() const noexcept { return tail_; }
  /// Output tokens, as an OpenAI answer tells them; else how many objects the stream had.
  std::uint32_t tokens() const;

 private:
  void read_events(std::string_view body, bool is_chat, JsonReader& reader);

  JsonTree tree_;
  JsonTree event_;
  std::string joined_;      ///< what a stream adds up to
  std::string last_event_;  ///< of a stream
  ChatStream chat_;
  std::string_view tail_;
  std::uint32_t events_ = 0;
  bool is_json_ = false;
  bool is_stream_ = false;
};

}  // namespace sluice::compare
