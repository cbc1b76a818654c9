#include "sample_model/gateway_metrics.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace sluice::sample_model {
namespace {

using Labels = std::map<std::string, std::string, std::less<>>;

struct Sample {
  std::string_view name;
  Labels labels;
  double value = 0;
};

/// Takes a quoted label value off the front and undoes its escapes; false when the quote never ends.
bool take_quoted(std::string_view& text, std::string& out) {
  if (!text.starts_with('"')) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out.push_back(text[i] == 'n' ? '\n' : text[i]);
    } else {
      out.push_back(text[i]);
    }
  }
  return false;
}

/// Takes `{name="value",…}` off the front.
bool take_labels(std::string_view& text, Labels& labels) {
  text.remove_prefix(1);
  while (!text.starts_with('}')) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    auto& value = labels[std::string(text.substr(0, equals))];
    text.remove_prefix(equals + 1);
    if (!take_quoted(text, value)) return false;
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  text.remove_prefix(1);
  return true;
}

std::optional<double> parse_value(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::optional<Sample> parse_line(std::string_view line) {
  if (!line.starts_with("sluice_request")) return std::nullopt;
  Sample sample;
  sample.name = line.substr(0, line.find_first_of("{ "));
  line.remove_prefix(sample.name.size());
  if (line.starts_with('{') && !take_labels(line, sample.labels)) return std::nullopt;
  if (!line.starts_with(' ')) return std::nullopt;
  line.remove_prefix(1);
  const auto value = parse_value(line.substr(0, line.find_first_of(" \r")));
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

std::string_view label(const Sample& sample, std::string_view name) {
  const auto found = sample.labels.find(name);
  return found == sample.labels.end() ? std::string_view() : std::string_view(found->second);
}

void add(GatewayMetrics& metrics, const Sample& sample) {
  auto& version = metrics[std::string(label(sample, "version"))];
  if (sample.name == "sluice_requests_total") {
    version.requests += sample.value;
  } else if (sample.name == "sluice_request_duration_seconds_sum") {
    version.seconds += sample.value;
  } else if (sample.name == "sluice_request_duration_seconds_count") {
    version.timed += sample.value;
  } else if (sample.name == "sluice_request_duration_seconds_bucket") {
    if (const auto bound = parse_value(label(sample, "le"))) version.buckets[*bound] += sample.value;
  }
}

}  // namespace

GatewayMetrics parse_gateway_metrics(std::string_view text, std::string_view route) {
  GatewayMetrics metrics;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto sample = parse_line(line);
    if (sample && (route.empty() || label(*sample, "route") == route)) add(metrics, *sample);
  }
  return metrics;
}

GatewayMetrics difference(const GatewayMetrics& after, const GatewayMetrics& before) {
  auto result = after;
  for (const auto& [version, then] : before) {
    auto& now = result[version];
    now.requests -= then.requests;
    now.seconds -= then.seconds;
    now.timed -= then.timed;
    for (const auto& [bound, count] : then.buckets) now.buckets[bound] -= count;
  }
  return result;
}

std::optional<double> VersionMetrics::quantile(double q) const {
  if (buckets.empty() || timed <= 0) return std::nullopt;
  const double rank = q * timed;
  double lower = 0;
  double below = 0;
  for (const auto& [bound, count] : buckets) {
    if (count >= rank) {
      // Nothing is known about the shape past the last finite bound.
      if (bound == std::numeric_limits<double>::infinity() || count == below) return lower;
      return lower + (bound - lower) * (rank - below) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return lower;
}

std::optional<double> VersionMetrics::mean() const {
  if (timed <= 0) return std::nullopt;
  return seconds / timed;
}

}  // namespace sluice::sample_model
