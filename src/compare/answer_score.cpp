#include "sluice/compare/answer_score.hpp"

#include <charconv>
#include <cmath>
#include <vector>

#include "sluice/base/stable_hash.hpp"

namespace sluice::compare {

namespace {

constexpr double kLargestScore = 1e15;
constexpr std::size_t kLongestLabel = 64;
constexpr int kDeepestList = 8;

using TreePlace = JsonTree::Place;

std::optional<double> usable_score(double score) noexcept {
  if (!(std::abs(score) <= kLargestScore)) return std::nullopt;
  return score;
}

Label make_label(std::string_view text) {
  return {stable_hash(0, text), std::string(cut_at_character(text, kLongestLabel))};
}

std::optional<Label> whole_label(double number) {
  if (!(std::abs(number) <= 0x1p53) || number != std::nearbyint(number)) return std::nullopt;
  return make_label(std::to_string(static_cast<std::int64_t>(number)));
}

std::string_view without_spaces(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool step_down(const JsonTree& tree, TreePlace& place, const std::string& token) {
  if (tree.kind(place) == JsonKind::Object) return tree.find(place, token, place);
  if (tree.kind(place) != JsonKind::List) return false;
  std::uint32_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [stop, problem] = std::from_chars(token.data(), end, index);
  if (problem != std::errc{} || stop != end || index >= tree.count(place)) return false;
  TreePlace at = JsonTree::first(place);
  for (; index > 0; --index) at = tree.next(at);
  place = at;
  return true;
}

/// The scalar at the pointer, or the first of the lists there.
bool find_scalar(const JsonTree& tree, const std::vector<std::string>& pointer, TreePlace& place) {
  if (tree.empty()) return false;
  place = tree.root();
  for (const std::string& token : pointer) {
    if (!step_down(tree, place, token)) return false;
  }
  for (int depth = 0; tree.kind(place) == JsonKind::List; ++depth) {
    if (depth == kDeepestList || tree.count(place) == 0) return false;
    place = JsonTree::first(place);
  }
  return tree.kind(place) != JsonKind::Object && tree.kind(place) != JsonKind::Null;
}

std::optional<TensorData> find_tensor(const std::string& name, AnswerBody& body, JsonReader& reader) {
  const JsonTree& tree = body.last(reader);
  std::vector<TensorOutput> outputs;
  if (tree.empty() || !read_outputs({&tree, body.tail()}, outputs)) return std::nullopt;
  for (const TensorOutput& output : outputs) {
    if (output.name == name) return elements_of(tree, output);
  }
  return std::nullopt;
}

/// The first element of a tensor of numbers.
std::optional<double> first_number(TensorData& data) {
  TensorData::Block block;
  if (data.type().kind == ElementKind::Bytes || data.read(block, 1) == 0) return std::nullopt;
  return block.values.front();
}

std::optional<double> score_in_json(const JsonTree& tree, const std::vector<std::string>& pointer) {
  TreePlace place = 0;
  if (!find_scalar(tree, pointer, place)) return std::nullopt;
  const JsonKind kind = tree.kind(place);
  if (kind != JsonKind::Number && kind != JsonKind::Exact) return std::nullopt;
  return usable_score(tree.rounded(place));
}

std::optional<Label> label_in_json(const JsonTree& tree, const std::vector<std::string>& pointer) {
  TreePlace place = 0;
  if (!find_scalar(tree, pointer, place)) return std::nullopt;
  std::string scratch;
  switch (tree.kind(place)) {
    case JsonKind::Text:
      return make_label(tree.text(place, scratch));
    case JsonKind::True:
      return make_label("true");
    case JsonKind::False:
      return make_label("false");
    case JsonKind::Number:
      return whole_label(tree.number(place));
    case JsonKind::Exact:
      if (is_whole_number(tree.token(place))) return make_label(tree.token(place));
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<double> score_in_header(std::string_view text) {
  text = without_spaces(text);
  double score = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), score);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return usable_score(score);
}

std::optional<double> tokens_score(const Answer& answer, const AnswerBody& body, bool per_second) {
  const auto tokens = static_cast<double>(body.tokens());
  if (tokens == 0 && !body.is_json()) return std::nullopt;
  if (!per_second) return tokens;
  if (!(answer.latency > 0) || answer.held_up) return std::nullopt;
  return usable_score(tokens / static_cast<double>(answer.latency));
}

}  // namespace

std::optional<double> read_score(const DriftField& field, const Answer& answer, AnswerBody& body, JsonReader& reader) {
  switch (field.part) {
    case policy::AnswerPart::Header:
      return score_in_header(answer.score_text);
    case policy::AnswerPart::JsonPointer:
      return score_in_json(body.last(reader), field.pointer);
    case policy::AnswerPart::Tensor: {
      auto data = find_tensor(field.name, body, reader);
      const auto number = data ? first_number(*data) : std::nullopt;
      return number ? usable_score(*number) : std::nullopt;
    }
    case policy::AnswerPart::Tokens:
      return tokens_score(answer, body, false);
    case policy::AnswerPart::TokensPerSecond:
      return tokens_score(answer, body, true);
  }
  return std::nullopt;
}

std::optional<Label> read_label(const DriftField& field, const Answer& answer, AnswerBody& body, JsonReader& reader) {
  switch (field.part) {
    case policy::AnswerPart::Header: {
      const std::string_view text = without_spaces(answer.label_text);
      if (text.empty()) return std::nullopt;
      return make_label(text);
    }
    case policy::AnswerPart::JsonPointer:
      return label_in_json(body.last(reader), field.pointer);
    case policy::AnswerPart::Tensor: {
      auto data = find_tensor(field.name, body, reader);
      if (!data) return std::nullopt;
      std::string_view element;
      std::string scratch;
      if (data->type().kind == ElementKind::Bytes) {
        if (!data->read_bytes(element, scratch)) return std::nullopt;
        return make_label(element);
      }
      const auto number = first_number(*data);
      if (!number) return std::nullopt;
      // As it is called where JSON says it, and in live's answers.
      if (data->type().kind == ElementKind::Boolean) return make_label(*number != 0 ? "true" : "false");
      return whole_label(*number);
    }
    case policy::AnswerPart::Tokens:
    case policy::AnswerPart::TokensPerSecond:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace sluice::compare
