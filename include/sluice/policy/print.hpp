#pragma once

#include <cstddef>
#include <string>

#include "sluice/policy/policy_set.hpp"

namespace sluice::policy {

/// Writes a policy that was read as YAML with all defaults filled in, one document after another, since of many routes
/// it takes a while. What is written can be read again and says the same; a default is marked `# default`, and one that
/// may not be written beside the rest, or would do nothing, is left out.
///
/// Names of files that hold secrets are shown. Queries of URLs and values of header fields and parameters that by their
/// names may be secrets are not: `(hidden)` stands in their place.
class PolicyPrinter {
 public:
  /// `set` outlives it and has no errors.
  explicit PolicyPrinter(const PolicySet& set) : set_(set) {}

  /// Writes one more document, a few milliseconds; false when none is left.
  bool step();
  /// What is written by now.
  const std::string& text() const noexcept { return text_; }

 private:
  const PolicySet& set_;
  std::size_t next_ = 0;  ///< 0: the gateway
  std::string text_;
};

/// All of it at once.
std::string policy_as_yaml(const PolicySet& set);

}  // namespace sluice::policy
