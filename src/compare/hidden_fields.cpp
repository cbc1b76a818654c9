#include "sluice/compare/hidden_fields.hpp"

#include <algorithm>

#include "sluice/compare/difference_list.hpp"
#include "sluice/compare/field_rules.hpp"

namespace sluice::compare {
namespace {

/// As paths of fields spell a key.
std::string spelled(const std::string& token) {
  FieldPath path;
  path.push(token);
  return std::string(path.text().substr(1));
}

bool may_be(std::string_view token, std::string_view key) noexcept {
  const bool is_index = !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
  return token == key || token == "*" || key == "*" || is_index;
}

}  // namespace

HiddenFields::HiddenFields(const std::vector<std::string>& pointers) {
  for (const std::string& pointer : pointers) {
    Pointer& made = pointers_.emplace_back();
    for (const std::string& token : pointer_tokens(pointer)) made.push_back(spelled(token));
  }
}

/// Where the field stands: Below the pointer, or at it, and then the path up to there; Above it; or elsewhere.
HiddenFields::Relation HiddenFields::relation(const Pointer& pointer, std::string_view field,
                                              std::size_t& end) noexcept {
  end = 0;
  for (const std::string& token : pointer) {
    if (end == field.size()) return Relation::Above;
    if (field[end] != '/') return Relation::Apart;  // "status", "body", "other fields"
    const std::size_t next = std::min(field.find('/', end + 1), field.size());
    if (!may_be(token, field.substr(end + 1, next - end - 1))) return Relation::Apart;
    end = next;
  }
  return Relation::Below;
}

std::string_view HiddenFields::shown(std::string_view field) const noexcept {
  if (!field.starts_with('/')) return field;
  std::string_view seen = field;
  for (const Pointer& pointer : pointers_) {
    std::size_t end = 0;
    if (relation(pointer, field, end) != Relation::Below) continue;
    if (end == 0) return "body";
    if (end < seen.size()) seen = field.substr(0, end);
  }
  return seen;
}

std::vector<Difference> HiddenFields::shown(std::vector<Difference> differences) const {
  if (pointers_.empty()) return differences;
  std::vector<Difference> made;
  for (Difference& one : differences) {
    std::size_t end = 0;
    const bool is_hidden = std::any_of(pointers_.begin(), pointers_.end(), [&](const Pointer& pointer) {
      return relation(pointer, one.field, end) != Relation::Apart;
    });
    if (is_hidden) one.size = 0;
    if (const std::string_view seen = shown(one.field); seen.size() != one.field.size()) {
      one.field = std::string(seen);
      one.change = Change::Value;  // that a name below is missing says as much as the name
    }
    const auto known =
        std::find_if(made.begin(), made.end(), [&](const Difference& other) { return other.field == one.field; });
    if (known == made.end()) {
      made.push_back(std::move(one));
      continue;
    }
    known->count += one.count;
    known->gravity = std::max(known->gravity, one.gravity);
  }
  return made;
}

}  // namespace sluice::compare
