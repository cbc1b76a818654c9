#include "sluice/policy/scalar_types.hpp"

#include <algorithm>
#include <utility>

#include "sluice/policy/declare.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/suggest.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

const TreeNode* scalar(const Type& type, const Cursor& at) {
  if (at.node().kind == TreeNode::Kind::Scalar) return &at.node();
  report_wrong_type(type, at);
  return nullptr;
}

void report_malformed(const Type& type, const Cursor& at, std::string suggestion = {}) {
  at.error(Code::BadUnit, in_quotes(at.node().text) + " is not a " + type.name + " such as " + type.example,
           std::move(suggestion));
}

std::string print_bool(bool value) {
  return value ? "true" : "false";
}

std::string suggest_bool(std::string_view text) {
  for (const std::string_view yes : {"yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE", "true", "y", "1"}) {
    if (text == yes) return "true";
  }
  for (const std::string_view no : {"no", "No", "NO", "off", "Off", "OFF", "False", "FALSE", "false", "n", "0"}) {
    if (text == no) return "false";
  }
  return {};
}

void read_bool(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<bool>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  if (!node->quoted && (node->text == "true" || node->text == "false")) {
    *static_cast<bool*>(out) = node->text == "true";
    return;
  }
  at.error(
      Code::WrongType,
      "only true and false are booleans; found " + (node->quoted ? "the text " : std::string()) + in_quotes(node->text),
      suggest_bool(node->text));
}

void read_text(const Cursor& at, const Field& field, void* out) {
  const TreeNode* node = scalar(type_of(Tag<std::string>{}), at);
  if (node == nullptr) return;
  *static_cast<std::string*>(out) = node->text;
  if (const std::string problem = field.format->problem(node->text); !problem.empty()) {
    at.error(Code::BadFormat, in_quotes(node->text) + ": " + problem);
  }
}

void read_quantity(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<Quantity>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  auto& quantity = *static_cast<Quantity*>(out);
  if (const auto number = node->quoted ? std::nullopt : parse_number(node->text)) {
    quantity = {*number, QuantityUnit::Number};
  } else if (const auto ratio = parse_ratio(node->text)) {
    quantity = {ratio->fraction, QuantityUnit::Ratio};
  } else if (const auto duration = parse_duration(node->text)) {
    quantity = {number_of(*duration), QuantityUnit::Seconds};
  } else {
    report_malformed(self, at);
  }
}

void read_count_or_ratio(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<CountOrRatio>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  const auto count = node->quoted ? std::nullopt : parse_integer(node->text);
  const auto ratio = parse_ratio(node->text);
  if (count && *count <= 10000) {
    *static_cast<CountOrRatio*>(out) = {static_cast<std::uint32_t>(*count), {}};
  } else if (ratio && ratio->fraction >= 0 && ratio->fraction <= 1) {
    *static_cast<CountOrRatio*>(out) = {0, *ratio};
  } else if (count || ratio) {
    at.error(Code::OutOfBounds, "must be at most 10000 or between 0% and 100%, is " + in_quotes(node->text));
  } else {
    report_malformed(self, at);
  }
}

/// Two digits, a colon, two digits.
std::optional<std::uint16_t> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 100'000; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int minutes = (digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4);
  return minutes <= 1440 && digit(3) <= 5 ? std::optional(static_cast<std::uint16_t>(minutes)) : std::nullopt;
}

void read_time_of_day(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<TimeOfDay>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  if (const auto minutes = parse_time_of_day(node->text)) {
    static_cast<TimeOfDay*>(out)->minutes = *minutes;
  } else {
    const std::string padded = '0' + node->text;
    report_malformed(self, at, parse_time_of_day(padded) ? padded : std::string());
  }
}

void read_workers(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<Workers>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  const auto count = node->quoted ? std::nullopt : parse_integer(node->text);
  if (count && *count >= 1 && *count <= 256) {
    static_cast<Workers*>(out)->count = static_cast<std::uint32_t>(*count);
  } else if (node->text == "auto") {
    static_cast<Workers*>(out)->count = 0;
  } else if (count) {
    at.error(Code::OutOfBounds, "must be between 1 and 256, or auto, is " + in_quotes(node->text));
  } else {
    report_malformed(self, at, nearest(node->text, std::vector<std::string>{"auto"}));
  }
}

void read_memory_limit(const Cursor& at, const Field& /*field*/, void* out) {
  constexpr Bytes least = 32_MiB;  // less than the program itself needs
  const Type& self = type_of(Tag<MemoryLimit>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  auto& limit = *static_cast<MemoryLimit*>(out);
  const auto bytes = node->text == "0" ? std::optional(0_B) : parse_bytes(node->text);
  if (bytes && (bytes->count == 0 || *bytes >= least)) {
    limit.bytes = bytes;
  } else if (node->text == "auto") {
    limit.bytes.reset();
  } else if (bytes) {
    at.error(Code::OutOfBounds,
             "must be at least " + format_bytes(least) + ", auto, or 0, is " + in_quotes(node->text));
  } else if (const auto number = parse_integer(node->text)) {
    at.error(Code::MissingUnit, "the number " + in_quotes(node->text) + " needs a unit: B, KiB, MiB, GiB or TiB",
             Bytes{*number} < least ? node->text + "MiB" : format_bytes({*number}));
  } else {
    report_malformed(self, at, nearest(node->text, std::vector<std::string>{"auto"}));
  }
}

void read_status_range(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<StatusRange>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  const std::string_view text = node->text;
  const std::size_t dash = text.find('-');
  const auto low = parse_integer(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parse_integer(text.substr(dash + 1));
  if (!low || !high) {
    report_malformed(self, at);
  } else if (*low < 200 || *high > 599 || *low > *high) {
    at.error(Code::OutOfBounds, "a range goes upwards within 200-599, is " + in_quotes(text));
  } else {
    *static_cast<StatusRange*>(out) = {static_cast<std::uint32_t>(*low), static_cast<std::uint32_t>(*high)};
  }
}

void read_address(const Cursor& at, const Field& /*field*/, void* out) {
  const Type& self = type_of(Tag<Address>{});
  const TreeNode* node = scalar(self, at);
  if (node == nullptr) return;
  if (auto address = parse_address(node->text)) {
    *static_cast<Address*>(out) = std::move(*address);
    return;
  }
  static_cast<Address*>(out)->host.clear();  // so that nobody takes the default for what was written
  const bool only_port = node->text.starts_with(':');
  report_malformed(self, at,
                   only_port && parse_address("0.0.0.0" + node->text) ? "0.0.0.0" + node->text : std::string());
}

void read_endpoint(const Cursor& at, const Field& /*field*/, void* out) {
  const TreeNode* node = scalar(type_of(Tag<Endpoint>{}), at);
  if (node == nullptr) return;
  auto& endpoint = *static_cast<Endpoint*>(out);
  EndpointText result = parse_endpoint(node->text);
  if (!result.endpoint) {
    const std::string with_scheme = "http://" + node->text;
    const bool bare = node->text.find("://") == std::string::npos && parse_endpoint(with_scheme).endpoint;
    at.error(Code::BadEndpoint, in_quotes(node->text) + ": " + result.problem, bare ? with_scheme : std::string());
  } else {
    endpoint = std::move(*result.endpoint);
  }
  endpoint.position = at.position();
}

void read_nothing(const Cursor& at, const Field& /*field*/, void* /*out*/) {
  if (at.node().kind == TreeNode::Kind::Mapping && at.node().entries.empty()) return;
  at.error(Code::WrongType, "takes no settings; write {}");
}

template <typename T>
Type hand_read(std::string name, std::string example, void (*read)(const Cursor&, const Field&, void*),
               std::string (*print)(const T&)) {
  Type t;
  t.name = std::move(name);
  t.example = std::move(example);
  t.read = read;
  t.print = [print](const void* value) { return print(*static_cast<const T*>(value)); };
  t.equal = equality<T>();
  return t;
}

std::string print_nothing(const Nothing& /*value*/) {
  return {};
}
std::string print_flag(const bool& value) {
  return print_bool(value);
}
std::string print_text(const std::string& value) {
  return value;
}
std::string print_workers(const Workers& value) {
  return value.count == 0 ? "auto" : std::to_string(value.count);
}
std::string print_memory_limit(const MemoryLimit& value) {
  if (!value.bytes) return "auto";
  return value.bytes->count == 0 ? "0" : format_bytes(*value.bytes);
}
std::string print_status_range(const StatusRange& value) {
  const std::string low = std::to_string(value.lowest);
  return value.lowest == value.highest ? low : low + '-' + std::to_string(value.highest);
}
std::string print_address(const Address& value) {
  return value.host.empty() ? "" : to_string(value);
}
std::string print_endpoint(const Endpoint& value) {
  return value.url;
}
std::string print_count(const CountOrRatio& value) {
  return value.ratio ? format_ratio(*value.ratio) : std::to_string(value.count);
}
std::string print_time_of_day(const TimeOfDay& value) {
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return two(value.minutes / 60) + ':' + two(value.minutes % 60);
}
std::string print_quantity(const Quantity& value) {
  switch (value.unit) {
    case QuantityUnit::Ratio:
      return format_ratio({value.value});
    case QuantityUnit::Seconds:
      return format_number(value.value) + "s";
    case QuantityUnit::Number:
      break;
  }
  return format_number(value.value);
}

/// Sets what only the JSON Schema needs.
Type with(Type type, void (*change)(Type&)) {
  return change(type), type;
}

}  // namespace

const Type& type_of(Tag<bool> /*tag*/) {
  static const Type type =
      with(hand_read<bool>("boolean", "", read_bool, print_flag), [](Type& t) { t.boolean = true; });
  return type;
}

const Type& type_of(Tag<std::string> /*tag*/) {
  static const Type type =
      with(hand_read<std::string>("text", "", read_text, print_text), [](Type& t) { t.text = true; });
  return type;
}

const Type& type_of(Tag<Quantity> /*tag*/) {
  static const Type type =
      with(hand_read<Quantity>("limit", "1%, 250ms or 0.9", read_quantity, print_quantity), [](Type& t) {
        t.number = Type::JsonNumber::Number;
        t.pattern = R"(^(-?[0-9]+(\.[0-9]+)?%|([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$)";
      });
  return type;
}

const Type& type_of(Tag<CountOrRatio> /*tag*/) {
  static const Type type =
      with(hand_read<CountOrRatio>("count or share", "1 or 25%", read_count_or_ratio, print_count), [](Type& t) {
        t.number = Type::JsonNumber::Integer;
        t.pattern = type_of(Tag<Ratio>{}).pattern;
      });
  return type;
}

const Type& type_of(Tag<TimeOfDay> /*tag*/) {
  static const Type type = with(hand_read<TimeOfDay>("time of day", "22:00", read_time_of_day, print_time_of_day),
                                [](Type& t) { t.pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"; });
  return type;
}

const Type& type_of(Tag<Workers> /*tag*/) {
  static const Type type =
      with(hand_read<Workers>("worker count", "4 or auto", read_workers, print_workers), [](Type& t) {
        t.number = Type::JsonNumber::Integer;
        t.pattern = "^auto$";
      });
  return type;
}

const Type& type_of(Tag<MemoryLimit> /*tag*/) {
  static const Type type = with(
      hand_read<MemoryLimit>("memory limit", "2GiB, auto or 0", read_memory_limit, print_memory_limit), [](Type& t) {
        t.number = Type::JsonNumber::Integer;
        t.pattern = "^(auto|[0-9]+(B|KiB|MiB|GiB|TiB))$";
      });
  return type;
}

const Type& type_of(Tag<StatusRange> /*tag*/) {
  static const Type type = with(
      hand_read<StatusRange>("status range", "200-299 or 204", read_status_range, print_status_range), [](Type& t) {
        t.number = Type::JsonNumber::Integer;
        t.pattern = "^[2-5][0-9][0-9](-[2-5][0-9][0-9])?$";
      });
  return type;
}

const Type& type_of(Tag<Address> /*tag*/) {
  static const Type type =
      with(hand_read<Address>("socket address", "127.0.0.1:8080 or [::1]:8080", read_address, print_address),
           [](Type& t) { t.pattern = R"(^([0-9.]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$)"; });
  return type;
}

const Type& type_of(Tag<Endpoint> /*tag*/) {
  static const Type type = with(hand_read<Endpoint>("endpoint", "http://127.0.0.1:9001", read_endpoint, print_endpoint),
                                [](Type& t) { t.pattern = R"(^(https?|dns)://[^/?#@]+/?$)"; });
  return type;
}

const Type& type_of(Tag<Nothing> /*tag*/) {
  static const Object empty = [] {
    Object object;
    object.name = "nothing";
    return object;
  }();
  static const Type type = with(hand_read<Nothing>("{}", "", read_nothing, print_nothing), [](Type& t) {
    t.shape = Type::Shape::Object;
    t.object = &empty;
  });
  return type;
}

const Type& type_of(Tag<std::map<std::string, std::string>> /*tag*/) {
  static const Type type = [] {
    Type t;
    t.shape = Type::Shape::Map;
    t.name = "map of text";
    t.element = &type_of(Tag<std::string>{});
    t.read = [](const Cursor& at, const Field& field, void* out) {
      read_map(*field.type, at, field, *static_cast<std::map<std::string, std::string>*>(out));
    };
    t.print = [](const void*) { return std::string(); };
    t.equal = equality<std::map<std::string, std::string>>();
    return t;
  }();
  return type;
}

Type choice_type(std::string name, std::vector<Choice> choices) {
  Type t;
  t.name = std::move(name);
  t.choices = std::move(choices);
  return t;
}

std::optional<std::size_t> read_choice(const Type& type, const Cursor& at) {
  if (at.node().kind != TreeNode::Kind::Scalar) {
    report_wrong_type(type, at);
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (const Choice& choice : type.choices) names.push_back(choice.name);
  const auto found = std::find(names.begin(), names.end(), at.node().text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string message = in_quotes(at.node().text) + " is none of ";
  for (const std::string& name : names) message += (&name == &names.front() ? "" : ", ") + name;
  at.error(Code::UnknownValue, std::move(message), nearest(at.node().text, names));
  return std::nullopt;
}

}  // namespace sluice::policy
