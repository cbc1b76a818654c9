#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/comparison.hpp"
#include "sluice/compare/kept_pairs.hpp"

// Two answers in any bytes, compared by every protocol: nothing breaks, what is told stays within its bounds, an answer
// is never unlike itself, and whichever is live, they differ or not. The first byte chooses the protocol and how the
// bodies come, the byte 0x1E ends the first of them; where there is none both are the same.

namespace {

using namespace sluice::compare;
using sluice::policy::AnswerPart;
using sluice::policy::Protocol;

void require(bool fact) {
  if (!fact) std::abort();
}

CompareRules some_rules(Protocol protocol) {
  sluice::policy::Compare compare;
  compare.ignore = {"/id", "/*/at"};
  // With a tolerance it may hang on which list is searched what finds its like in an unordered one.
  if (protocol == Protocol::Raw || protocol == Protocol::Vertex) {
    compare.unordered = {"/tags", "/*/*"};
  } else {
    compare.tolerance = 0.01;
    compare.ulps = 2;
    compare.edit_ratio = 0.1;
  }
  sluice::policy::TensorRule rule;
  rule.name = "scores";
  rule.by = sluice::policy::Agreement::TopK;
  rule.top = 2;
  if (protocol == Protocol::OpenInference) compare.tensors = {rule};
  sluice::policy::Drift drift;
  drift.score.emplace();
  drift.score->part = protocol == Protocol::OpenInference ? AnswerPart::Tensor : AnswerPart::JsonPointer;
  drift.score->name = protocol == Protocol::OpenInference ? "scores" : "/predictions/0";
  drift.label.emplace();
  drift.label->name = "/label";
  return CompareRules(protocol, compare, drift);
}

Answer some_answer(std::string body, std::uint8_t how, std::size_t json_bytes) {
  Answer answer;
  answer.status = 200;
  answer.complete = true;
  answer.latency = 0.1F;
  answer.events = (how & 64) != 0;
  if ((how & 128) != 0) answer.json_bytes = json_bytes;
  answer.body = std::move(body);
  return answer;
}

void check(const Comparison& found) {
  require(found.differences.size() <= max_differences);
  require(found.outputs.size() <= max_outputs);
  const double severity = severity_beyond(found.differences, [](const Difference&) { return true; });
  require(severity >= 0 && severity <= 1);
  require((severity > 0) == !found.differences.empty());
  require(found.flips <= found.rows);
  require(found.relative_difference >= 0 && found.relative_difference <= 2);
  for (const Difference& one : found.differences) {
    require(std::isfinite(one.size) && one.size >= 0 && one.count > 0);
    require(!one.field.empty() && one.field.size() <= 256);
  }
  if (found.live_score) require(std::abs(*found.live_score) <= 1e15);
  require(found.live_label_text.size() <= 64 && found.other_label_text.size() <= 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static const std::vector<CompareRules> rules = [] {
    std::vector<CompareRules> made;
    for (const Protocol protocol : {Protocol::OpenInference, Protocol::KServeV1, Protocol::OpenAi, Protocol::SageMaker,
                                    Protocol::Vertex, Protocol::Raw}) {
      made.push_back(some_rules(protocol));
    }
    return made;
  }();
  static Comparer comparer;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = rest.find('\x1E');
  // Where the JSON ends, or seems to.
  const auto json_end = [](const std::string& body) { return body.rfind('}') + 1; };
  const std::string first = rest.substr(0, cut);
  const std::string second = cut == std::string::npos ? first : rest.substr(cut + 1);
  const CompareRules& by = rules[data[0] % rules.size()];
  const Answer live = some_answer(first, data[0], json_end(first));
  const Answer other = some_answer(second, data[0], json_end(second));
  const Comparison found = comparer.compare(by, live, other);
  check(found);
  const Comparison back = comparer.compare(by, other, live);
  check(back);
  require(found.compared == back.compared && found.differences.empty() == back.differences.empty());
  const Comparison itself = comparer.compare(by, live, live);
  check(itself);
  require(itself.differences.empty() && itself.flips == 0);
  if (first == second) require(found.differences.empty());
  return 0;
}
