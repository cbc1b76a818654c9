#include <algorithm>
#include <cstring>

#include "refusals.hpp"
#include "sluice/http/field_table.hpp"
#include "sluice/http/framing_rules.hpp"
#include "sluice/http/head.hpp"
#include "sluice/http/start_line.hpp"
#include "sluice/http/syntax.hpp"

namespace sluice::http {

namespace {

constexpr Refusal kBareCr{400, "bare_cr"};
constexpr Refusal kBareLf{400, "bare_lf"};
constexpr Refusal kFieldsTooLarge{431, "fields_too_large"};
constexpr Refusal kInvalidFieldName{400, "invalid_field_name"};
constexpr Refusal kInvalidFieldValue{400, "invalid_field_value"};
constexpr Refusal kLineFolding{400, "line_folding"};
constexpr Refusal kSpaceBeforeColon{400, "space_before_colon"};
constexpr Refusal kStatusLineTooLong{502, "status_line_too_long"};
constexpr Refusal kTooManyFields{431, "too_many_fields"};

// Of a start line: what stands around a target of the longest kind. A reason phrase gets the same room.
constexpr std::uint32_t kAroundTarget = kLongestMethod + 12;

/// Records a field line whose CR stands at `end`; the name ends at `colon`. Its bytes were checked.
void add_field(std::string_view bytes, std::size_t start, std::size_t colon, std::size_t end,
               MessageHead& out) noexcept {
  std::size_t from = colon + 1;
  std::size_t to = end;
  while (from < to && (bytes[from] == ' ' || bytes[from] == '\t')) ++from;
  while (to > from && (bytes[to - 1] == ' ' || bytes[to - 1] == '\t')) --to;
  Field& field = out.field_store[out.field_count++];
  field.line = range(start, end + 2);
  field.name = range(start, colon);
  field.value = range(from, to);
  field.id = field_id(bytes.substr(start, colon - start));
  field.hop_by_hop = is_always_hop_by_hop(field.id);
}

std::size_t field_limit(const HeadLimits& limits) noexcept {
  return std::min<std::size_t>(limits.fields, kMaxFields);
}

/// Takes valid field lines that are all there, in one pass each; stops before the first that is anything else. Those
/// have to be looked at with `find_line` and `parse_field`, which say what is wrong.
void take_plain_fields(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress,
                       MessageHead& out) noexcept {
  const std::string_view window = bytes.substr(0, limits.bytes);
  while (out.field_count < field_limit(limits)) {
    const std::size_t start = progress.line_start;
    const std::size_t colon = skip(window, start, kTokenByte);
    if (colon == start || colon == window.size() || window[colon] != ':') return;
    const std::size_t control = find_control_byte(window.substr(colon + 1));
    const std::size_t end = colon + 1 + control;
    if (control == std::string_view::npos || end + 1 >= window.size() || window[end] != '\r' ||
        window[end + 1] != '\n') {
      return;
    }
    add_field(bytes, start, colon, end, out);
    progress.line_start = progress.scanned = static_cast<std::uint32_t>(end + 2);
  }
}

/// One field line from `start` to `end`, where its CR stands.
Refusal parse_field(std::string_view bytes, std::size_t start, std::size_t end, const HeadLimits& limits,
                    MessageHead& out) noexcept {
  const std::string_view line = bytes.substr(start, end - start);
  if (line[0] == ' ' || line[0] == '\t') return kLineFolding;
  if (out.field_count >= field_limit(limits)) return kTooManyFields;
  const std::size_t colon = skip(line, 0, kTokenByte);
  if (colon == 0 || colon == line.size()) return kInvalidFieldName;
  if (line[colon] != ':') return line[colon] == ' ' || line[colon] == '\t' ? kSpaceBeforeColon : kInvalidFieldName;
  const std::size_t control = find_control_byte(line.substr(colon + 1));
  if (control != std::string_view::npos) return line[colon + 1 + control] == '\r' ? kBareCr : kInvalidFieldValue;
  add_field(bytes, start, start + colon, end, out);
  return kNotRefused;
}

enum class Line : std::uint8_t { Incomplete, Complete, TooLong, EndsWithoutCr };

/// Looks for the end of the line that `progress` is in, within the first `limit` bytes. `end` is where its CR stands.
Line find_line(std::string_view bytes, std::uint32_t limit, HeadProgress& progress, std::size_t& end) noexcept {
  const std::size_t window = std::min<std::size_t>(bytes.size(), limit);
  const void* found = progress.scanned < window
                          ? std::memchr(bytes.data() + progress.scanned, '\n', window - progress.scanned)
                          : nullptr;
  if (found == nullptr) {
    progress.scanned = static_cast<std::uint32_t>(window);
    return bytes.size() >= limit ? Line::TooLong : Line::Incomplete;
  }
  const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
  if (at == progress.line_start || bytes[at - 1] != '\r') return Line::EndsWithoutCr;
  end = at - 1;
  return Line::Complete;
}

struct RequestLine {
  static constexpr Refusal too_long = kTargetTooLong;
  std::uint32_t target_limit;
  RequestHead& out;
  Refusal operator()(std::string_view line) const noexcept { return parse_request_line(line, target_limit, out); }
};

struct StatusLine {
  static constexpr Refusal too_long = kStatusLineTooLong;
  ResponseHead& out;
  Refusal operator()(std::string_view line) const noexcept { return parse_status_line(line, out); }
};

void clear(MessageHead& head) noexcept {
  head.size = 0;
  head.framing = Framing::None;
  head.keep_alive = true;
  head.content_length = 0;
  head.field_count = 0;
}

void clear(RequestHead& head) noexcept {
  clear(static_cast<MessageHead&>(head));
  head.path = head.query = head.authority = {};
  head.expects_continue = false;
}

/// Takes whole lines as they come. `start_line` and `rules` return a Refusal.
template <typename Head, typename StartLine, typename Rules>
ParseStatus parse_lines(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress, Refusal& refusal,
                        Head& out, StartLine start_line, Rules rules) noexcept {
  const auto refused = [&](const Refusal& why) {
    refusal = why;
    progress = {};
    return ParseStatus::Refused;
  };
  for (;;) {
    const bool first = progress.line_start == 0;
    if (!first && progress.scanned == progress.line_start) take_plain_fields(bytes, limits, progress, out);
    const std::uint32_t limit = first ? std::min(limits.bytes, limits.target + kAroundTarget) : limits.bytes;
    std::size_t end = 0;
    const Line line = find_line(bytes, limit, progress, end);
    if (line == Line::Incomplete) return ParseStatus::NeedMore;
    if (line == Line::TooLong) return refused(first ? start_line.too_long : kFieldsTooLarge);
    if (line == Line::EndsWithoutCr) return refused(kBareLf);
    const std::size_t start = progress.line_start;
    progress.line_start = progress.scanned = static_cast<std::uint32_t>(end + 2);
    if (first) {
      clear(out);
      out.start_line = range(0, end);
      if (const Refusal why = start_line(bytes.substr(0, end))) return refused(why);
    } else if (end != start) {
      if (const Refusal why = parse_field(bytes, start, end, limits, out)) return refused(why);
    } else {
      out.size = progress.line_start;
      if (const Refusal why = rules()) return refused(why);
      progress = {};
      return ParseStatus::Done;
    }
  }
}

}  // namespace

ParseStatus RequestHeadParser::parse(std::string_view bytes, RequestHead& out) noexcept {
  if (bytes.empty() || bytes == "\r") return ParseStatus::NeedMore;
  // Not HTTP at all (a TLS handshake on a plain port): say so now, for a line end may never come.
  if (!is(bytes[0], kTokenByte)) {
    reset();
    refusal_ = bytes[0] == '\r' ? kBareCr : bytes[0] == '\n' ? kBareLf : kInvalidMethod;
    return ParseStatus::Refused;
  }
  const RequestLine request_line{limits_.target, out};
  return parse_lines(bytes, limits_, progress_, refusal_, out, request_line,
                     [&] { return apply_request_rules(bytes.data(), out); });
}

ParseStatus ResponseHeadParser::parse(std::string_view bytes, Method request_method, ResponseHead& out) noexcept {
  if (bytes.empty()) return ParseStatus::NeedMore;
  ParseStatus status = ParseStatus::Refused;
  if (bytes[0] != 'H') {
    reset();
    refusal_ = kInvalidStatusLine;
  } else {
    status = parse_lines(bytes, limits_, progress_, refusal_, out, StatusLine{out},
                         [&] { return apply_response_rules(bytes.data(), request_method, out); });
  }
  refusal_.status = 502;
  return status;
}

std::size_t leading_empty_lines(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (bytes.size() - at >= 2 && bytes[at] == '\r' && bytes[at + 1] == '\n') at += 2;
  return at;
}

const Field* MessageHead::find(FieldId id) const noexcept {
  for (const Field& field : fields()) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::string_view MessageHead::find(const char* base, std::string_view lower_case_name) const noexcept {
  for (const Field& field : fields()) {
    if (field.name.size == lower_case_name.size() && equals_ignoring_case(field.name.in(base), lower_case_name)) {
      return field.value.in(base);
    }
  }
  return {};
}

}  // namespace sluice::http
