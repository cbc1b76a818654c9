// What a decision token adds to a request: one that is written, and one that is read again when its outcome comes; with
// so many features of a context.
// Run: build/bench/bin/token_bench

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>

#include "sluice/outcomes/token.hpp"

namespace sluice::outcomes {
namespace {

TokenKeys bench_keys() {
  TokenKey key{1, {}};
  for (std::size_t i = 0; i < key.secret.size(); ++i) key.secret[i] = static_cast<std::uint8_t>(i * 37);
  return TokenKeys(key);
}

/// `features` 0: without a context.
Decision bench_decision(std::int64_t features) {
  Decision decision;
  decision.route = name_hash("fraud");
  decision.version = name_hash("v2");
  decision.unit = 0x1122334455667788;
  decision.window = 3;
  decision.propensity = 0.1F;
  decision.time = std::chrono::system_clock::now();
  decision.context.size = static_cast<std::uint8_t>(features);
  for (std::size_t i = 0; i < decision.context.size; ++i) decision.context.value[i] = static_cast<float>(i);
  return decision;
}

struct Text {
  std::array<char, most_token_size> characters;
  std::size_t size = 0;

  void write(const Decision& decision, const TokenKeys& keys) { size = write_token(decision, keys, characters); }
  std::string_view view() const { return {characters.data(), size}; }
};

void write(benchmark::State& state) {
  const TokenKeys keys = bench_keys();
  Decision decision = bench_decision(state.range(0));
  Text text;
  for (auto _ : state) {
    ++decision.nonce;
    text.write(decision, keys);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(write)->Name("a token is written")->Arg(0)->Arg(4)->Arg(16);

void read(benchmark::State& state) {
  const TokenKeys keys = bench_keys();
  Text text;
  text.write(bench_decision(state.range(0)), keys);
  for (auto _ : state) benchmark::DoNotOptimize(read_token(text.view(), keys));
}
BENCHMARK(read)->Name("a token is read and believed")->Arg(0)->Arg(4)->Arg(16);

void refuse(benchmark::State& state) {
  const TokenKeys keys = bench_keys();
  Text text;
  text.write(bench_decision(0), keys);
  char& last = text.characters[text.size - 1];
  last = last == 'A' ? 'B' : 'A';
  for (auto _ : state) benchmark::DoNotOptimize(read_token(text.view(), keys));
}
BENCHMARK(refuse)->Name("a forged token is refused");

}  // namespace
}  // namespace sluice::outcomes
