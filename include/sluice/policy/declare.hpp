#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/policy/scalar_types.hpp"
#include "sluice/policy/type.hpp"

namespace sluice::policy {

/// Reads every element of a sequence; `reset` makes the list that long, `element` gives the place of one.
void read_list(const Type& type, const Cursor& at, const Field& field, const std::function<void(std::size_t)>& reset,
               const std::function<void*(std::size_t)>& element);
void read_map(const Type& type, const Cursor& at, const Field& field, std::map<std::string, std::string>& out);

template <typename T>
const Type& type_of(Tag<std::vector<T>> /*tag*/) {
  static const Type type = [] {
    Type t;
    t.shape = Type::Shape::List;
    t.element = &type_of(Tag<T>{});
    t.name = "list of " + t.element->name;
    t.read = [](const Cursor& at, const Field& field, void* out) {
      auto& list = *static_cast<std::vector<T>*>(out);
      read_list(
          *field.type, at, field, [&](std::size_t n) { list.assign(n, T{}); },
          [&](std::size_t i) -> void* { return &list[i]; });
    };
    t.print = [](const void*) { return std::string(); };
    t.count = [](const void* value) { return static_cast<const std::vector<T>*>(value)->size(); };
    t.item = [](const void* value, std::size_t i) -> const void* {
      return &(*static_cast<const std::vector<T>*>(value))[i];
    };
    t.equal = equality<std::vector<T>>();
    return t;
  }();
  return type;
}

/// An optional value is written like the value itself; it is empty as long as the key is absent.
template <typename T>
const Type& type_of(Tag<std::optional<T>> /*tag*/) {
  static const Type type = [] {
    const Type& inner = type_of(Tag<T>{});
    Type t = inner;
    t.read = [&inner](const Cursor& at, const Field& field, void* out) {
      inner.read(at, field, &static_cast<std::optional<T>*>(out)->emplace());
    };
    t.print = [&inner](const void* value) {
      const auto& optional = *static_cast<const std::optional<T>*>(value);
      return optional ? inner.print(&*optional) : std::string();
    };
    t.held = [](const void* value) -> const void* {
      const auto& optional = *static_cast<const std::optional<T>*>(value);
      return optional ? &*optional : nullptr;
    };
    t.equal = equality<std::optional<T>>();
    return t;
  }();
  return type;
}

/// An enumeration from its words, in the order of the enumerators, which count from 0.
template <typename E>
Type enumeration(std::string name, std::vector<Choice> choices) {
  Type t = choice_type(std::move(name), std::move(choices));
  t.read = [](const Cursor& at, const Field& /*field*/, void* out) {
    const Type& self = type_of(Tag<E>{});
    const auto index = read_choice(self, at);
    if (!index) return;
    *static_cast<E*>(out) = static_cast<E>(*index);
    if (!self.choices[*index].acts) at.inactive(self.choices[*index].name + ": ");
  };
  t.print = [choices = t.choices](const void* value) {
    return choices[static_cast<std::size_t>(*static_cast<const E*>(value))].name;
  };
  t.equal = equality<E>();
  return t;
}

/// What bounds of a member are written in: the element of a list, the value of an optional.
template <typename T>
struct BoundOf {
  using type = T;
};
template <typename T>
struct BoundOf<std::vector<T>> {
  using type = T;
};
template <typename T>
struct BoundOf<std::optional<T>> {
  using type = T;
};

/// Finishes the block of one field.
template <typename T>
class FieldOf {
 public:
  using Value = typename BoundOf<T>::type;

  explicit FieldOf(Field& field) : field_(field) {}

  FieldOf& at_least(Value low) { return field_.min = bound(low), *this; }
  FieldOf& at_most(Value high) { return field_.max = bound(high), *this; }
  FieldOf& between(Value low, Value high) { return at_least(low).at_most(high); }
  FieldOf& format(const TextFormat& format) { return field_.format = &format, *this; }
  FieldOf& items(std::size_t low, std::size_t high) { return field_.min_items = low, field_.max_items = high, *this; }
  FieldOf& required() { return field_.required = true, field_.default_text.clear(), *this; }
  /// Exactly one of the fields with this group name is written.
  FieldOf& one_of(std::string group) { return field_.one_of = std::move(group), field_.default_text.clear(), *this; }
  FieldOf& default_is(std::string text) { return field_.default_text = std::move(text), *this; }
  /// Declared and checked, but this version does not act on it: `serve` refuses a policy that writes it.
  FieldOf& inactive() { return field_.acts = false, *this; }
  FieldOf& starts_rollout() { return field_.change = Change::NewRollout, *this; }
  FieldOf& needs_restart() { return field_.change = Change::Restart, *this; }
  /// Writing this key sets another member too, for example which source a unit has.
  template <typename S, typename M>
  FieldOf& selects(M S::*member, M value) {
    field_.chosen = [member, value](void* object) { static_cast<S*>(object)->*member = value; };
    field_.is_chosen = [member, value](const void* object) { return static_cast<const S*>(object)->*member == value; };
    return *this;
  }

 private:
  static Bound bound(const Value& value) { return {number_of(value), type_of(Tag<Value>{}).print(&value)}; }

  Field& field_;
};

/// Builds the Object of a struct (or of a variant whose alternatives are keys), one call per key.
template <typename S>
class Declaration {
 public:
  Declaration(std::string name, std::string help) {
    object_.name = std::move(name);
    object_.help = std::move(help);
    object_.fields.reserve(32);  // FieldOf refers into it
    if constexpr (requires(S & s) { s.position; }) {
      object_.locate = [](void* object, const Position& position) { static_cast<S*>(object)->position = position; };
    }
  }

  template <typename M>
  FieldOf<M> field(std::string name, M S::*member, std::string help) {
    const Type& type = type_of(Tag<M>{});
    Field& field = add(std::move(name), type, std::move(help));
    field.place = [member](void* object) -> void* { return &(static_cast<S*>(object)->*member); };
    field.peek = [member](const void* object) -> const void* { return &(static_cast<const S*>(object)->*member); };
    const S defaults{};
    field.default_text = type.print(&(defaults.*member));
    field.has_default = [&type, member, usual = defaults.*member](const void* object) {
      return type.equal(&(static_cast<const S*>(object)->*member), &usual);
    };
    return FieldOf<M>(field);
  }

  /// A key whose value goes where `get` says, which may have to make room for it first; `peek` finds it there, or
  /// nullptr.
  template <typename M, typename Get, typename Peek>
  FieldOf<M> member(std::string name, Get get, Peek peek, std::string help) {
    Field& field = add(std::move(name), type_of(Tag<M>{}), std::move(help));
    field.place = [get](void* object) -> void* { return &get(*static_cast<S*>(object)); };
    field.peek = [peek](const void* object) -> const void* { return peek(*static_cast<const S*>(object)); };
    return FieldOf<M>(field);
  }

  /// A key that turns a variant into one of its alternatives; `get` finds the variant in the object.
  template <typename A, typename Get>
  FieldOf<A> alternative(std::string name, Get get, std::string help) {
    return member<A>(
        std::move(name), [get](S& object) -> A& { return get(object).template emplace<A>(); },
        [get](const S& object) -> const A* { return std::get_if<A>(&get(const_cast<S&>(object))); }, std::move(help));
  }

  /// A key that says all by being there: `{request: {}}`.
  FieldOf<Nothing> word(std::string name, std::string help) {
    Field& field = add(std::move(name), type_of(Tag<Nothing>{}), std::move(help));
    field.place = [](void* object) { return object; };
    field.peek = [](const void* object) { return object; };
    return FieldOf<Nothing>(field);
  }

  Declaration& one_may_be_absent() { return object_.one_required = false, *this; }
  Declaration& rule(void (*check)(const S&, const Cursor&)) {
    object_.rule = [check](void* object, const Cursor& at) { check(*static_cast<const S*>(object), at); };
    return *this;
  }
  /// A rule that also fills in a default which depends on another field.
  Declaration& completing_rule(void (*complete)(S&, const Cursor&)) {
    object_.rule = [complete](void* object, const Cursor& at) { complete(*static_cast<S*>(object), at); };
    return *this;
  }

  /// The finished type. The declaration lives as long as the program.
  Type finish() {
    static Object kept;
    kept = std::move(object_);
    Type t;
    t.shape = Type::Shape::Object;
    t.name = kept.name;
    t.object = &kept;
    t.read = [](const Cursor& at, const Field&, void* out) { read_object(kept, at, out); };
    t.print = [](const void*) { return std::string(); };
    t.equal = equality<S>();
    return t;
  }

 private:
  Field& add(std::string name, const Type& type, std::string help) {
    Field& field = object_.fields.emplace_back();
    field.name = std::move(name);
    field.type = &type;
    field.help = std::move(help);
    return field;
  }

  Object object_;
};

}  // namespace sluice::policy
