#include "sluice/compare/comparison.hpp"

#include <algorithm>

#include "sluice/compare/answer_body.hpp"
#include "sluice/compare/answer_score.hpp"
#include "sluice/compare/compare_rules.hpp"
#include "sluice/compare/json_walk.hpp"
#include "sluice/compare/tensor_answer.hpp"

namespace sluice::compare {

namespace {

/// 200 and 201 are both a success; a redirection or a refusal says by its very status what it is.
bool do_statuses_agree(std::uint16_t live, std::uint16_t other) noexcept {
  if (live / 100 == 2) return other / 100 == 2;
  return live == other;
}

/// It came in a way in which nobody can look into it, and which its server chose.
bool is_closed(const Answer& answer) noexcept {
  return answer.too_large || answer.encoded;
}

}  // namespace

std::string_view to_string(Change change) noexcept {
  switch (change) {
    case Change::Status:
      return "status";
    case Change::Missing:
      return "missing";
    case Change::Added:
      return "added";
    case Change::Type:
      return "type";
    case Change::Shape:
      return "shape";
    case Change::Value:
      return "value";
    case Change::ArgMax:
      return "arg-max";
    case Change::TopK:
      return "top-k";
    case Change::Text:
      return "text";
    case Change::Unread:
      return "unread";
  }
  return "";
}

struct Comparer::Impl {
  JsonReader reader;
  AnswerBody live;
  AnswerBody other;
  FieldPath path;
  DifferenceList differences;
  JsonWalk walk{differences, path};
  TensorAnswers tensors{walk, differences, path};

  void note(std::string_view field, Change change) { differences.note(field, change, 0, 1, gravity_of(change)); }
  /// Whether the bodies could be looked into.
  bool compare_bodies(const CompareRules::Impl& rules, const Answer& live_answer, const Answer& other_answer,
                      bool are_equal);
  void compare_json(const CompareRules::Impl& rules, const AnswerBody& mine, const AnswerBody& theirs,
                    bool is_stream_on_one_side);
  void read_drift(const CompareRules::Impl& rules, const Answer& live_answer, const Answer& other_answer,
                  AnswerBody& theirs, Comparison& comparison);
  void trim(std::size_t live_bytes, std::size_t other_bytes);
};

bool Comparer::Impl::compare_bodies(const CompareRules::Impl& rules, const Answer& live_answer,
                                    const Answer& other_answer, bool are_equal) {
  if (live_answer.out_of_memory || other_answer.out_of_memory) return false;
  if (is_closed(live_answer) && is_closed(other_answer)) return false;
  // On one side alone it is a difference, or a candidate could choose which of its answers are compared.
  if (is_closed(live_answer) || is_closed(other_answer)) {
    note("body", Change::Unread);
    return true;
  }
  if (live_answer.body.empty() && other_answer.body.empty()) return true;
  // Equal bodies are still searched for their rows.
  const AnswerBody& theirs = are_equal ? live : other;
  if (live.is_json() && theirs.is_json()) {
    compare_json(rules, live, theirs, live_answer.events != other_answer.events);
  } else if (live.is_json() != theirs.is_json()) {
    note("body", Change::Unread);
  } else if (!are_equal) {
    note("body", Change::Value);
  }
  return true;
}

void Comparer::Impl::compare_json(const CompareRules::Impl& rules, const AnswerBody& mine, const AnswerBody& theirs,
                                  bool is_stream_on_one_side) {
  path.clear();
  walk.begin(rules.walk, mine.tree(), theirs.tree());
  if (rules.protocol == policy::Protocol::OpenInference) {
    tensors.compare(rules, mine.read_answer(), theirs.read_answer());
    return;
  }
  if (is_stream_on_one_side) walk.allow_one_sided();
  walk.compare(mine.tree().root(), theirs.tree().root(), walk.root());
}

void Comparer::Impl::read_drift(const CompareRules::Impl& rules, const Answer& live_answer, const Answer& other_answer,
                                AnswerBody& theirs, Comparison& comparison) {
  if (rules.score) {
    comparison.live_score = read_score(*rules.score, live_answer, live, reader);
    comparison.other_score = read_score(*rules.score, other_answer, theirs, reader);
  }
  if (!rules.label) return;
  if (auto label = read_label(*rules.label, live_answer, live, reader)) {
    comparison.live_label = label->hash;
    comparison.live_label_text = std::move(label->text);
  }
  if (auto label = read_label(*rules.label, other_answer, theirs, reader)) {
    comparison.other_label = label->hash;
    comparison.other_label_text = std::move(label->text);
  }
}

void Comparer::Impl::trim(std::size_t live_bytes, std::size_t other_bytes) {
  if (std::max(live_bytes, other_bytes) <= kKept) return;
  live.trim(kKept);
  other.trim(kKept);
  reader.trim(kKept);
  walk.trim();
}

Comparer::Comparer() : impl_(std::make_unique<Impl>()) {}
Comparer::~Comparer() = default;

Comparison Comparer::compare(const CompareRules& compare_rules, const Answer& live, const Answer& other) {
  const CompareRules::Impl& rules = compare_rules.impl();
  Impl& my = *impl_;
  Comparison comparison;
  if (live.failed() || other.failed() || !live.counted || !other.counted) return comparison;
  my.differences.clear();
  const bool is_success = live.status / 100 == 2 && other.status / 100 == 2;
  if (!do_statuses_agree(live.status, other.status)) {
    my.note("status", Change::Status);
    comparison.compared = true;
  } else if (!is_success) {
    comparison.compared = true;
  } else {
    const bool has_drift = rules.score.has_value() || rules.label.has_value();
    // Equal bodies are read once.
    const bool are_equal =
        live.body == other.body && live.events == other.events && live.json_bytes == other.json_bytes;
    AnswerBody& theirs = are_equal ? my.live : my.other;
    if (rules.has_bodies || has_drift) {
      my.live.read(live, rules.protocol, my.reader);
      if (!are_equal) my.other.read(other, rules.protocol, my.reader);
    }
    comparison.compared = !rules.has_bodies || my.compare_bodies(rules, live, other, are_equal);
    if (has_drift) my.read_drift(rules, live, other, theirs, comparison);
    if (rules.protocol == policy::Protocol::OpenAi && rules.has_bodies) {
      comparison.live_tokens = my.live.tokens();
      comparison.other_tokens = theirs.tokens();
    }
    my.trim(live.body.size(), other.body.size());
  }
  my.differences.finish(comparison);
  return comparison;
}

}  // namespace sluice::compare
