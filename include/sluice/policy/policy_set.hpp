#pragma once

#include <string>
#include <vector>

#include "sluice/policy/gateway.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/policy/problem.hpp"

namespace sluice::policy {

/// Everything that one directory or list of files says, in typed form.
struct PolicySet {
  Gateway gateway;
  std::vector<ModelRoute> routes;  ///< in the order of the files and documents
  std::string content_hash;        ///< 16 hexadecimal digits over names and bytes of all files
  std::vector<Problem> inactive;   ///< what is written but does not act yet; see inactive_features()
};

/// What the policy asks for and this version of Sluice does not do yet: one error each, sorted. `serve` refuses to
/// start when there is any, so nothing is ever silently ignored.
std::vector<Problem> inactive_features(const PolicySet& set);

}  // namespace sluice::policy
