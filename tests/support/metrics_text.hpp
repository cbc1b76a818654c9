#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

using Labels = std::map<std::string, std::string>;

/// The Prometheus text format, read back.
class MetricsText {
 public:
  struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
  };

  explicit MetricsText(std::string text);

  /// The sum of the samples of this name that carry at least these labels; 0 when there is none.
  double value(std::string_view name, const Labels& labels = {}) const;
  bool has(std::string_view name, const Labels& labels = {}) const;
  const std::string& text() const noexcept { return text_; }
  const std::vector<Sample>& samples() const noexcept { return samples_; }

 private:
  std::string text_;
  std::vector<Sample> samples_;
};

}  // namespace sluice::test
