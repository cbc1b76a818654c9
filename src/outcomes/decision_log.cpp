#include "sluice/outcomes/decision_log.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "sluice/base/log_format.hpp"

namespace sluice::outcomes {
namespace {

namespace dom = simdjson::dom;

/// "2026-11-22T09:51:03.250Z".
void append_time(WallTime time, std::string& out) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(ms);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(ms - day);
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "\"%04d-%02u-%02uT%02d:%02d:%02d.%03dZ\"", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  out.append(text.data(), static_cast<std::size_t>(size));
}

std::optional<WallTime> read_time(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, thousandth = 0;
  char end = 0;
  const int fields = std::sscanf(std::string(text).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c", &year, &month, &day, &hour,
                                 &minute, &second, &thousandth, &end);
  if (fields != 8 || end != 'Z') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::milliseconds(thousandth);
}

void append_id(std::uint64_t id, std::string& out) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "\"%016llx\"", static_cast<unsigned long long>(id));
  out.append(text.data());
}

std::optional<std::uint64_t> read_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

/// As few digits as read back to the same number.
void append_number(double value, std::string& out) {
  std::array<char, 40> text{};
  const auto made = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), made.ptr);
}

void append_text(std::string_view text, std::string& out) {
  log::append_json_string(out, text);
}

std::optional<std::string> text_at(const dom::element& object, std::string_view key) {
  std::string_view text;
  if (object[key].get_string().get(text)) return std::nullopt;
  return std::string(text);
}

std::optional<double> number_at(const dom::element& object, std::string_view key) {
  double number = 0;
  if (object[key].get_double().get(number)) return std::nullopt;
  return number;
}

std::vector<Feature> read_context(const dom::element& object) {
  std::vector<Feature> context;
  dom::object members;
  if (object["context"].get_object().get(members)) return context;
  for (const auto& [key, value] : members) {
    double number = 0;
    std::string_view text;
    if (!value.get_double().get(number)) {
      context.push_back({std::string(key), number});
    } else if (!value.get_string().get(text)) {
      context.push_back({std::string(key), std::string(text)});
    }
  }
  return context;
}

Result<LogEntry> no_entry(const std::string& why) {
  return fail(Error::client("no entry of a decision log: " + why));
}

}  // namespace

void append_line(const LoggedDecision& entry, std::string& out) {
  out += R"({"time":)";
  append_time(entry.time, out);
  out += R"(,"route":)";
  append_text(entry.route, out);
  out += R"(,"decision":)";
  append_id(entry.decision, out);
  out += R"(,"version":)";
  append_text(entry.version, out);
  out += R"(,"propensity":)";
  append_number(entry.propensity, out);
  if (entry.unit != 0) {
    out += R"(,"unit":)";
    append_id(entry.unit, out);
  }
  out += R"(,"status":)";
  append_number(entry.status, out);
  out += R"(,"latency":)";
  append_number(entry.latency, out);
  if (!entry.context.empty()) {
    char before = '{';
    out += R"(,"context":)";
    for (const auto& feature : entry.context) {
      out += before;
      before = ',';
      append_text(feature.name, out);
      out += ':';
      if (const auto* text = std::get_if<std::string>(&feature.value)) {
        append_text(*text, out);
      } else {
        append_number(std::get<double>(feature.value), out);
      }
    }
    out += '}';
  }
  out += "}\n";
}

void append_line(const LoggedOutcome& entry, std::string& out) {
  out += R"({"time":)";
  append_time(entry.time, out);
  out += R"(,"route":)";
  append_text(entry.route, out);
  out += R"(,"decision":)";
  append_id(entry.decision, out);
  out += R"(,"outcome":)";
  append_text(entry.outcome, out);
  out += R"(,"value":)";
  append_number(entry.value, out);
  out += "}\n";
}

struct LogLineReader::Parser {
  dom::parser json;
};

LogLineReader::LogLineReader() : parser_(std::make_unique<Parser>()) {}
LogLineReader::~LogLineReader() = default;

Result<LogEntry> LogLineReader::read(std::string_view line) {
  dom::element object;
  if (parser_->json.parse(line.data(), line.size()).get(object) || !object.is_object())
    return no_entry("not an object");
  const auto time = read_time(text_at(object, "time").value_or(""));
  if (!time) return no_entry("no time such as 2026-11-22T09:51:03.250Z");
  const auto route = text_at(object, "route");
  if (!route) return no_entry("no route");
  const auto decision = read_id(text_at(object, "decision").value_or("-"));
  if (!decision) return no_entry("no decision in hexadecimal");
  if (const auto outcome = text_at(object, "outcome")) {
    const auto value = number_at(object, "value");
    if (!value) return no_entry("an outcome without a value");
    return LogEntry(LoggedOutcome{*time, *route, *decision, *outcome, *value});
  }
  LoggedDecision made;
  made.time = *time;
  made.route = *route;
  made.decision = *decision;
  const auto version = text_at(object, "version");
  if (!version) return no_entry("neither a version nor an outcome");
  made.version = *version;
  const auto propensity = number_at(object, "propensity");
  if (!propensity || !(*propensity > 0) || *propensity > 1) return no_entry("no propensity above 0 and up to 1");
  made.propensity = *propensity;
  if (const auto unit = text_at(object, "unit")) made.unit = read_id(*unit).value_or(0);
  made.status = static_cast<int>(number_at(object, "status").value_or(0));
  made.latency = number_at(object, "latency").value_or(0);
  made.context = read_context(object);
  return LogEntry(std::move(made));
}

}  // namespace sluice::outcomes
