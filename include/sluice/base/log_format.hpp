#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sluice/base/log.hpp"

/// How an event becomes a line. Whatever bytes a client sent, a line stays one line: control characters are escaped,
/// and JSON is always valid, with U+FFFD for what is not UTF-8.
namespace sluice::log {

/// Appends a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// Appends text as a `key=value` value: bare when it is plain, otherwise in double quotes with C escapes.
void append_text_value(std::string& out, std::string_view text);

/// The line without its time: `"level":"info","message":"…","key":1` or `info  message key=1`. `suppressed` is added as
/// a field when it is not zero.
std::string format_event(Format format, Level level, std::string_view message, std::span<const Field> fields,
                         std::uint64_t suppressed);

}  // namespace sluice::log
