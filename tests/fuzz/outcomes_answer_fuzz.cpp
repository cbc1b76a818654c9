#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>

#include "sluice/outcomes/answer_text.hpp"
#include "sluice/outcomes/answer_value.hpp"

// An answer in any bytes, whole and as a stream, in pieces of any size: the text stays within its bound, and what is
// read from it is a number within its bounds, a class, or a reason. The first two bytes say how it comes.

namespace {

using namespace sluice::outcomes;
using sluice::policy::AnswerPart;
using sluice::policy::OutcomeType;

void require(bool fact) {
  if (!fact) std::abort();
}

AnswerFields some_fields() {
  AnswerFields fields(5);
  fields[0].pointer = {"score"};
  fields[0].type = OutcomeType::Value;
  fields[1].pointer = {"outputs", "0", "data", "0"};
  fields[2].part = AnswerPart::Tensor;
  fields[2].type = OutcomeType::Value;
  fields[2].name = "score";
  fields[3].part = AnswerPart::Tokens;
  fields[3].type = OutcomeType::Value;
  fields[4].part = AnswerPart::TokensPerSecond;
  fields[4].type = OutcomeType::Value;
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::size_t limit = 2048;
  static const AnswerFields fields = some_fields();
  static AnswerParser parser;
  static AnswerText text;
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = 1 + data[1] % 64;
  text.begin(data[0] % 2 == 1, limit, 0);
  for (std::size_t at = 0; at < body.size(); at += piece) text.add(std::string_view(body).substr(at, piece));
  text.finish();
  require(text.text().size() <= limit);
  if (text.is_too_large()) require(text.text().empty());
  AnswerBody seen;
  seen.text = text.text();
  seen.json_bytes = data[0] / 2;
  seen.events = text.events();
  seen.took = std::chrono::milliseconds(data[1]);
  for (const AnswerField& field : fields) {
    float value = 0;
    if (parser.read(field, seen, value) != Unread::NotLooked) continue;
    require(std::isfinite(value) && std::abs(value) <= 1.1e15F);
    if (field.type == OutcomeType::Binary) require(value == 0 || value == 1);
  }
  for (AnswerField field : fields) {
    if (field.part == AnswerPart::Tokens || field.part == AnswerPart::TokensPerSecond) continue;
    field.purpose = ReadFor::Label;
    Label label;
    if (parser.read_label(field, seen, label) != Unread::NotLooked) continue;
    require(label.shown().size() <= label.text.size());
  }
  text.end();
  return 0;
}
