#include "sluice/rollout/state_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "state_fields.hpp"

namespace sluice::rollout {
namespace {

using Json = nlohmann::json;

/// Appends to one text: a bandit's record is written every second, and a tree of values would cost more than the rest
/// of the tick.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <typename T>
  void operator()(std::string_view name, const T& field) {
    if (is_left_out(field)) return;
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_ += name;
    out_ += "\":";
    write(field);
  }

 private:
  template <typename T>
  static bool is_left_out(const T& field) {
    if constexpr (requires { field.empty(); }) return field.empty();
    if constexpr (requires { field.has_value(); }) return !field.has_value();
    if constexpr (std::is_same_v<T, bool>) return !field;
    return false;
  }

  void write(const std::string& text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\') {
        // Rare, and a sentence that somebody else's server sent may be no UTF-8 at all.
        out_ += Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
        return;
      }
    }
    out_ += '"';
    out_ += text;
    out_ += '"';
  }

  void write(bool flag) { out_ += flag ? "true" : "false"; }

  void write(double number) {
    if (std::isfinite(number)) {
      write_digits(number);
    } else {
      out_ += "null";
    }
  }

  template <std::integral T>
  void write(T number) {
    write_digits(number);
  }

  void write(WallTime time) { write_digits(std::chrono::nanoseconds(time.time_since_epoch()).count()); }

  template <typename T>
  requires std::is_enum_v<T>
  void write(T value) {
    out_ += '"';
    out_ += to_string(value);
    out_ += '"';
  }

  template <typename T>
  void write(const std::optional<T>& value) {
    write(*value);
  }

  template <typename T>
  void write(const std::vector<T>& list) {
    char before = '[';
    for (const T& item : list) {
      out_ += before;
      before = ',';
      write(item);
    }
    out_ += ']';
  }

  template <std::size_t N>
  void write(const std::array<double, N>& list) {
    char before = '[';
    for (const double item : list) {
      out_ += before;
      before = ',';
      write(item);
    }
    out_ += ']';
  }

  template <typename T>
  void write(const strategy::Kept<T>& kept) {
    write(*kept);
  }

  /// What has fields of its own.
  template <typename T>
  requires std::is_class_v<T>
  void write(const T& object) {
    out_ += '{';
    Writer inner(out_);
    visit_fields(inner, object);
    out_ += '}';
  }

  template <typename T>
  void write_digits(T number) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out_.append(digits.data(), end);
  }

  std::string& out_;
  bool first_ = true;
};

std::optional<strategy::Phase> parse(std::string_view text, const strategy::Phase& /*type*/) {
  return strategy::parse_phase(text);
}
std::optional<strategy::Verdict> parse(std::string_view text, const strategy::Verdict& /*type*/) {
  return strategy::parse_verdict(text);
}
std::optional<strategy::SlotPhase> parse(std::string_view text, const strategy::SlotPhase& /*type*/) {
  return strategy::parse_slot_phase(text);
}

/// Remembers the first field that does not fit.
class Reader {
 public:
  Reader(const Json& object, std::string& problem) : object_(object), problem_(problem) {}

  template <typename T>
  void operator()(const char* name, T& field) {
    const auto found = object_.find(name);
    if (found == object_.end()) return;
    if (!read(*found, field) && problem_.empty()) problem_ = std::string("the field ") + name + " does not fit";
  }

 private:
  static bool read(const Json& json, std::string& field) {
    if (!json.is_string()) return false;
    field = json.get_ref<const std::string&>();
    return true;
  }

  static bool read(const Json& json, bool& field) {
    if (!json.is_boolean()) return false;
    field = json.get<bool>();
    return true;
  }

  static bool read(const Json& json, double& field) {
    if (json.is_null()) return true;  // was not finite: the default will do
    if (!json.is_number()) return false;
    field = json.get<double>();
    return true;
  }

  template <std::unsigned_integral T>
  static bool read(const Json& json, T& field) {
    if (!json.is_number_unsigned()) return false;
    const auto number = json.get<std::uint64_t>();
    field = static_cast<T>(number);
    return field == number;
  }

  template <std::signed_integral T>
  static bool read(const Json& json, T& field) {
    if (!json.is_number_integer()) return false;
    const auto number = json.get<std::int64_t>();
    field = static_cast<T>(number);
    return field == number;
  }

  static bool read(const Json& json, WallTime& field) {
    std::int64_t number = 0;
    if (!read(json, number)) return false;
    field = WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(number)));
    return true;
  }

  template <typename T>
  requires std::is_enum_v<T>
  static bool read(const Json& json, T& field) {
    if (!json.is_string()) return false;
    const auto value = parse(json.get_ref<const std::string&>(), field);
    if (value) field = *value;
    return value.has_value();
  }

  template <typename T>
  bool read(const Json& json, std::optional<T>& field) {
    if (json.is_null()) return true;
    field.emplace();
    return read(json, *field);
  }

  template <typename T>
  bool read(const Json& json, std::vector<T>& field) {
    if (!json.is_array()) return false;
    field.clear();
    for (const Json& item : json) {
      if (!read(item, field.emplace_back())) return false;
    }
    return true;
  }

  template <std::size_t N>
  static bool read(const Json& json, std::array<double, N>& list) {
    if (!json.is_array() || json.size() != N) return false;
    for (std::size_t i = 0; i < N; ++i) {
      if (!read(json[i], list[i])) return false;
    }
    return true;
  }

  template <typename T>
  bool read(const Json& json, strategy::Kept<T>& kept) {
    return read(json, kept.change());
  }

  template <typename T>
  requires std::is_class_v<T>
  bool read(const Json& json, T& object) {
    if (!json.is_object()) return false;
    Reader inner(json, problem_);
    visit_fields(inner, object);
    return true;
  }

  const Json& object_;
  std::string& problem_;
};

/// Whether the matrix is the triangle that belongs to the products.
bool has_whole_contexts(const strategy::ArmState& arm) {
  const auto& moments = arm.contexts->all;
  const std::size_t weights = moments.products.size();
  return weights > 0 && weights <= stats::most_features + 1 && moments.matrix.size() == weights * (weights + 1) / 2;
}

}  // namespace

std::string to_json(const strategy::RolloutState& state) {
  std::string out;
  out.reserve(1024 + 256 * (state.checks.size() + state.arms.size() + state.slots.size()));
  out += '{';
  Writer writer(out);
  writer("format", kStateFormat);
  visit_state(writer, state);
  out += '}';
  return out;
}

Result<strategy::RolloutState> parse_state(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(Error::internal("it is no JSON object"));
  std::string problem;
  std::uint64_t format = 0;
  Reader reader(json, problem);
  reader("format", format);
  if (problem.empty() && format == 0) problem = "it does not say its format";
  if (problem.empty() && format > kStateFormat) {
    problem =
        "its format " + std::to_string(format) + " is newer than " + std::to_string(kStateFormat) + ", which is known";
  }
  if (!problem.empty()) return fail(Error::internal(problem));
  strategy::RolloutState state;
  visit_state(reader, state);
  if (problem.empty() && state.route.empty()) problem = "it does not say its route";
  if (problem.empty() && !std::all_of(state.arms.begin(), state.arms.end(), has_whole_contexts)) {
    problem = "the field contexts does not fit";
  }
  if (!problem.empty()) return fail(Error::internal(problem));
  return state;
}

}  // namespace sluice::rollout
