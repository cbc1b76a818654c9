#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/redaction.hpp"

// What is shown of a body in any bytes: it stays within its bound, showing what was shown changes nothing, and of a
// value under a pointer nothing is left, whatever it is.

namespace {

using namespace sluice::compare;

void require(bool fact) {
  if (!fact) std::abort();
}

constexpr std::size_t kWhole = 1 << 20;

bool is_size_only(std::string_view shown) {
  constexpr std::string_view tail = " bytes, not shown>";
  return shown.size() > tail.size() && shown.front() == '<' && shown.substr(shown.size() - tail.size()) == tail;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kWhole / 8) return 0;
  static Redactor redactor;
  const auto show = [](std::string body, const std::vector<std::string>& pointers, std::size_t most) {
    Answer answer;
    answer.body = std::move(body);
    return redactor.show(answer, pointers, most);
  };
  const std::string body(reinterpret_cast<const char*>(data), size);
  // What nests almost as deep as may be read does not fit into something else.
  if (std::count_if(body.begin(), body.end(), [](char one) { return one == '[' || one == '{'; }) > 1000) return 0;
  const std::string shown = show(body, {}, kWhole);
  if (is_size_only(shown)) return 0;
  require(show(shown, {}, kWhole) == shown);
  const std::string cut = show(body, {}, size / 2);
  require(cut.size() <= size / 2 && shown.compare(0, cut.size(), cut) == 0);
  require(show(body, {""}, kWhole) == "\"<redacted>\"");
  require(show("{\"secret\":" + body + ",\"open\":1}", {"/secret"}, kWhole) == R"({"secret":"<redacted>","open":1})");
  require(show("[[" + body + "],{\"secret\":" + body + "}]", {"/0", "/*/secret"}, kWhole) ==
          R"(["<redacted>",{"secret":"<redacted>"}])");
  const std::string twice = show(body, {"/*/*", "/0"}, kWhole);
  require(show(twice, {"/*/*", "/0"}, kWhole) == twice);
  return 0;
}
