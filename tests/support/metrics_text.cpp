#include "support/metrics_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace sluice::test {
namespace {

bool carries(const MetricsText::Sample& sample, std::string_view name, const Labels& labels) {
  return sample.name == name && std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
           const auto found = sample.labels.find(wanted.first);
           return found != sample.labels.end() && found->second == wanted.second;
         });
}

Labels read_labels(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    const auto equals = text.find("=\"");
    if (equals == std::string_view::npos) break;
    const auto name = text.substr(0, equals);
    std::string value;
    std::size_t i = equals + 2;
    for (; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      value += text[i];
    }
    labels.emplace(name, value);
    text.remove_prefix(std::min(i + 1, text.size()));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return labels;
}

}  // namespace

MetricsText::MetricsText(std::string text) : text_(std::move(text)) {
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.rfind(' ');
    if (space == std::string::npos) continue;
    const auto series = line.substr(0, space);
    const auto brace = series.find('{');
    Sample sample{series.substr(0, brace), {}, std::strtod(line.c_str() + space, nullptr)};
    if (brace != std::string::npos) sample.labels = read_labels(series.substr(brace + 1, series.size() - brace - 2));
    samples_.push_back(std::move(sample));
  }
}

double MetricsText::value(std::string_view name, const Labels& labels) const {
  double sum = 0;
  for (const auto& sample : samples_) {
    if (carries(sample, name, labels)) sum += sample.value;
  }
  return sum;
}

bool MetricsText::has(std::string_view name, const Labels& labels) const {
  return std::any_of(samples_.begin(), samples_.end(),
                     [&](const Sample& sample) { return carries(sample, name, labels); });
}

}  // namespace sluice::test
