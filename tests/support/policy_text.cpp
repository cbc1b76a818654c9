#include "support/policy_text.hpp"

#include <sstream>

namespace sluice::test {
namespace {

/// Whether `spec` has a line that begins with `key:`.
bool writes(std::string_view spec, std::string_view key) {
  const std::string wanted = "\n" + std::string(key) + ":";
  return ("\n" + std::string(spec)).find(wanted) != std::string::npos;
}

void add_default(std::string& text, std::string_view spec, std::string_view key, std::string_view value) {
  if (!writes(spec, key)) text.append("  ").append(key).append(": ").append(value).append("\n");
}

void add_lines(std::string& text, std::string_view spec) {
  std::istringstream lines{std::string(spec)};
  for (std::string line; std::getline(lines, line);) text.append("  ").append(line).append("\n");
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text.append(text.empty() ? "" : ", ").append(part);
  return text;
}

}  // namespace

std::string gateway_yaml(std::string_view spec) {
  std::string text = "apiVersion: sluice.dev/v1\nkind: Gateway\nmetadata: {name: test}\nspec:\n";
  add_default(text, spec, "listeners", "[{address: 127.0.0.1:0}]");
  add_default(text, spec, "metrics", "{address: 127.0.0.1:0}");
  add_default(text, spec, "admin", "{address: 127.0.0.1:0}");
  add_default(text, spec, "workers", "2");
  add_default(text, spec, "drain", "{delay: 0s, timeout: 2s}");
  add_lines(text, spec);
  return text + "---\n";
}

std::string version_yaml(std::string_view name, const FakeUpstream& upstream, std::string_view more) {
  return version_yaml(name, upstream.url(), more);
}

std::string version_yaml(std::string_view name, const std::string& url, std::string_view more) {
  return version_yaml(name, std::vector<std::string>{url}, more);
}

std::string version_yaml(std::string_view name, const std::vector<std::string>& urls, std::string_view more) {
  std::string text = "{name: " + std::string(name) + ", endpoints: [";
  std::vector<std::string> quoted;
  for (const auto& url : urls) quoted.push_back("\"" + url + "\"");
  text += joined(quoted) + "]";
  if (!more.empty()) text.append(", ").append(more);
  return text + "}";
}

std::string route_yaml(std::string_view name, const std::vector<std::string>& versions, std::string_view spec) {
  std::string text =
      "apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: " + std::string(name) + "}\nspec:\n";
  text += "  versions:\n";
  for (const auto& version : versions) text += "    - " + version + "\n";
  add_default(text, spec, "pool", "{prewarm: 0}");
  add_lines(text, spec);
  return text + "---\n";
}

std::string policy_for(const FakeUpstream& upstream, std::string_view route_spec, std::string_view gateway_spec) {
  return gateway_yaml(gateway_spec) + route_yaml("model", {version_yaml("v1", upstream)}, route_spec);
}

std::string split_policy(const FakeUpstream& first, const FakeUpstream& second, int first_weight, int second_weight,
                         std::string_view route_spec, std::string_view gateway_spec) {
  const std::string strategy = "strategy: {abTest: {variants: [{version: v1, weight: " + std::to_string(first_weight) +
                               "}, {version: v2, weight: " + std::to_string(second_weight) + "}]}}\n";
  return gateway_yaml(gateway_spec) + route_yaml("model", {version_yaml("v1", first), version_yaml("v2", second)},
                                                 strategy + std::string(route_spec));
}

std::string shadow_policy(const FakeUpstream& live, const FakeUpstream& shadow, std::string_view budget,
                          std::string_view route_spec, std::string_view gateway_spec) {
  std::string strategy = "strategy:\n  shadow:\n    live: v1\n    candidates: [{version: v2}]\n";
  if (!budget.empty()) strategy.append("    budget: {").append(budget).append("}\n");
  return gateway_yaml(gateway_spec) + route_yaml("model", {version_yaml("v1", live), version_yaml("v2", shadow)},
                                                 strategy + std::string(route_spec));
}

}  // namespace sluice::test
