// What comparing a pair costs the comparing thread: tensors of 1 MiB as JSON and as bytes, small answers, texts, lists
// in another order. Two answers of each, which differ in every number or in one place.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "sluice/compare/comparison.hpp"

namespace sluice::compare {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

Answer made(std::string body) {
  Answer answer;
  answer.status = 200;
  answer.complete = true;
  answer.body = std::move(body);
  return answer;
}

Answer json_tensor(std::size_t bytes, double step) {
  std::string data;
  std::size_t count = 0;
  for (double value = 0.1; data.size() < bytes; value += step, ++count) {
    if (count > 0) data += ',';
    data += std::to_string(value);
  }
  return made(R"({"outputs":[{"name":"t","datatype":"FP32","shape":[)" + std::to_string(count) + R"(],"data":[)" +
              data + "]}]}");
}

Answer binary_tensor(float bias, int row) {
  std::vector<float> numbers(kMebibyte / sizeof(float));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 7919 % 1000) + bias;
  const std::string json = R"({"outputs":[{"name":"t","datatype":"FP32","shape":[)" +
                           std::to_string(static_cast<int>(numbers.size()) / row) + "," + std::to_string(row) +
                           R"(],"parameters":{"binary_data_size":1048576}}]})";
  std::string body = json;
  body.resize(json.size() + kMebibyte);
  std::memcpy(body.data() + json.size(), numbers.data(), kMebibyte);
  Answer answer = made(body);
  answer.json_bytes = json.size();
  return answer;
}

void run(benchmark::State& state, const CompareRules& rules, const Answer& live, const Answer& other) {
  Comparer comparer;
  for (auto _ : state) benchmark::DoNotOptimize(comparer.compare(rules, live, other));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(live.body.size() + other.body.size()));
}

CompareRules rules_of(policy::Protocol protocol, policy::Compare compare = {}) {
  return CompareRules(protocol, std::move(compare), std::nullopt);
}

void compare_json_tensors(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  run(state, rules_of(policy::Protocol::OpenInference), json_tensor(bytes, 0.001), json_tensor(bytes, 0.0011));
}
BENCHMARK(compare_json_tensors)->Arg(256)->Arg(16 << 10)->Arg(1 << 20);

void compare_equal_json_tensors(benchmark::State& state) {
  run(state, rules_of(policy::Protocol::OpenInference), json_tensor(kMebibyte, 0.001), json_tensor(kMebibyte, 0.001));
}
BENCHMARK(compare_equal_json_tensors);

void compare_binary_tensors(benchmark::State& state) {
  policy::Compare compare;
  compare.tolerance = 0.1;
  run(state, rules_of(policy::Protocol::OpenInference, compare), binary_tensor(0, 1024),
      binary_tensor(static_cast<float>(state.range(0)), 1024));
}
BENCHMARK(compare_binary_tensors)->ArgName("differ")->Arg(0)->Arg(1);

void compare_binary_tensors_by_top(benchmark::State& state) {
  policy::Compare compare;
  policy::TensorRule rule;
  rule.name = "t";
  rule.by = policy::Agreement::TopK;
  rule.top = 10;
  compare.tensors = {rule};
  run(state, rules_of(policy::Protocol::OpenInference, compare), binary_tensor(0, 1024), binary_tensor(1, 1024));
}
BENCHMARK(compare_binary_tensors_by_top);

void compare_objects(benchmark::State& state) {
  std::string live = "[";
  std::string other = "[";
  for (int i = 0; i < 1000; ++i) {
    const std::string number = std::to_string(i * 100);
    live += (i > 0 ? ",{\"x\":" : "{\"x\":") + number + ",\"y\":1.5,\"label\":\"cat\"}";
    other += (i > 0 ? ",{\"label\":\"cat\",\"x\":" : "{\"label\":\"cat\",\"x\":") +
             std::to_string((state.range(0) != 0 ? 999 - i : i) * 100) + ".001,\"y\":1.5}";
  }
  policy::Compare compare;
  compare.absolute_tolerance = 0.01;
  if (state.range(0) != 0) compare.unordered = {""};
  run(state, rules_of(policy::Protocol::Raw, compare), made(live + "]"), made(other + "]"));
}
BENCHMARK(compare_objects)->ArgName("unordered")->Arg(0)->Arg(1);

void compare_chats(benchmark::State& state) {
  std::string live;
  std::string other;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    live += "word" + std::to_string(i * 7919 % 5000) + ' ';
    other += "word" + std::to_string(i * 7907 % 5000) + ' ';
  }
  const auto chat = [](const std::string& text) {
    return made(R"({"choices":[{"index":0,"message":{"content":")" + text + R"("}}]})");
  };
  run(state, rules_of(policy::Protocol::OpenAi), chat(live), chat(other));
}
BENCHMARK(compare_chats)->ArgName("words")->Arg(100)->Arg(400)->Arg(4000)->Arg(100000);

}  // namespace
}  // namespace sluice::compare
