#include "sluice/policy/type.hpp"

#include <algorithm>

#include "sluice/policy/declare.hpp"
#include "sluice/policy/suggest.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

std::string with_article(const std::string& noun) {
  const bool vowel = std::string_view("aeiouAEIOU").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

std::string expected(const Type& type) {
  if (type.shape == Type::Shape::Object || type.shape == Type::Shape::Map) return "a mapping";
  if (type.shape == Type::Shape::List) return "a list";
  const std::string noun = with_article(type.name);
  return type.example.empty() ? noun : noun + " such as " + type.example;
}

std::string found(const TreeNode& node) {
  switch (node.kind) {
    case TreeNode::Kind::Null:
      return "nothing";
    case TreeNode::Kind::Sequence:
      return "a list";
    case TreeNode::Kind::Mapping:
      return "a mapping";
    case TreeNode::Kind::Scalar:
      break;
  }
  return (node.quoted ? "the text " : "") + in_quotes(node.text);
}

std::string list_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

bool expect(TreeNode::Kind kind, const Type& type, const Cursor& at) {
  if (at.node().kind == kind) return true;
  report_wrong_type(type, at);
  return false;
}

void report_unknown_key(const Object& object, const Cursor& at, const Entry& entry) {
  if (at.report().full()) return;
  std::vector<std::string> names;
  for (const Field& field : object.fields) names.push_back(field.name);
  std::string suggestion = nearest(entry.key, names);
  if (!suggestion.empty()) at.report().note_meant(at.at(suggestion).path());
  at.report().add(Severity::Error, Code::UnknownField, entry.key_mark, at.at(entry).path(), "unknown field",
                  std::move(suggestion));
}

/// Groups of fields of which exactly one is written.
void check_groups(const Object& object, const Cursor& at) {
  std::vector<std::string> groups;
  for (const Field& field : object.fields) {
    if (!field.one_of.empty() && std::find(groups.begin(), groups.end(), field.one_of) == groups.end()) {
      groups.push_back(field.one_of);
    }
  }
  for (const std::string& group : groups) {
    std::vector<std::string> known;
    std::vector<std::string> written;
    bool misspelled = false;
    for (const Field& field : object.fields) {
      if (field.one_of != group) continue;
      known.push_back(field.name);
      const Cursor value = at.at(field.name);
      if (value.written()) written.push_back(field.name);
      misspelled = misspelled || (value.meant() && !value.written());
    }
    if (written.empty() && object.one_required && !misspelled) {
      at.error(Code::OneOf, "needs exactly one " + group + ": " + list_names(known));
    } else if (written.size() > 1) {
      at.error(Code::OneOf, "has more than one " + group + ": " + list_names(written) + "; keep exactly one");
    }
  }
}

void read_field(const Field& field, const Cursor& at, void* out) {
  const Cursor value = at.at(field.name);
  if (!value.written()) {
    if (field.required && !value.meant()) at.error(Code::MissingField, "needs the field \"" + field.name + "\"");
    return;
  }
  if (!field.acts) value.inactive();
  if (field.chosen) field.chosen(out);
  void* place = field.place(out);
  if (field.acts) {
    field.type->read(value, field, place);
    return;
  }
  const Report::InactiveScope said(at.report());
  field.type->read(value, field, place);
}

}  // namespace

void report_wrong_type(const Type& type, const Cursor& at) {
  std::string message = "expected " + expected(type) + ", found " + found(at.node());
  if (at.node().kind == TreeNode::Kind::Null) {
    message += type.shape == Type::Shape::Object ? "; write {} for the defaults, or remove the key"
                                                 : "; write a value or remove the key";
  }
  at.error(Code::WrongType, std::move(message));
}

bool check_bounds(const Field& field, const Cursor& at, double value) {
  if ((!field.min || value >= field.min->value) && (!field.max || value <= field.max->value)) return true;
  std::string range;
  if (field.min && field.max) {
    range = "between " + field.min->text + " and " + field.max->text;
  } else {
    range = field.min ? "at least " + field.min->text : "at most " + field.max->text;
  }
  at.error(Code::OutOfBounds, "must be " + range + ", is " + found(at.node()));
  return false;
}

void read_object(const Object& object, const Cursor& at, void* out) {
  if (object.locate) object.locate(out, at.position());
  if (at.node().kind != TreeNode::Kind::Mapping) {
    Type mapping;
    mapping.shape = Type::Shape::Object;
    report_wrong_type(mapping, at);
    return;
  }
  for (const Entry& entry : at.node().entries) {
    const bool known = std::any_of(object.fields.begin(), object.fields.end(),
                                   [&](const Field& field) { return field.name == entry.key; });
    if (!known) report_unknown_key(object, at, entry);
  }
  check_groups(object, at);
  for (const Field& field : object.fields) read_field(field, at, out);
  if (object.rule) object.rule(out, at);
}

void read_list(const Type& type, const Cursor& at, const Field& field, const std::function<void(std::size_t)>& reset,
               const std::function<void*(std::size_t)>& element) {
  if (!expect(TreeNode::Kind::Sequence, type, at)) return;
  const std::size_t count = at.node().items.size();
  if (count < field.min_items || count > field.max_items) {
    const bool few = count < field.min_items;
    const std::size_t limit = few ? field.min_items : field.max_items;
    at.error(Code::ItemCount, std::string("needs at ") + (few ? "least " : "most ") + std::to_string(limit) +
                                  (limit == 1 ? " item" : " items") + ", has " + std::to_string(count));
  }
  const std::size_t kept = std::min(count, field.max_items);
  reset(kept);
  for (std::size_t i = 0; i < kept; ++i) type.element->read(at.at(i), field, element(i));
}

void read_map(const Type& type, const Cursor& at, const Field& field, std::map<std::string, std::string>& out) {
  if (!expect(TreeNode::Kind::Mapping, type, at)) return;
  if (at.node().entries.size() > field.max_items) {
    at.error(Code::ItemCount, "needs at most " + std::to_string(field.max_items) + " keys");
    return;
  }
  for (const Entry& entry : at.node().entries) {
    if (const std::string problem = label_key_format.problem(entry.key); !problem.empty()) {
      at.at(entry).error(Code::BadFormat, problem);
      continue;
    }
    type.element->read(at.at(entry), field, &out[entry.key]);
  }
}

}  // namespace sluice::policy
