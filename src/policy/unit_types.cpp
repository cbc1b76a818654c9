// Numbers, and numbers with a unit: durations, sizes, shares.
#include <algorithm>
#include <limits>
#include <utility>

#include "sluice/policy/scalar_types.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

constexpr const char* duration_pattern = R"(^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$)";
constexpr const char* bytes_pattern = "^[0-9]+(B|KiB|MiB|GiB|TiB)$";
constexpr const char* ratio_pattern = R"(^-?[0-9]+(\.[0-9]+)?%$)";

/// A number without a unit: `parse` reads it, `T` holds it.
template <typename T, typename Value>
Type number_type(std::string name, std::string example, Type::JsonNumber json,
                 std::optional<Value> (*parse)(std::string_view), std::string (*format)(T)) {
  Type t;
  t.name = std::move(name);
  t.example = std::move(example);
  t.number = json;
  t.read = [parse](const Cursor& at, const Field& field, void* out) {
    const TreeNode& node = at.node();  // in quotes it is text, not a number
    const auto value = node.kind == TreeNode::Kind::Scalar && !node.quoted ? parse(node.text) : std::nullopt;
    if (!value) {
      report_wrong_type(type_of(Tag<T>{}), at);
    } else if (number_of(*value) > number_of(std::numeric_limits<T>::max())) {
      at.error(Code::OutOfBounds, in_quotes(node.text) + " is too large");
    } else if (check_bounds(field, at, number_of(*value))) {
      *static_cast<T*>(out) = static_cast<T>(*value);
    }
  };
  t.print = [format](const void* value) { return format(*static_cast<const T*>(value)); };
  t.equal = equality<T>();
  return t;
}

/// A number with its unit. `suggest` says what a bare number probably meant.
template <typename T>
Type unit_type(std::string name, std::string example, std::string units, std::string pattern, double scale,
               std::optional<T> (*parse)(std::string_view), std::string (*format)(T),
               std::string (*suggest)(std::string_view)) {
  Type t;
  t.name = std::move(name);
  t.example = std::move(example);
  t.pattern = std::move(pattern);
  t.scale = scale;
  t.read = [parse, suggest, units = std::move(units)](const Cursor& at, const Field& field, void* out) {
    const Type& self = type_of(Tag<T>{});
    if (at.node().kind != TreeNode::Kind::Scalar) return report_wrong_type(self, at);
    const std::string& text = at.node().text;
    if (const auto value = parse(text)) {
      if (check_bounds(field, at, number_of(*value))) *static_cast<T*>(out) = *value;
    } else if (parse_number(text)) {
      at.error(Code::MissingUnit, "the number " + in_quotes(text) + " needs a unit: " + units, suggest(text));
    } else {
      at.error(Code::BadUnit, in_quotes(text) + " is not a " + self.name + " such as " + self.example, suggest(text));
    }
  };
  t.print = [format](const void* value) { return format(*static_cast<const T*>(value)); };
  t.equal = equality<T>();
  return t;
}

std::string leading_number(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find_first_not_of("0123456789."), text.size())));
}

std::string suggest_duration(std::string_view text) {
  const std::string number = leading_number(text);
  if (!parse_number(number)) return {};
  std::string_view unit = text.substr(number.size());
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const std::string_view known : {"ms", "s", "m", "h", "d"}) {
    if (unit == known || (known == "ms" && unit.starts_with("mil"))) return number + std::string(known);
  }
  static constexpr std::string_view firsts = "smhd";
  if (unit.empty()) return number + "s";
  return firsts.find(unit[0]) != std::string_view::npos ? number + unit[0] : std::string();
}

std::string suggest_bytes(std::string_view text) {
  const std::string number = leading_number(text);
  const auto count = parse_integer(number);
  if (!count) return {};
  std::string_view unit = text.substr(number.size());
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.empty()) return format_bytes({*count});
  const std::string_view letters = "kKmMgGtT";
  const std::size_t at = letters.find(unit[0]);
  if (at != std::string_view::npos) return number + letters[at | 1] + "iB";
  return unit == "b" ? number + "B" : std::string();
}

std::string suggest_ratio(std::string_view text) {
  const auto number = parse_number(leading_number(text));
  if (!number) return {};
  return *number < 1 ? format_ratio({*number}) : format_number(*number) + "%";
}

std::string print_integer32(std::uint32_t value) {
  return std::to_string(value);
}
std::string print_integer64(std::uint64_t value) {
  return std::to_string(value);
}

}  // namespace

const Type& type_of(Tag<std::uint32_t> /*tag*/) {
  static const Type type = number_type<std::uint32_t, std::uint64_t>("whole number", "10", Type::JsonNumber::Integer,
                                                                     parse_integer, print_integer32);
  return type;
}

const Type& type_of(Tag<std::uint64_t> /*tag*/) {
  static const Type type = number_type<std::uint64_t, std::uint64_t>("whole number", "10", Type::JsonNumber::Integer,
                                                                     parse_integer, print_integer64);
  return type;
}

const Type& type_of(Tag<double> /*tag*/) {
  static const Type type =
      number_type<double, double>("number", "2.5", Type::JsonNumber::Number, parse_number, format_number);
  return type;
}

const Type& type_of(Tag<Duration> /*tag*/) {
  static const Type type = unit_type<Duration>("duration", "10s", "ms, s, m, h or d", duration_pattern, 1,
                                               parse_duration, format_duration, suggest_duration);
  return type;
}

const Type& type_of(Tag<Bytes> /*tag*/) {
  static const Type type = unit_type<Bytes>("size", "64KiB", "B, KiB, MiB, GiB or TiB", bytes_pattern, 1, parse_bytes,
                                            format_bytes, suggest_bytes);
  return type;
}

const Type& type_of(Tag<Ratio> /*tag*/) {
  static const Type type =
      unit_type<Ratio>("share", "20%", "%", ratio_pattern, 100, parse_ratio, format_ratio, suggest_ratio);
  return type;
}

}  // namespace sluice::policy
