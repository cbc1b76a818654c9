#pragma once

#include <cstdint>
#include <vector>

#include "sluice/traffic/field.hpp"
#include "sluice/traffic/request_view.hpp"
#include "sluice/traffic/text_test.hpp"

namespace sluice::traffic {

/// A test of one field of the request; an absent field fails it.
struct Condition {
  Field field;
  TextTest test;

  bool holds(const RequestView& request) const noexcept;
};

/// Conditions that must all hold; none holds always. Immutable and thread-safe.
///
/// Conditions on the body are kept last, so a request that fails a cheaper one never has its body looked at.
class Match {
 public:
  Match() = default;
  explicit Match(std::vector<Condition> conditions);

  bool holds(const RequestView& request) const noexcept;
  bool needs_body() const noexcept { return needs_body_; }
  const std::vector<Condition>& conditions() const noexcept { return conditions_; }

  /// For tables that have done the path themselves: the first condition on the path, and the test of the others.
  const Condition* path_condition() const noexcept;
  enum class Verdict : std::uint8_t { No, Yes, NeedsBody };
  /// NeedsBody: everything else holds and the body is not there yet.
  Verdict judge_beyond_path(const RequestView& request) const noexcept;

 private:
  std::vector<Condition> conditions_;  // the path first, the body last
  bool needs_body_ = false;
};

/// True when one of the matches holds; an empty list never does.
bool any_holds(const std::vector<Match>& matches, const RequestView& request) noexcept;

}  // namespace sluice::traffic
