#include <algorithm>
#include <cstdlib>
#include <string>

#include "sluice/http/chunked.hpp"

// A chunked body in any bytes: the same payload, verdict and end for any cut. The first byte says how it is cut.

namespace {

using namespace sluice::http;

void require(bool fact) {
  if (!fact) std::abort();
}

struct Scan {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  std::string_view reason;
};

Scan scan(const std::string& bytes, std::size_t step) {
  ChunkScanner scanner;
  Scan result;
  for (std::size_t arrived = 0; arrived < bytes.size() && !scanner.done() && !scanner.failed();) {
    const std::string piece = bytes.substr(arrived, step);
    arrived += piece.size();
    std::string_view rest = piece;
    while (!rest.empty() && !scanner.done() && !scanner.failed()) {
      const ChunkScanner::Step taken = scanner.next(rest);
      require(taken.consumed <= rest.size() && (taken.consumed > 0 || scanner.failed()));
      require(taken.data.empty() || (taken.data.data() == rest.data() && taken.data.size() == taken.consumed));
      result.payload += taken.data;
      result.consumed += taken.consumed;
      rest.remove_prefix(taken.consumed);
    }
  }
  require(scanner.payload_bytes() == result.payload.size());
  result.done = scanner.done();
  if (scanner.failed()) result.reason = scanner.refusal().reason;
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Scan whole = scan(bytes, bytes.size() + 1);
  const Scan pieces = scan(bytes, 1 + data[0] % 16);
  require(whole.payload == pieces.payload && whole.consumed == pieces.consumed);
  require(whole.done == pieces.done && whole.reason == pieces.reason);
  require(!whole.done || whole.reason.empty());
  return 0;
}
