#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sluice/policy/cursor.hpp"
#include "sluice/policy/strategy.hpp"

namespace sluice::policy {

/// A name in a strategy that stands for something declared elsewhere in the route.
struct Reference {
  std::string name;  ///< never empty
  Cursor at;
};

struct CheckReference {
  const Check* check;
  Cursor at;
  bool of_copies = false;       ///< what it judges are mirrored requests
  bool after_the_flip = false;  ///< of blueGreen: no other version has requests then
};

/// Everything in a strategy, and in its stages, that a route must be able to resolve.
struct References {
  std::vector<Reference> versions;
  std::vector<Reference> outcomes;
  std::vector<Reference> metrics;
  std::vector<CheckReference> checks;
  std::vector<const Rolling*> rollings;
  std::vector<std::pair<const Bandit*, Cursor>> certified;  ///< whose end asks for a certificate
};

References collect_references(const Strategy& strategy, const Cursor& at);

}  // namespace sluice::policy
