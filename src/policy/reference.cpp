#include "sluice/policy/reference.hpp"

#include <algorithm>

#include "sluice/policy/codes.hpp"
#include "sluice/policy/metrics.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {
namespace {

/// Pipes and line ends would end a table cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string code(const std::string& text) {
  return text.empty() ? std::string() : '`' + text + '`';
}

const Object* object_of(const Type& type) {
  const Type* inner = type.shape == Type::Shape::List ? type.element : &type;
  return inner->shape == Type::Shape::Object && !inner->object->fields.empty() ? inner->object : nullptr;
}

std::string anchor(const std::string& name) {
  std::string out = name;
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string type_text(const Field& field) {
  const Type& type = *field.type;
  const Type& inner = type.shape == Type::Shape::List ? *type.element : type;
  std::string name = inner.name;
  if (inner.text) name = field.format->title;
  if (inner.shape == Type::Shape::Map) name = "map of text";
  if (inner.shape == Type::Shape::Object && inner.object->fields.empty()) name = "`{}`";
  if (const Object* object = object_of(type)) name = "[" + object->name + "](#" + anchor(object->name) + ")";
  if (!inner.choices.empty()) {
    name.clear();
    for (const Choice& choice : inner.choices) name += (name.empty() ? "" : ", ") + code(choice.name);
  }
  return type.shape == Type::Shape::List ? "list of " + name : name;
}

std::string bounds_text(const Field& field) {
  std::string out;
  if (field.min && field.max) {
    out = field.min->text + " … " + field.max->text;
  } else if (field.min || field.max) {
    out = field.min ? "at least " + field.min->text : "at most " + field.max->text;
  }
  if (field.type->shape == Type::Shape::List) {
    const std::string items = std::to_string(field.min_items) + " … " + std::to_string(field.max_items) + " items";
    out += (out.empty() ? "" : "; ") + items;
  }
  return out;
}

std::string default_of(const Field& field) {
  if (field.required) return "**required**";
  if (!field.one_of.empty()) return "one " + field.one_of;
  const bool literal = field.default_text.find(' ') == std::string::npos;
  return literal ? code(field.default_text) : field.default_text;
}

std::string_view change_text(Change change) {
  switch (change) {
    case Change::Live:
      return "live";
    case Change::NewRollout:
      return "new rollout";
    case Change::Restart:
      break;
  }
  return "restart";
}

std::string help_text(const Field& field) {
  std::string out = field.help;
  const Type& inner = field.type->shape == Type::Shape::List ? *field.type->element : *field.type;
  for (const Choice& choice : inner.choices) {
    if (choice.help.empty()) continue;  // the type's column names it
    out += "<br>" + code(choice.name) + ": " + choice.help;
    if (!choice.acts) out += " *Does not act yet.*";
  }
  if (!field.acts) out += " *Does not act yet: `serve` refuses it.*";
  return out;
}

void add_object(std::string& out, const Object& object) {
  out += "\n## " + object.name + "\n\n" + object.help + "\n";
  if (object.fields.empty()) return;
  out += "\n| field | type | default | bounds | a change is | meaning |\n|---|---|---|---|---|---|\n";
  for (const Field& field : object.fields) {
    out += "| `" + field.name + "` | " + cell(type_text(field)) + " | " + cell(default_of(field)) + " | " +
           cell(bounds_text(field)) + " | " + std::string(change_text(field.change)) + " | " + cell(help_text(field)) +
           " |\n";
  }
}

void collect(const Type& type, std::vector<const Type*>& out) {
  const Type& inner = type.shape == Type::Shape::List ? *type.element : type;
  if (inner.shape != Type::Shape::Object) return;
  const bool known = std::any_of(out.begin(), out.end(), [&](const Type* t) { return t->object == inner.object; });
  if (known) return;
  out.push_back(&inner);
  for (const Field& field : inner.object->fields) collect(*field.type, out);
}

}  // namespace

std::vector<const Type*> object_types() {
  std::vector<const Type*> out;
  for (const Type* document : document_types()) collect(*document, out);
  return out;
}

std::string reference_markdown() {
  std::string out =
      "# Policy reference\n\n"
      "Every field of a policy. Generated from the declarations that the reader itself uses "
      "(`sluice schema --reference`); [policy.md](policy.md) explains how to write one.\n\n"
      "- A *duration* is written with its unit: `250ms`, `1.5s`, `10m`, `1h30m`, `7d`. A *size*: `512B`, `60KiB`, "
      "`64MiB`. A *share*: `20%`.\n"
      "- Only `true` and `false` are booleans. What stands in quotes is text.\n"
      "- *A change is* **live** when it acts on the next request, **new rollout** when it acts and starts the route's "
      "rollout anew, **restart** when a running daemon refuses it.\n"
      "- *one …* in the column of defaults: exactly one of the fields of that group is written.\n";
  for (const Type* type : object_types()) {
    if (!type->object->fields.empty() || type->name == "MemoryState") add_object(out, *type->object);
  }
  out +=
      "\n## Built-in metrics\n\nWhat a check can name without any configuration; outcomes of the route come on top.\n\n"
      "| metric | limits are written as | meaning |\n|---|---|---|\n";
  for (const BuiltInMetric& metric : built_in_metrics()) {
    const bool ratio = metric.unit == QuantityUnit::Ratio;
    const std::string_view unit = ratio ? "share" : metric.unit == QuantityUnit::Seconds ? "duration" : "number";
    out.append("| `").append(metric.name).append("` | ").append(unit).append(" | ").append(metric.help);
    out += " |\n";
  }
  return out;
}

std::string error_codes_markdown() {
  std::string out =
      "# Error codes\n\n"
      "What `sluice check` and `sluice serve` report about a policy. Codes are stable: search for them, filter on "
      "them, "
      "link to them. `E0xx` is about a file, `E1xx` about one field, `E2xx` about fields together, `E3xx` about "
      "strategies, `E9xx` about what does not act yet; `Wxxx` are warnings and fail nothing. Generated by "
      "`sluice schema --error-codes`.\n\n"
      "| code | problem | what it means and what to do |\n|---|---|---|\n";
  for (const CodeInfo& info : all_codes()) {
    out.append("| `").append(info.id).append("` | ").append(info.title).append(" | ").append(cell(info.meaning));
    out.append(" |\n");
  }
  return out;
}

}  // namespace sluice::policy
