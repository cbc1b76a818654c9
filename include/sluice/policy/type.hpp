#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/cursor.hpp"
#include "sluice/policy/formats.hpp"

namespace sluice::policy {

struct Field;
struct Object;

/// One allowed word of an enumeration.
struct Choice {
  std::string name;
  std::string help;
  bool acts = true;  ///< as with Field::acts
};

/// How values of one C++ type are written in a policy: enough to read them, to document them and to derive a JSON
/// Schema.
struct Type {
  enum class Shape : std::uint8_t { Scalar, List, Map, Object };
  enum class JsonNumber : std::uint8_t { No, Integer, Number };

  Shape shape = Shape::Scalar;
  std::string name;     ///< "duration", "list of Check"
  std::string example;  ///< "10s"; for messages
  JsonNumber number = JsonNumber::No;
  bool boolean = false;
  bool text = false;            ///< a string, narrowed by the field's format
  std::string pattern;          ///< of the string form, when there is one
  double scale = 1;             ///< a bound times this is the number that is written
  std::vector<Choice> choices;  ///< of an enumeration
  const Type* element = nullptr;
  const Object* object = nullptr;

  /// Reads the value under the cursor into `*out`; reports what is wrong and then leaves `*out` usable.
  std::function<void(const Cursor&, const Field&, void* out)> read;
  std::function<std::string(const void*)> print;              ///< as it would be written; empty for "nothing"
  std::function<const void*(const void*)> held;               ///< of an optional: its value, or nullptr; else not set
  std::function<std::size_t(const void*)> count;              ///< of a list
  std::function<const void*(const void*, std::size_t)> item;  ///< of a list
  std::function<bool(const void*, const void*)> equal;
};

/// What a changed value means to a running daemon.
enum class Change : std::uint8_t {
  Live,        ///< acts on the next request
  NewRollout,  ///< acts at once and starts a new rollout of the route
  Restart,     ///< needs a restart; until then the old value stays
};

struct Bound {
  double value = 0;
  std::string text;  ///< as it would be written
};

/// One key of an object: the only place where it is declared.
struct Field {
  std::string name;
  std::string help;  ///< one sentence
  const Type* type = nullptr;
  std::function<void*(void* object)> place;             ///< the member, made ready to be read into
  std::function<void(void* object)> chosen;             ///< runs when the key is written; may be empty
  std::function<const void*(const void* object)> peek;  ///< the member; nullptr: another key was written instead
  std::function<bool(const void* object)> has_default;  ///< the member is what it is without the key; may be empty
  std::function<bool(const void* object)> is_chosen;    ///< what `chosen` does has been done; may be empty
  std::string default_text;                             ///< empty: none
  const TextFormat* format = &any_text_format;
  std::optional<Bound> min;
  std::optional<Bound> max;
  std::size_t min_items = 0;
  std::size_t max_items = 256;
  std::string one_of;  ///< name of the group of which exactly one is written; empty: none
  bool required = false;
  bool acts = true;
  Change change = Change::Live;
};

/// A mapping with known keys.
struct Object {
  std::string name;
  std::string help;
  std::vector<Field> fields;
  bool one_required = true;  ///< whether a group of one_of may stay empty
  std::function<void(void* object, const Position&)> locate;
  std::function<void(void* object, const Cursor&)> rule;  ///< what no field can check alone; may fill in what is absent
};

/// Reads a mapping: unknown keys, missing keys, groups, then every field, then the rule.
void read_object(const Object& object, const Cursor& at, void* out);

/// Reports "expected a duration such as 10s, found a list".
void report_wrong_type(const Type& type, const Cursor& at);
/// Reports a value outside the bounds of its field; true when it is inside.
bool check_bounds(const Field& field, const Cursor& at, double value);

}  // namespace sluice::policy
