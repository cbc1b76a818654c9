#include "sluice/policy/print.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/policy/reader.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {
namespace {

/// One line of what is written, with what stands below it.
struct Line {
  enum class Kind : std::uint8_t { Scalar, Mapping, List };

  Kind kind = Kind::Scalar;
  std::string key;          ///< empty: an item of a list
  std::string value;        ///< of a scalar; of a mapping or list that is written without lines below it
  bool is_default = false;  ///< nobody has to write it
  bool left_out = false;
  int number = 0;  ///< where it was written last, from 1
  std::vector<Line> below;

  bool is_shown() const {
    if (left_out) return false;
    return below.empty() || std::any_of(below.begin(), below.end(), [](const Line& line) { return line.is_shown(); });
  }
};

constexpr const char* kHidden = "(hidden)";
constexpr int kRounds = 5;

bool holds(const std::string& text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](unsigned char a, unsigned char b) { return std::tolower(a) == b; }) != text.end();
}

bool may_be_secret(const std::string& name) {
  constexpr std::array<std::string_view, 7> words{"auth", "cookie", "token", "secret", "passw", "key", "credential"};
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return holds(name, word); });
}

std::string without_query(const std::string& url) {
  const std::size_t query = url.find('?');
  return query == std::string::npos ? url : url.substr(0, query + 1) + kHidden;
}

/// Whether YAML takes it for a text as it stands, and for nothing else.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 9> words{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  const auto is_word = [&](std::string_view word) {
    return word.size() == text.size() && holds(std::string(text), word);
  };
  if (text.empty() || std::any_of(words.begin(), words.end(), is_word)) return false;
  const bool begins_well = std::isalpha(static_cast<unsigned char>(text.front())) != 0 || text.front() == '/';
  return begins_well && text.back() != ':' && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("_-./:").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

std::string in_double_quotes(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string text_value(const std::string& text) {
  return is_plain(text) ? text : in_double_quotes(text);
}

std::string scalar_value(const Type& type, const Field* field, const void* value) {
  const std::string text = type.print(value);
  if (field != nullptr && field->format == &http_url_format) return text_value(without_query(text));
  // What is read as a number or a boolean must not stand in quotes.
  const bool unquoted = type.boolean || type.number != Type::JsonNumber::No;
  const bool number_with_unit = !type.text && !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) != 0 &&
                                text.find(':') == std::string::npos;
  return unquoted || number_with_unit ? text : text_value(text);
}

void add_fields(Line& line, const Object& object, const void* value);

Line map_line(const void* value) {
  Line line;
  line.kind = Line::Kind::Mapping;
  for (const auto& [name, text] : *static_cast<const std::map<std::string, std::string>*>(value)) {
    Line entry;
    entry.key = text_value(name);
    entry.value = text_value(may_be_secret(name) ? kHidden : text);
    line.below.push_back(std::move(entry));
  }
  return line;
}

/// Nothing to be written, when it has neither a value nor lines below it.
Line line_of(const Type& type, const Field* field, const void* value) {
  if (type.held) value = type.held(value);
  if (value == nullptr) return {};
  Line line;
  switch (type.shape) {
    case Type::Shape::Scalar:
      line.value = scalar_value(type, field, value);
      if (line.value == "\"\"") line.value.clear();  // a text that nobody gave
      return line;
    case Type::Shape::Map:
      return map_line(value);
    case Type::Shape::Object:
      line.kind = Line::Kind::Mapping;
      add_fields(line, *type.object, value);
      if (line.below.empty()) line.value = "{}";
      return line;
    case Type::Shape::List:
      break;
  }
  line.kind = Line::Kind::List;
  for (std::size_t i = 0; i < type.count(value); ++i)
    line.below.push_back(line_of(*type.element, field, type.item(value, i)));
  const bool flat = std::all_of(line.below.begin(), line.below.end(),
                                [](const Line& item) { return item.kind == Line::Kind::Scalar; });
  if (!flat || line.below.empty()) return line;
  for (const Line& item : line.below) line.value += (line.value.empty() ? "[" : ", ") + item.value;
  line.value += ']';
  line.below.clear();
  return line;
}

void add_fields(Line& line, const Object& object, const void* value) {
  for (const Field& field : object.fields) {
    if (!field.acts || (field.is_chosen && !field.is_chosen(value))) continue;
    const bool is_usual = field.has_default && field.has_default(value);
    if (is_usual && !field.one_of.empty() && !field.is_chosen) continue;  // another of its group was written
    const void* const member = field.peek(value);
    if (member == nullptr) continue;
    Line made = line_of(*field.type, &field, member);
    if (made.value.empty() && made.below.empty()) continue;
    made.key = field.name;
    made.is_default = is_usual && !field.required && field.one_of.empty();
    line.below.push_back(std::move(made));
  }
}

/// What is below a default is one, too: it may go by itself.
void pass_on_defaults(Line& line) {
  for (Line& inner : line.below) {
    inner.is_default = inner.is_default || line.is_default;
    pass_on_defaults(inner);
  }
}

/// Numbers the lines as it writes them.
class Writer {
 public:
  std::string write(Line& document) {
    lines(document.below, 0, false);
    return std::move(text_);
  }

 private:
  /// `in_item`: the first of them stands behind the dash of a list.
  void lines(std::vector<Line>& all, std::size_t depth, bool in_item) {
    for (Line& line : all) {
      if (!line.is_shown()) continue;
      text_ += in_item ? std::string() : std::string(depth, ' ');
      in_item = false;
      one(line, depth);
    }
  }

  void one(Line& line, std::size_t depth) {
    line.number = number_;
    if (line.key.empty()) {
      text_ += "- ";
      if (line.below.empty()) return end(line);
      return lines(line.below, depth + 2, true);
    }
    text_ += line.key + ':';
    if (line.below.empty()) {
      text_ += ' ';
      return end(line);
    }
    text_ += '\n';
    ++number_;
    lines(line.below, depth + 2, false);
  }

  void end(const Line& line) {
    text_ += line.value + (line.is_default ? "  # default\n" : "\n");
    ++number_;
  }

  std::string text_;
  int number_ = 1;
};

/// Takes out the default that stands on this line; false when there is none.
bool leave_out(Line& line, int number) {
  if (line.number == number && line.is_default && !line.left_out) return line.left_out = true;
  return std::any_of(line.below.begin(), line.below.end(), [&](Line& inner) { return leave_out(inner, number); });
}

/// As it can be read again.
std::string written(Line document) {
  pass_on_defaults(document);
  std::string text;
  for (int round = 0; round < kRounds; ++round) {
    text = Writer().write(document);
    const std::array<Source, 1> source{Source{"policy", text}};
    bool again = false;
    for (const Problem& problem : read(source).problems) again = leave_out(document, problem.position.line) || again;
    if (!again) break;
  }
  return text;
}

template <typename Document>
std::string written_document(const Document& document) {
  return written(line_of(type_of(Tag<Document>{}), nullptr, &document));
}

}  // namespace

bool PolicyPrinter::step() {
  if (next_ > set_.routes.size()) return false;
  if (next_ == 0) {
    GatewayDocument document;
    document.metadata.name = set_.gateway.name;
    document.spec = set_.gateway;
    text_ += written_document(document);
  } else {
    ModelRouteDocument document;
    document.metadata.name = set_.routes[next_ - 1].name;
    document.spec = set_.routes[next_ - 1];
    text_ += "---\n" + written_document(document);
  }
  return ++next_ <= set_.routes.size();
}

std::string policy_as_yaml(const PolicySet& set) {
  PolicyPrinter printer(set);
  while (printer.step()) {
  }
  return printer.text();
}

}  // namespace sluice::policy
