// What a decision token adds to a request: one that is written, and one that is read again when its outcome comes.
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

Decision bench_decision() {
  Decision decision;
  decision.route = name_hash("fraud");
  decision.version = name_hash("v2");
  decision.unit = 0x1122334455667788;
  decision.window = 3;
  decision.propensity = 0.1F;
  decision.time = std::chrono::system_clock::now();
  return decision;
}

void write(benchmark::State& state) {
  const TokenKeys keys = bench_keys();
  Decision decision = bench_decision();
  std::array<char, token_size> text;
  for (auto _ : state) {
    ++decision.nonce;
    write_token(decision, keys, text);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(write)->Name("a token is written");

void read(benchmark::State& state) {
  const TokenKeys keys = bench_keys();
  std::array<char, token_size> text;
  write_token(bench_decision(), keys, text);
  for (auto _ : state) benchmark::DoNotOptimize(read_token({text.data(), text.size()}, keys));
}
BENCHMARK(read)->Name("a token is read and believed");

void refuse(benchmark::State& state) {
  const TokenKeys keys = bench_keys();
  std::array<char, token_size> text;
  write_token(bench_decision(), keys, text);
  text.back() = text.back() == 'A' ? 'B' : 'A';
  for (auto _ : state) benchmark::DoNotOptimize(read_token({text.data(), text.size()}, keys));
}
BENCHMARK(refuse)->Name("a forged token is refused");

}  // namespace
}  // namespace sluice::outcomes
