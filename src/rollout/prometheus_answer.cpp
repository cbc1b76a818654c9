#include "sluice/rollout/prometheus_answer.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace sluice::rollout {

namespace {

using nlohmann::json;
using State = strategy::QueryAnswer::State;
using strategy::QueryAnswer;

constexpr std::size_t kShownBytes = 200;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

QueryAnswer failed(std::string detail) {
  QueryAnswer out;
  out.state = State::Failed;
  out.detail = std::move(detail);
  return out;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Prometheus writes numbers as text, so that "NaN", "+Inf" and "-Inf" have a place.
QueryAnswer value_of(const json& sample) {
  if (!sample.is_array() || sample.size() != 2 || !sample[1].is_string())
    return failed("a sample is not [time, value]");
  const auto& text = sample[1].get_ref<const std::string&>();
  const char* begin = text.data();
  const char* const end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  const bool is_read = begin != end && stop == end;
  if (!is_read || (error != std::errc{} && error != std::errc::result_out_of_range)) {
    return failed("the value \"" + text.substr(0, kShownBytes) + "\" is not a number");
  }
  QueryAnswer out;
  out.state = std::isfinite(value) && error == std::errc{} ? State::Value : State::NotANumber;
  if (out.state == State::Value) {
    out.value = value;
  } else {
    out.detail = "the value is " + text;
  }
  return out;
}

QueryAnswer read_data(const json& data) {
  const std::string type = text_of(data, "resultType");
  const auto result = data.find("result");
  if (result == data.end() || !result->is_array()) return failed("the answer has no result");
  if (type == "scalar") return value_of(*result);
  if (type != "vector")
    return failed("the query gives a " + (type.empty() ? "nameless type" : type) + ", not a number");
  QueryAnswer out;
  if (result->empty()) {
    out.state = State::Empty;
    out.detail = "the query found no series";
    return out;
  }
  if (result->size() > 1) {
    out.state = State::Many;
    out.detail = "the query found " + std::to_string(result->size()) + " series, and one is wanted";
    return out;
  }
  const json& series = result->front();
  if (!series.is_object() || !series.contains("value")) return failed("the series has no value");
  return value_of(series["value"]);
}

QueryAnswer read(unsigned status, std::string_view body) {
  const json answer = json::parse(body, nullptr, false);
  const std::string said = "status " + std::to_string(status);
  if (!answer.is_object()) return failed(status == 200 ? "the answer is not JSON" : said + " and no JSON");
  if (status != 200 || text_of(answer, "status") != "success") {
    const std::string error = text_of(answer, "error").substr(0, kShownBytes);
    if (error.empty()) return failed(said + " and no reason");
    return failed(text_of(answer, "errorType") + ": " + error);
  }
  const auto data = answer.find("data");
  if (data == answer.end() || !data->is_object()) return failed("the answer has no data");
  return read_data(*data);
}

}  // namespace

std::string prometheus_url(std::string_view address, std::string_view promql) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  while (address.ends_with('/')) address.remove_suffix(1);
  std::string url(address);
  url += "/api/v1/query?query=";
  for (const char c : promql) {
    if (is_plain(c)) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url += '%';
    url += kDigits[byte >> 4];
    url += kDigits[byte & 15];
  }
  return url;
}

strategy::QueryAnswer read_prometheus(unsigned status, std::string_view body, WallTime at) {
  QueryAnswer out = read(status, body);
  out.at = at;
  return out;
}

}  // namespace sluice::rollout
