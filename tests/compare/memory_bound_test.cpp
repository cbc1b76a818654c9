#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "comparing.hpp"
#include "sluice/compare/redaction.hpp"

// What comparing takes of the heap, and that it takes nothing more once it is warm.

namespace {

std::atomic<std::int64_t> heap_bytes{0};
std::atomic<std::int64_t> heap_peak{0};
std::atomic<std::int64_t> heap_calls{0};

void count_taken(void* memory) noexcept {
  const auto bytes = static_cast<std::int64_t>(malloc_usable_size(memory));
  const std::int64_t now = heap_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (now > heap_peak.load(std::memory_order_relaxed)) heap_peak.store(now, std::memory_order_relaxed);
  heap_calls.fetch_add(1, std::memory_order_relaxed);
}

void give_back(void* memory) noexcept {
  if (memory == nullptr) return;
  heap_bytes.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

// Not inlined, or the compiler sees free() on what it believes comes from the library's operator new. The nothrow form
// too, because memory of either is given back by the same delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory != nullptr) count_taken(memory);
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  give_back(memory);
}

namespace sluice::compare {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

/// What comparing two answers takes at its peak, as a multiple of their bytes.
double peak_of(Judge& judge, const Answer& live, const Answer& other) {
  const std::int64_t before = heap_bytes.load();
  heap_peak.store(before);
  EXPECT_NE(judge.tell(live, other), "not compared");
  return static_cast<double>(heap_peak.load() - before) / static_cast<double>(live.body.size() + other.body.size());
}

std::string tensor_of(const std::string& elements, std::size_t count) {
  return R"({"outputs":[{"name":"t","datatype":"FP32","shape":[)" + std::to_string(count) + R"(],"data":[)" + elements +
         "]}]}";
}

/// A JSON tensor of about a mebibyte of such numbers.
std::string json_tensor(const std::string& number) {
  const std::size_t count = kMebibyte / (number.size() + 1);
  std::string elements;
  elements.reserve(kMebibyte);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) elements += ',';
    elements += number;
  }
  return tensor_of(elements, count);
}

Answer binary_tensor(float bias) {
  std::vector<float> numbers(kMebibyte / sizeof(float));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) + bias;
  return binary_answer(R"({"outputs":[{"name":"t","datatype":"FP32","shape":[262144],"parameters":)"
                       R"({"binary_data_size":1048576}}]})",
                       bytes_of(numbers));
}

TEST(MemoryBound, OfJsonTensorsIsAFewTimesTheirBytes) {
  Judge judge(policy::Protocol::OpenInference);
  const double usual = peak_of(judge, answer_of(json_tensor("0.12345678")), answer_of(json_tensor("0.12345679")));
  EXPECT_GT(usual, 1) << "the heap is not watched";
  EXPECT_LT(usual, 6);
}

TEST(MemoryBound, OfHostileBodiesIsAtMostFourteenTimesTheirBytes) {
  const std::string many(kMebibyte, '[');
  const auto repeated = [](const std::string& piece, const std::string& last) {
    std::string all = "[";
    while (all.size() + piece.size() + last.size() < kMebibyte) all += piece;
    return all + last + "]";
  };
  const std::pair<std::string, std::string> bodies[] = {
      {json_tensor("1"), json_tensor("2")},
      {repeated("[],", "[]"), repeated("{},", "{}")},
      {repeated("\"\",", "1"), repeated("\"a\",", "1")},
      {repeated("[[0]],", "1"), repeated("[[1]],", "1")},
      {repeated("null,", "1"), repeated("true,", "1")},
      {many, many + "]"},
      {std::string(kMebibyte, '"'), std::string(kMebibyte, '\\')},
      {std::string(kMebibyte, '7'), std::string(kMebibyte, '8')},
  };
  for (const auto& [live, other] : bodies) {
    Judge judge(policy::Protocol::Raw);
    EXPECT_LT(peak_of(judge, answer_of(live), answer_of(other)), 14) << live.substr(0, 20);
  }
}

TEST(MemoryBound, OfUnorderedListsHoldsToo) {
  policy::Compare compare;
  compare.unordered = {"", "/*"};
  std::string live = "[[";
  while (live.size() < kMebibyte) live += "[1],null,";
  live += "0],[";
  for (int i = 0; i < 60000; ++i) live += "\"a\",";
  live += "1]]";
  Judge judge(policy::Protocol::Raw, compare);
  EXPECT_LT(peak_of(judge, answer_of(live), answer_of(live + " ")), 14);
}

TEST(MemoryBound, OfObjectsWhoseKeysAreInDifferentOrderHoldsToo) {
  std::string live = "{";
  std::string other = "{";
  for (int i = 0; i < 100000; ++i) {
    live += "\"" + std::to_string(i) + "\":1,";
    other += "\"" + std::to_string(99999 - i) + "\":1,";
  }
  Judge judge(policy::Protocol::Raw);
  EXPECT_LT(peak_of(judge, answer_of(live + "\"z\":1}"), answer_of(other + "\"z\":1}")), 14);
}

TEST(MemoryBound, OfBinaryTensorsIsNextToNothing) {
  Judge judge(policy::Protocol::OpenInference);
  EXPECT_LT(peak_of(judge, binary_tensor(0), binary_tensor(1)), 0.05);
}

TEST(MemoryBound, OfStreamsIsAFewTimesTheirBytes) {
  std::vector<std::string> live;
  for (int i = 0; i < 10000; ++i) {
    live.push_back(R"({"id":"c","choices":[{"index":0,"delta":{"content":"word)" + std::to_string(i) + R"( "}}]})");
  }
  std::vector<std::string> other = live;
  other[10] = R"({"choices":[{"index":0,"delta":{"content":"else "}}]})";
  Judge judge(policy::Protocol::OpenAi);
  // The table of the edit distance has its own bound.
  EXPECT_LT(peak_of(judge, stream_of(live), stream_of(other)), 6);
}

TEST(MemoryBound, IsGivenBackAfterALargePairAndKeptAfterUsualOnes) {
  Judge judge(policy::Protocol::OpenInference);
  const std::int64_t before = heap_bytes.load();
  std::string elements = "1";
  while (elements.size() < 4 * Comparer::kKept) elements += ",1.25";
  const Answer large = answer_of(tensor_of(elements, 1));
  const std::int64_t with_body = heap_bytes.load();
  EXPECT_NE(judge.tell(large, answer_of("{}")), "not compared");
  EXPECT_LT(heap_bytes.load() - with_body, static_cast<std::int64_t>(kMebibyte));
  EXPECT_GE(with_body, before);

  const Answer one = answer_of(json_tensor("0.5"));
  const Answer two = answer_of(json_tensor("0.7"));
  judge.judge(one, two);
  const std::int64_t calls = heap_calls.load();
  judge.judge(one, two);
  // The comparison's own texts and lists.
  EXPECT_LT(heap_calls.load() - calls, 40);
}

TEST(MemoryBound, OfWhatMakesBodiesReadyForPeopleIsGivenBackToo) {
  Redactor redactor;
  std::string body = "[1";
  while (body.size() < 4 * Redactor::kKept) body += ",1";
  const Answer whole = answer_of(body + "]");
  const Answer broken = answer_of(body);
  const std::int64_t before = heap_bytes.load();
  EXPECT_EQ(redactor.show(whole, {}, 4), "[1,1");
  EXPECT_LT(heap_bytes.load() - before, static_cast<std::int64_t>(kMebibyte));
  EXPECT_EQ(redactor.show(broken, {}, 4).front(), '<');
  EXPECT_LT(heap_bytes.load() - before, static_cast<std::int64_t>(kMebibyte));
  EXPECT_EQ(redactor.show(answer_of("[1,2]"), {}, 10), "[1,2]");
}

}  // namespace
}  // namespace sluice::compare
