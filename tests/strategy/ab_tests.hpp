#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "sluice/strategy/ab_test.hpp"

namespace sluice::strategy {

inline policy::AbTest test_of(const std::vector<std::pair<std::string, std::uint32_t>>& variants) {
  policy::AbTest test;
  for (const auto& [version, weight] : variants) test.variants.push_back({version, weight, {}});
  return test;
}

inline policy::AbTest deciding(const std::vector<std::pair<std::string, std::uint32_t>>& variants = {{"v1", 1},
                                                                                                     {"v2", 1}}) {
  auto test = test_of(variants);
  test.primary_metric = "error-rate";
  return test;
}

using AbRig = Rig<policy::AbTest>;

inline AbRig rig(policy::AbTest test) {
  return {std::move(test), {"v1", "v2", "v3"}};
}

inline void serve_both(AbRig& rig, std::uint64_t failures_of_v1, std::uint64_t failures_of_v2,
                       std::uint64_t requests = 2000) {
  rig.serve("v1", requests, failures_of_v1);
  rig.serve("v2", requests, failures_of_v2);
}

}  // namespace sluice::strategy
