#pragma once

#include <string>
#include <string_view>

namespace sluice::policy {

/// What a text must look like beyond being text.
struct TextFormat {
  std::string_view title;    ///< "a name", for the reference
  std::string_view pattern;  ///< regular expression of the JSON Schema; empty: any text
  /// One sentence that says what is wrong, or nothing.
  std::string (*problem)(std::string_view text);
};

/// Letters, digits, `-`, `_`, `.`; at most 63; begins and ends with a letter or digit: it becomes a label and a header
/// value.
extern const TextFormat name_format;
extern const TextFormat any_text_format;      ///< not empty, at most 1024 bytes, no control characters
extern const TextFormat header_name_format;   ///< a token of RFC 9110; also for cookies
extern const TextFormat json_pointer_format;  ///< RFC 6901
extern const TextFormat http_url_format;      ///< http:// or https:// with a host
extern const TextFormat method_format;        ///< upper-case letters
extern const TextFormat label_key_format;     ///< any key up to 253 bytes
extern const TextFormat host_format;          ///< a host name or address, with or without a port
extern const TextFormat path_format;          ///< begins with `/`; visible ASCII, perhaps with a query, no fragment
extern const TextFormat body_format;          ///< any text up to 64 KiB, line breaks included

}  // namespace sluice::policy
