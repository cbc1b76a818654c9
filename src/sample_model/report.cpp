#include "sample_model/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace sluice::sample_model {
namespace {

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

std::string percent(double fraction) {
  return format("%.1f%%", fraction * 100);
}

std::string milliseconds(std::optional<double> seconds) {
  return seconds ? format("%.1f ms", *seconds * 1e3) : std::string("-");
}

double counted_requests(const GatewayMetrics& metrics) {
  double sum = 0;
  for (const auto& [version, counted] : metrics) sum += version.empty() ? 0 : counted.requests;
  return sum;
}

std::string line(const std::string& version, const Tally& tally, const GatewayMetrics& metrics) {
  const auto asked = tally.versions().find(version);
  const auto accuracy = asked == tally.versions().end() ? std::string("-") : percent(asked->second.accuracy());
  auto answered = asked == tally.versions().end() ? 0.0 : static_cast<double>(asked->second.answered);
  auto share = tally.share(version);
  std::optional<double> mean;
  std::optional<double> p95;
  if (const auto counted = metrics.find(version); counted != metrics.end()) {
    answered = counted->second.requests;
    share = answered / std::max(1.0, counted_requests(metrics));
    mean = counted->second.mean();
    p95 = counted->second.quantile(0.95);
  }
  return format("%-10s %9.0f %8s %10s %10s %10s\n", version.c_str(), answered, percent(share).c_str(), accuracy.c_str(),
                milliseconds(mean).c_str(), milliseconds(p95).c_str());
}

}  // namespace

std::string render_report(const Tally& tally, const GatewayMetrics& metrics) {
  std::string text =
      format("%-10s %9s %8s %10s %10s %10s\n", "VERSION", "ANSWERED", "SHARE", "ACCURACY", "MEAN", "P95");
  std::set<std::string> versions;
  for (const auto& [version, asked] : tally.versions()) versions.insert(version);
  for (const auto& [version, counted] : metrics) {
    if (!version.empty() && counted.requests > 0) versions.insert(version);
  }
  for (const auto& version : versions) text += line(version, tally, metrics);
  text += format("%zu answered, %zu failed; %zu users, %zu of them saw more than one version\n", tally.answered(),
                 tally.failed(), tally.users(), tally.wandering_users());
  for (const auto& [why, count] : tally.failures()) text += format("failed %zu times: %s\n", count, why.c_str());
  return text;
}

std::vector<std::string> unmet(const Expectations& expectations, const Tally& tally) {
  std::vector<std::string> sentences;
  if (tally.failed() > 0) sentences.push_back(format("%zu requests failed", tally.failed()));
  if (tally.answered() == 0) sentences.push_back("nothing was answered");
  for (const auto& [version, wanted] : expectations.share) {
    const auto seen = tally.share(version);
    if (std::abs(seen - wanted.fraction) > expectations.tolerance.fraction) {
      sentences.push_back(version + " answered " + percent(seen) + " of the requests, expected " +
                          percent(wanted.fraction) + " ± " + percent(expectations.tolerance.fraction));
    }
  }
  for (const auto& [version, wanted] : expectations.accuracy) {
    const auto found = tally.versions().find(version);
    const auto seen = found == tally.versions().end() ? 0 : found->second.accuracy();
    if (seen < wanted.fraction) {
      sentences.push_back(version + " was right in " + percent(seen) + ", expected at least " +
                          percent(wanted.fraction));
    }
  }
  return sentences;
}

}  // namespace sluice::sample_model
