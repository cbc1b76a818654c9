#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdlib>
#include <string>

#include "sluice/http/forward.hpp"
#include "sluice/http/head.hpp"

// A request head in any bytes: one verdict for any cut, ranges inside the head, and never more lenient than a second,
// unrelated parser. The first byte of the input says how it is cut.

namespace {

using namespace sluice::http;

void require(bool fact) {
  if (!fact) std::abort();
}

void check_ranges(const RequestHead& head, std::string_view bytes) {
  require(head.size <= bytes.size() && head.field_count <= kMaxFields);
  require(head.target.end() <= head.start_line.end() && head.query.end() <= head.target.end());
  std::uint32_t line_start = head.start_line.end() + 2;
  for (const Field& field : head.fields()) {
    require(field.line.offset == line_start && field.name.offset == line_start);
    require(field.value.offset > field.name.end() && field.value.end() + 2 <= field.line.end());
    line_start = field.line.end();
  }
  require(line_start + 2 == head.size);
  KeptFields kept;
  kept_request_fields(head, {}, kept);
  for (const Range& piece : kept.span()) require(piece.offset > head.start_line.end() && piece.end() <= head.size - 2);
}

/// What we take, Beast takes as well and reads alike.
void compare_with_beast(const RequestHead& head, std::string_view bytes) {
  if (head.minor_version > 1) return;
  boost::beast::http::request_parser<boost::beast::http::string_body> beast;
  beast.header_limit(256 * 1024);
  beast.body_limit(boost::none);
  boost::beast::error_code error;
  beast.put(boost::asio::buffer(bytes.data(), head.size), error);
  require(!error && beast.is_header_done());
  require(std::distance(beast.get().begin(), beast.get().end()) == head.field_count);
  require(beast.chunked() == (head.framing == Framing::Chunked));
  require(beast.content_length().value_or(0) == head.content_length || head.framing == Framing::Chunked);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 32;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RequestHeadParser whole_parser;
  RequestHead whole;
  const ParseStatus verdict = whole_parser.parse(bytes, whole);

  RequestHeadParser parser;
  RequestHead head;
  ParseStatus status = ParseStatus::NeedMore;
  for (std::size_t arrived = 0; status == ParseStatus::NeedMore && arrived < bytes.size();) {
    arrived = std::min(bytes.size(), arrived + step);
    const std::string copy(bytes, 0, arrived);
    status = parser.parse(copy, head);
  }
  require(status == verdict);
  if (verdict == ParseStatus::Refused) require(parser.refusal().reason == whole_parser.refusal().reason);
  if (verdict != ParseStatus::Done) return 0;
  require(head.size == whole.size && head.field_count == whole.field_count && head.framing == whole.framing);
  check_ranges(whole, bytes);
  compare_with_beast(whole, bytes);
  return 0;
}
