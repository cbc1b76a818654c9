#include <benchmark/benchmark.h>

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>

#include "sluice/http/chunked.hpp"
#include "sluice/http/forward.hpp"
#include "sluice/http/head.hpp"

// What a head costs: ours, with every framing rule, next to a Beast parser that records offsets and applies no rule of
// its own. docs/decisions/0001-head-parser.md has the numbers and what follows from them.

namespace {

using namespace sluice::http;
namespace beast = boost::beast;

const std::string kRequest =
    "POST /v2/models/fraud/versions/3/infer HTTP/1.1\r\n"
    "Host: models.internal:8080\r\n"
    "User-Agent: python-requests/2.31.0\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json\r\n"
    "X-User-Id: 4711\r\n"
    "Content-Length: 250\r\n"
    "\r\n";

const std::string kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 29 Feb 2024 12:00:00 GMT\r\n"
    "Server: uvicorn\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 250\r\n"
    "\r\n";

void request_head(benchmark::State& state) {
  RequestHeadParser parser;
  RequestHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(kRequest, head));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRequest.size()));
}
BENCHMARK(request_head);

void request_head_and_kept_fields(benchmark::State& state) {
  RequestHeadParser parser;
  RequestHead head;
  KeptFields kept;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(kRequest, head));
    kept_request_fields(head, {}, kept);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(request_head_and_kept_fields);

void response_head(benchmark::State& state) {
  ResponseHeadParser parser;
  ResponseHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(kResponse, Method::Post, head));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(response_head);

/// A subclass that keeps offsets, as thin as the interface allows.
class BeastOffsets : public beast::http::basic_parser<true> {
 public:
  explicit BeastOffsets(const char* base) : base_(base) {}
  std::array<Field, kMaxFields> fields;
  std::size_t count = 0;

 private:
  Range range(beast::string_view text) const {
    return {static_cast<std::uint32_t>(text.data() - base_), static_cast<std::uint32_t>(text.size())};
  }
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view target, int,
                       beast::error_code&) override {
    target_ = range(target);
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    fields[count].name = range(name);
    fields[count++].value = range(value);
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  const char* base_;
  Range target_;
};

void request_head_by_beast(benchmark::State& state) {
  for (auto _ : state) {
    BeastOffsets parser(kRequest.data());
    beast::error_code error;
    benchmark::DoNotOptimize(parser.put(boost::asio::buffer(kRequest), error));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(request_head_by_beast);

void chunks(benchmark::State& state) {
  const std::string piece(static_cast<std::size_t>(state.range(0)), 'x');
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
  std::string body;
  for (int i = 0; i < 8; ++i) body += size + piece + "\r\n";
  body += "0\r\n\r\n";
  for (auto _ : state) {
    ChunkScanner scanner;
    std::string_view rest = body;
    while (!scanner.done()) rest.remove_prefix(scanner.next(rest).consumed);
    benchmark::DoNotOptimize(scanner.payload_bytes());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(chunks)->Arg(64)->Arg(16384);

}  // namespace
