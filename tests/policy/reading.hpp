#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sluice/policy/reader.hpp"

/// Policies as texts, for tests.
namespace sluice::policy {

inline const std::string head = "apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: fraud}\nspec:\n";
inline const std::string two_versions =
    "  versions:\n    - {name: v1, endpoints: [http://127.0.0.1:1]}\n    - {name: v2, endpoints: "
    "[http://127.0.0.1:2]}\n";

inline Reading read_text(std::string text) {
  const std::vector<Source> sources{{"policy.yaml", std::move(text)}};
  return read(sources);
}

inline std::string all_problems(const Reading& reading) {
  std::string out;
  for (const Problem& problem : reading.problems) out += describe(problem);
  return out;
}

/// The set of a policy that must be valid.
inline PolicySet valid(std::string text) {
  Reading reading = read_text(std::move(text));
  EXPECT_TRUE(reading.ok()) << all_problems(reading);
  return std::move(reading.set);
}

inline std::vector<std::string> inactive_paths(const PolicySet& set) {
  std::vector<std::string> paths;
  for (const Problem& problem : inactive_features(set)) paths.push_back(problem.path);
  return paths;
}

using Paths = std::vector<std::string>;

}  // namespace sluice::policy
