#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

const Type& type_of(Tag<FromAnswer> /*tag*/) {
  static const Type type = [] {
    Declaration<FromAnswer> d("FromAnswer",
                              "Where in an answer a value stands; exactly one place. Nobody reports it then.");
    d.field("header", &FromAnswer::name, "The value of this response header.")
        .format(header_name_format)
        .one_of("place")
        .selects(&FromAnswer::part, AnswerPart::Header);
    d.field("jsonPointer", &FromAnswer::name,
            "A value in the JSON body, as an RFC 6901 pointer such as `/score`; of a list its first value, of a stream "
            "in its last object.")
        .format(json_pointer_format)
        .one_of("place")
        .selects(&FromAnswer::part, AnswerPart::JsonPointer);
    d.field("tensor", &FromAnswer::name,
            "The first element of this output, with `protocol: OpenInference`; also of a binary one.")
        .format(any_text_format)
        .one_of("place")
        .selects(&FromAnswer::part, AnswerPart::Tensor);
    d.word("tokens",
           "Output tokens, with `protocol: OpenAI`: `/usage/completion_tokens`, or how many objects the stream had.")
        .one_of("place")
        .selects(&FromAnswer::part, AnswerPart::Tokens);
    d.word("tokensPerSecond", "These by the time from the request's head to the answer's last byte, at the endpoint.")
        .one_of("place")
        .selects(&FromAnswer::part, AnswerPart::TokensPerSecond);
    d.field("sample", &FromAnswer::sample, "Share of the answers that are read.").between(0_pct, 100_pct);
    d.field("bodyBytes", &FromAnswer::body_bytes, "Larger bodies, or events of a stream, are not read.")
        .between(1_KiB, 1_MiB);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Drift> /*tag*/) {
  static const Type type = [] {
    Declaration<Drift> d("Drift",
                         "What of the answers is watched for a change of how it is distributed; at least one of the "
                         "two. A change begins to count anew.");
    d.field("score", &Drift::score, "A number.");
    d.field("label", &Drift::label, "The predicted class: a text or a whole number; not a number of tokens.");
    d.field("reference", &Drift::reference,
            "So many of the stable version's first values are kept as what all later ones are also compared with.")
        .between(100, 1'000'000);
    d.rule(check_drift);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
