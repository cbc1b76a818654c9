#include "sluice/cli/answer_difference.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "sluice/cli/json_fields.hpp"

namespace sluice::cli {

namespace {

constexpr std::size_t kShown = 60;
constexpr int kDeepestField = 64;

std::vector<std::string> tokens_of(std::string_view field) {
  std::vector<std::string> tokens;
  while (!field.empty() && field.front() == '/') {
    field.remove_prefix(1);
    const std::size_t end = std::min(field.find('/'), field.size());
    std::string token;
    for (std::size_t i = 0; i < end; ++i) {
      const bool escaped = field[i] == '~' && i + 1 < end && (field[i + 1] == '0' || field[i + 1] == '1');
      token += escaped ? (field[i + 1] == '0' ? '~' : '/') : field[i];
      if (escaped) ++i;
    }
    tokens.push_back(std::move(token));
    field.remove_prefix(end);
  }
  return tokens;
}

std::string in_short(const Json* value) {
  if (value == nullptr) return "-";
  std::string text = value->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kShown) return text;
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

const Json* element_named(const Json& list, const std::string& name) {
  for (const Json& one : list) {
    if (one.is_object() && text(one, "name") == name) return &one;
  }
  std::size_t index = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool is_index = problem == std::errc{} && end == name.data() + name.size() && index < list.size();
  return is_index ? &list[index] : nullptr;
}

const Json* below(const Json* value, const std::string& token) {
  if (value == nullptr) return nullptr;
  if (value->is_array()) return element_named(*value, token);
  if (!value->is_object()) return nullptr;
  const auto found = value->find(token);
  return found == value->end() ? nullptr : &*found;
}

bool are_alike(const Json* a, const Json* b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
}

const Json* at_place(const Json* list, std::size_t index) {
  return list != nullptr && list->is_array() && index < list->size() ? &(*list)[index] : nullptr;
}

/// Of a tensor the numbers; of two lists the first place that differs.
std::optional<FieldValues> leaf(const Json* live, const Json* candidate, std::string place, int depth) {
  if (are_alike(live, candidate)) return std::nullopt;
  const Json* const numbers = below(live, "data");
  const Json* const others = below(candidate, "data");
  const bool are_tensors = numbers != nullptr && others != nullptr && *numbers != *others &&
                           are_alike(below(live, "datatype"), below(candidate, "datatype")) &&
                           are_alike(below(live, "shape"), below(candidate, "shape"));
  if (are_tensors) return leaf(numbers, others, std::move(place), depth + 1);
  const bool are_lists = live != nullptr && candidate != nullptr && live->is_array() && candidate->is_array() &&
                         live->size() == candidate->size();
  if (!are_lists || depth > kDeepestField) return FieldValues{in_short(live), in_short(candidate), std::move(place)};
  for (std::size_t i = 0; i < live->size(); ++i) {
    auto found = leaf(&(*live)[i], &(*candidate)[i], place + "[" + std::to_string(i) + "]", depth + 1);
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<FieldValues> follow_field(const Json* live, const Json* candidate, const std::vector<std::string>& tokens,
                                        std::size_t next, const std::string& place) {
  if (next == tokens.size()) return leaf(live, candidate, place, 0);
  const std::string& token = tokens[next];
  const std::size_t size = std::max(live != nullptr && live->is_array() ? live->size() : 0,
                                    candidate != nullptr && candidate->is_array() ? candidate->size() : 0);
  if (token != "*" || size == 0) {
    return follow_field(below(live, token), below(candidate, token), tokens, next + 1, place);
  }
  for (std::size_t i = 0; i < size; ++i) {
    auto found = follow_field(at_place(live, i), at_place(candidate, i), tokens, next + 1,
                              place + "[" + std::to_string(i) + "]");
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FieldValues> values_of(std::string_view field, const std::string& live_body,
                                     const std::string& candidate_body) {
  const Json live = Json::parse(live_body, nullptr, false);
  const Json candidate = Json::parse(candidate_body, nullptr, false);
  if (live.is_discarded() || candidate.is_discarded()) return std::nullopt;
  const std::vector<std::string> tokens = tokens_of(field);
  if (tokens.empty() || tokens.size() > kDeepestField) return std::nullopt;
  return follow_field(&live, &candidate, tokens, 0, {});
}

}  // namespace sluice::cli
