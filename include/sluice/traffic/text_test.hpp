#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/base/result.hpp"

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

}  // namespace sluice::traffic
