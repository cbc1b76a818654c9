#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/traffic/field.hpp"
#include "sluice/traffic/request_view.hpp"

namespace re2 {
class RE2;
}

namespace sluice::traffic {

/// One test of one text. Immutable and thread-safe; copies share the compiled expression.
///
/// A regular expression must match the whole text and runs in time linear in its length (RE2).
class TextTest {
 public:
  enum class Kind : std::uint8_t { Exact, Prefix, Segments, RegularExpression, Range };

  static TextTest exact(std::string text) { return TextTest(Kind::Exact, std::move(text)); }
  static TextTest prefix(std::string text) { return TextTest(Kind::Prefix, std::move(text)); }
  /// A path prefix by whole segments: "/a/b" (or "/a/b/") takes "/a/b" and "/a/b/c", not "/a/bc".
  static TextTest segments(std::string path);
  /// Fails when the expression does not compile or is too large.
  static Result<TextTest> regular_expression(const std::string& expression);
  /// A decimal number within [min, max], both inclusive; text that is no number fails the test. Needs min <= max.
  static Result<TextTest> range(double min, double max);

  bool holds(std::string_view text) const noexcept;
  Kind kind() const noexcept { return kind_; }
  const std::string& text() const noexcept { return text_; }

 private:
  TextTest(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  Kind kind_;
  std::string text_;
  double min_ = 0;
  double max_ = 0;
  std::shared_ptr<const re2::RE2> expression_;
};

/// A test of one field of the request; an absent field fails it.
struct Condition {
  Field field;
  TextTest test;

  bool holds(const RequestView& request) const noexcept;
};

/// Conditions that must all hold; none holds always. Immutable and thread-safe.
///
/// Conditions on the body are kept last, so a request that fails a cheap one never has its body looked at.
class Match {
 public:
  Match() = default;
  explicit Match(std::vector<Condition> conditions);

  bool holds(const RequestView& request) const noexcept;
  bool needs_body() const noexcept { return body_conditions_ > 0; }
  const std::vector<Condition>& conditions() const noexcept { return conditions_; }

  /// For tables that have done the path themselves: the first condition on the path, and the test of the others.
  const Condition* path_condition() const noexcept;
  enum class Verdict : std::uint8_t { No, Yes, NeedsBody };
  /// NeedsBody: everything else holds and the body is not there yet.
  Verdict judge_beyond_path(const RequestView& request) const noexcept;

 private:
  std::vector<Condition> conditions_;  // the path first, the body last
  std::size_t body_conditions_ = 0;
};

/// True when one of the matches holds; an empty list never does.
bool any_holds(const std::vector<Match>& matches, const RequestView& request) noexcept;

}  // namespace sluice::traffic
