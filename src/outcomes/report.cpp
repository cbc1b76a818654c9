#include "sluice/outcomes/report.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace sluice::outcomes {

namespace {

namespace json = simdjson::ondemand;

constexpr std::string_view kBlank = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A number as JSON writes it. simdjson would give up the whole document for one that no double holds.
bool parse_number(std::string_view token, double& number) {
  const std::string_view digits = token.substr(token.starts_with('-') ? 1 : 0);
  if (digits.empty() || !is_digit(digits.front())) return false;
  if (digits.size() > 1 && digits.front() == '0' && is_digit(digits[1])) return false;
  const auto dot = digits.find('.');
  if (dot != std::string_view::npos && (dot + 1 == digits.size() || !is_digit(digits[dot + 1]))) return false;
  const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), number);
  return problem == std::errc{} && end == token.data() + token.size() && std::isfinite(number);
}

/// Puts down what is wrong with an item; the first one is told.
void complain(ReportItem& item, std::string problem) {
  if (item.problem.empty()) item.problem = std::move(problem);
}

void read_decision(json::value& value, ReportItem& item) {
  std::string_view text;
  if (value.get_string().get(text)) return complain(item, "`decision` is no text");
  if (!item.decision.empty()) return complain(item, "`decision` is there twice");
  if (text.empty() || text.size() > longest_report_text) return complain(item, "`decision` is no token");
  item.decision = text;
}

/// As the gateway reads a unit from a body: a number is the text that it is written in.
void read_unit(json::value& value, json::json_type type, ReportItem& item) {
  std::string_view text;
  if (type == json::json_type::string) {
    if (value.get_string().get(text)) return complain(item, "`unit` is no text");
  } else if (type == json::json_type::number) {
    text = trimmed(value.raw_json_token());
  } else {
    return complain(item, "`unit` is neither text nor a number");
  }
  if (text.empty() || text.size() > longest_report_text) return complain(item, "`unit` has not 1 to 256 bytes");
  item.unit = text;
}

void read_value(std::string_view name, json::value& value, json::json_type type, ReportItem& item) {
  if (name.empty() || name.size() > longest_report_text) return complain(item, "an outcome's name has 1 to 256 bytes");
  if (item.values.size() == most_values_per_item) return complain(item, "it names more than 16 outcomes");
  ReportedValue& read = item.values.emplace_back();
  read.outcome = name;
  read.kind = ReportedValue::Kind::Other;
  if (type == json::json_type::number) {
    if (parse_number(trimmed(value.raw_json_token()), read.number)) read.kind = ReportedValue::Kind::Number;
  } else if (type == json::json_type::boolean) {
    const std::string_view token = trimmed(value.raw_json_token());
    if (token != "true" && token != "false") return;
    read.kind = ReportedValue::Kind::Boolean;
    read.number = token == "true" ? 1 : 0;
  }
}

/// False when the JSON breaks within it, so that nothing behind it can be read.
bool read_members(json::object& object, ReportItem& item) {
  for (auto member : object) {
    json::field field;
    std::string_view name;
    json::value value;
    json::json_type type{};
    if (std::move(member).get(field)) return false;
    if (field.unescaped_key().get(name)) return false;
    value = field.value();
    if (value.type().get(type)) return false;
    if (name == "decision") {
      read_decision(value, item);
    } else if (name == "unit") {
      read_unit(value, type, item);
    } else {
      read_value(name, value, type, item);
    }
  }
  return true;
}

/// Also of a whole document.
template <typename Place>
bool read_item(Place& place, ReportItem& item) {
  json::json_type type{};
  json::object object;
  if (place.type().get(type)) return false;
  if (type != json::json_type::object) {
    complain(item, "it is no object");
    return true;
  }
  if (place.get_object().get(object)) return false;
  if (!read_members(object, item)) return false;
  if (item.decision.empty()) complain(item, "it names no `decision`");
  if (item.values.empty()) complain(item, "it names no outcome");
  return true;
}

Error too_many() {
  return Error::client("a post has at most " + std::to_string(most_report_items) + " items");
}

/// True when nothing but blanks is left.
bool is_over(json::document& document, const char* end) {
  const char* at = nullptr;
  return document.current_location().get(at) != simdjson::SUCCESS || at >= end;
}

class PostReader {
 public:
  explicit PostReader(std::string body) : body_(std::move(body)), size_(body_.size()) {
    body_.resize(size_ + simdjson::SIMDJSON_PADDING, '\0');
  }

  Result<std::vector<ReportItem>> document() {
    json::document document;
    if (open(0, size_, document)) return fail(not_json());
    json::json_type type{};
    if (document.type().get(type)) return fail(not_json());
    if (type == json::json_type::array) return array(document);
    if (type != json::json_type::object) {
      return fail(Error::client("a post is an object, an array of objects, or objects on lines of their own"));
    }
    ReportItem item;
    if (!read_item(document, item) || !is_over(document, body_.data() + size_)) return fail(not_json());
    return std::vector{std::move(item)};
  }

  Result<std::vector<ReportItem>> lines() {
    std::vector<ReportItem> items;
    for (std::size_t begin = 0; begin < size_;) {
      const std::size_t end = std::min(body_.find('\n', begin), size_);
      if (!trimmed(std::string_view(body_).substr(begin, end - begin)).empty()) {
        if (items.size() == most_report_items) return fail(too_many());
        line(begin, end, items);
      }
      begin = end + 1;
    }
    if (items.empty()) return fail(Error::client("the post is empty"));
    return items;
  }

 private:
  static Error not_json() { return Error::client("the post is not JSON"); }

  simdjson::error_code open(std::size_t begin, std::size_t end, json::document& document) {
    return parser_.iterate(simdjson::padded_string_view(body_.data() + begin, end - begin, body_.size() - begin))
        .get(document);
  }

  Result<std::vector<ReportItem>> array(json::document& document) {
    std::vector<ReportItem> items;
    json::array elements;
    if (document.get_array().get(elements)) return fail(not_json());
    bool whole = true;
    for (auto element : elements) {
      if (items.size() == most_report_items) return fail(too_many());
      ReportItem item;
      item.index = items.size();
      json::value value;
      whole = !std::move(element).get(value) && read_item(value, item);
      if (!whole) item.problem = "the JSON breaks here, and nothing behind it is read";
      items.push_back(std::move(item));
      if (!whole) break;
    }
    if (items.empty()) return fail(Error::client("the post is empty"));
    if (whole && !is_over(document, body_.data() + size_)) {
      ReportItem& rest = items.emplace_back();
      rest.index = items.size() - 1;
      rest.problem = "there is something behind the array";
    }
    return items;
  }

  void line(std::size_t begin, std::size_t end, std::vector<ReportItem>& items) {
    ReportItem item;
    item.index = items.size();
    json::document document;
    const bool whole = !open(begin, end, document) && read_item(document, item) &&
                       (!item.problem.empty() || is_over(document, body_.data() + end));
    if (!whole) item.problem = "the line is not JSON";
    items.push_back(std::move(item));
  }

  std::string body_;
  const std::size_t size_;
  json::parser parser_;
};

/// Whether a post without a word about it is one object per line.
bool looks_like_lines(std::string_view body) {
  body = trimmed(body);
  if (!body.starts_with('{')) return false;
  const auto end = body.find('\n');
  return end != std::string_view::npos && trimmed(body.substr(0, end)).ends_with('}');
}

bool names_lines(std::string_view content_type) {
  std::string type(trimmed(content_type.substr(0, content_type.find(';'))));
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl" ||
         type == "application/x-jsonlines";
}

}  // namespace

Result<std::vector<ReportItem>> read_reports(std::string body, std::string_view content_type) {
  if (body.size() > most_report_bytes) return fail(Error::client("a post has at most 4 MiB"));
  if (trimmed(body).empty()) return fail(Error::client("the post is empty"));
  const bool by_lines = names_lines(content_type) || looks_like_lines(body);
  PostReader reader(std::move(body));
  return by_lines ? reader.lines() : reader.document();
}

}  // namespace sluice::outcomes
