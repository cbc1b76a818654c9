#include "sluice/traffic/text_test.hpp"

#include <re2/re2.h>

#include <charconv>
#include <cmath>

#include "sluice/traffic/path.hpp"

namespace sluice::traffic {
namespace {

// Compiled size and the cache of an expression together; generous for routing, small beside a worker.
constexpr std::int64_t expression_memory = 1 << 20;

bool read_number(std::string_view text, double& number) noexcept {
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc{} && stop == end && std::isfinite(number);
}

}  // namespace

TextTest TextTest::segments(std::string path) {
  path.resize(trim_prefix(path).size());
  return TextTest(Kind::Segments, std::move(path));
}

Result<TextTest> TextTest::regular_expression(const std::string& expression) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(expression_memory);
  options.set_never_capture(true);
  auto compiled = std::make_shared<const re2::RE2>(expression, options);
  if (!compiled->ok()) {
    return fail(Error::internal("the regular expression '" + expression + "' is not valid: " + compiled->error()));
  }
  TextTest test(Kind::RegularExpression, expression);
  test.expression_ = std::move(compiled);
  return test;
}

Result<TextTest> TextTest::range(double min, double max) {
  if (std::isnan(min) || std::isnan(max) || min > max) {
    return fail(Error::internal("a range needs a minimum that is not above its maximum"));
  }
  TextTest test(Kind::Range, {});
  test.min_ = min;
  test.max_ = max;
  return test;
}

bool TextTest::holds(std::string_view text) const noexcept {
  switch (kind_) {
    case Kind::Exact:
      return text == text_;
    case Kind::Prefix:
      return text.starts_with(text_);
    case Kind::Segments:
      return is_under(text, text_);
    case Kind::RegularExpression:
      return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression_);
    case Kind::Range: {
      double number = 0;
      return read_number(text, number) && number >= min_ && number <= max_;
    }
  }
  return false;
}

}  // namespace sluice::traffic
