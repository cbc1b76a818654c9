#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/traffic/request_view.hpp"

namespace sluice::traffic {

/// Room for a value that has to be decoded before it can be compared. Lives on the caller's stack, never initialised.
struct FieldBuffer {
  static constexpr std::size_t size = 1024;
  std::array<char, size> bytes;
};

/// One thing that can be read from a request: what a condition compares and what a unit is made of. Immutable.
class Field {
 public:
  enum class Source : std::uint8_t { Path, Method, Header, Cookie, QueryParam, JsonPointer, Model, ClientAddress };

  static Field path() { return Field(Source::Path, {}); }
  static Field method() { return Field(Source::Method, {}); }
  static Field client_address() { return Field(Source::ClientAddress, {}); }
  static Field header(std::string_view name);  ///< in any case
  static Field cookie(std::string name) { return Field(Source::Cookie, std::move(name)); }
  static Field query_param(std::string name) { return Field(Source::QueryParam, std::move(name)); }

  /// A value in a JSON body by RFC 6901: "/user/id", "/inputs/0/name". Fails on a pointer that is not one.
  static Result<Field> json_pointer(std::string_view pointer);

  /// The name of the model: the path segment after `marker` ("models": /v2/models/NAME/infer), without a verb
  /// behind a colon at the end of the path (NAME:predict); where the path has none, `model` in the JSON body.
  /// An empty marker looks only into the body.
  static Field model(std::string marker);

  Source source() const noexcept { return source_; }
  const std::string& name() const noexcept { return name_; }
  /// True when some request's value can only be read from its body.
  bool needs_body() const noexcept { return source_ == Source::JsonPointer || source_ == Source::Model; }
  /// True when this request's value can only be read from its body, and that is not there yet.
  bool awaits_body(const RequestView& request) const noexcept;

  /// The value, or a view with a null `data()` when the request has none that can be used.
  ///
  /// Never allocates except for a JSON body (a buffer per thread that grows to its bound and stays). The value lives
  /// in the request, in `buffer`, or until the next JSON value is read on this thread, whichever applies.
  /// Query parameters are percent-decoded ('+' is a space; an escape that is none stands for itself); one that is
  /// longer than the buffer after decoding counts as absent. Of several of one name the first counts.
  std::string_view read(const RequestView& request, FieldBuffer& buffer) const noexcept;

 private:
  Field(Source source, std::string name) : source_(source), name_(std::move(name)) {}

  Source source_;
  std::string name_;
  std::vector<std::string> pointer_;  // the reference tokens of a JSON pointer, unescaped
};

}  // namespace sluice::traffic
