#pragma once

#include <string_view>

namespace sluice::traffic {

/// What a traffic decision may look at: views into the caller's buffers, valid for the length of one call.
///
/// "Absent" is a view whose `data()` is null; an empty value has a non-null `data()`. Costs nothing to fill.
struct RequestView {
  std::string_view method;          ///< as on the wire: "POST"
  std::string_view path;            ///< as on the wire, percent-encoded, without the query: "/v2/models/fraud/infer"
  std::string_view query;           ///< what stands behind the '?', without it
  std::string_view client_address;  ///< the peer's address as text, without the port
  std::string_view body;            ///< what is buffered so far; absent until the gateway was asked to buffer
  const void* fields = nullptr;     ///< passed to `find_field` as it is
  /// The first header field of that name, or absent. The name is given in lower case. Null when there are no fields.
  std::string_view (*find_field)(const void* fields, std::string_view lower_case_name) = nullptr;

  std::string_view field(std::string_view lower_case_name) const noexcept {
    return find_field == nullptr ? std::string_view{} : find_field(fields, lower_case_name);
  }
};

}  // namespace sluice::traffic
