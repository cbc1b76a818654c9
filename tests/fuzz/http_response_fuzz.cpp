#include <algorithm>
#include <cstdlib>
#include <string>

#include "sluice/http/forward.hpp"
#include "sluice/http/head.hpp"

// A response head in any bytes, to any method. The first byte of the input says how it is cut, the second the method.

namespace {

using namespace sluice::http;

void require(bool fact) {
  if (!fact) std::abort();
}

void check(const ResponseHead& head, std::string_view bytes) {
  require(head.size <= bytes.size() && head.status >= 100 && head.status < 600);
  require((head.content_length > 0) == (head.framing == Framing::Length));
  require(head.framing != Framing::UntilClose || !head.keep_alive);
  for (const Field& field : head.fields()) {
    require(field.value.offset > field.name.end() && field.line.end() + 2 <= head.size);
  }
  KeptFields kept;
  kept_response_fields(head, true, kept);
  for (const Range& piece : kept.span()) require(piece.end() <= head.size - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1 + data[0] % 32;
  const auto method = static_cast<Method>(data[1] % 10);
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  ResponseHeadParser whole_parser;
  ResponseHead whole;
  const ParseStatus verdict = whole_parser.parse(bytes, method, whole);

  ResponseHeadParser parser;
  ResponseHead head;
  ParseStatus status = ParseStatus::NeedMore;
  for (std::size_t arrived = 0; status == ParseStatus::NeedMore && arrived < bytes.size();) {
    arrived = std::min(bytes.size(), arrived + step);
    const std::string copy(bytes, 0, arrived);
    status = parser.parse(copy, method, head);
  }
  require(status == verdict);
  if (verdict == ParseStatus::Refused) {
    require(parser.refusal().status == 502 && parser.refusal().reason == whole_parser.refusal().reason);
  }
  if (verdict != ParseStatus::Done) return 0;
  require(head.size == whole.size && head.framing == whole.framing && head.keep_alive == whole.keep_alive);
  check(whole, bytes);
  return 0;
}
