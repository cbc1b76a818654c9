#include <algorithm>
#include <cstddef>
#include <string>

#include "sluice/policy/metrics.hpp"
#include "sluice/policy/references.hpp"
#include "sluice/policy/rules.hpp"

namespace sluice::policy {

namespace {

/// As many as one observation has room for.
constexpr std::size_t most_answer_outcomes = 4;

void check_place(const FromAnswer& from, Protocol protocol, const Cursor& at) {
  const auto needs = [&](std::string_view place, Protocol wanted) {
    if (protocol == wanted) return;
    at.at(place).error(Code::NotTogether, "only answers of protocol " + std::string(to_string(wanted)) + " have it");
  };
  if (from.part == AnswerPart::Tensor) needs("tensor", Protocol::OpenInference);
  if (from.part == AnswerPart::Tokens) needs("tokens", Protocol::OpenAi);
  if (from.part == AnswerPart::TokensPerSecond) needs("tokensPerSecond", Protocol::OpenAi);
  if (from.part == AnswerPart::Header && at.at("bodyBytes").written()) {
    at.at("bodyBytes").error(Code::NotTogether, "for a header no body is read");
  }
}

bool names_token_rate(const References& references) {
  const auto is_it = [](const std::string& name) { return name == token_rate_metric; };
  return std::any_of(references.metrics.begin(), references.metrics.end(),
                     [&](const Reference& one) { return is_it(one.name); }) ||
         std::any_of(references.checks.begin(), references.checks.end(),
                     [&](const CheckReference& one) { return !one.check->prometheus && is_it(one.check->metric); });
}

}  // namespace

void check_drift(const Drift& drift, const Cursor& at) {
  if (!at.at("score").meant() && !at.at("label").meant()) {
    at.error(Code::NeedsAnother, "needs score or label, and where in an answer it stands");
  }
  if (!drift.label) return;
  const bool tokens = drift.label->part == AnswerPart::Tokens;
  if (tokens || drift.label->part == AnswerPart::TokensPerSecond) {
    at.at("label")
        .at(tokens ? "tokens" : "tokensPerSecond")
        .error(Code::NotTogether, "a number of tokens is no class; watch it as score");
  }
}

void check_answer_outcomes(const ModelRoute& route, const Cursor& at) {
  if (route.drift) {
    const Cursor drift = at.at("drift");
    if (route.drift->score) check_place(*route.drift->score, route.protocol, drift.at("score"));
    if (route.drift->label) check_place(*route.drift->label, route.protocol, drift.at("label"));
  }
  std::size_t read = 0;
  for (std::size_t i = 0; i < route.outcomes.size(); ++i) {
    const Outcome& outcome = route.outcomes[i];
    if (!outcome.from) continue;
    const Cursor here = at.at("outcomes").at(i);
    if (++read == most_answer_outcomes + 1) {
      here.at("from").error(Code::ItemCount, "at most 4 outcomes of a route are read from its answers");
    }
    check_place(*outcome.from, route.protocol, here.at("from"));
    if (here.at("attributionWindow").written()) {
      here.at("attributionWindow").error(Code::NotTogether, "a value that stands in the answer comes with it");
    }
  }
}

void complete_route(ModelRoute& route, const Cursor& at) {
  const auto read = std::count_if(route.outcomes.begin(), route.outcomes.end(),
                                  [](const Outcome& outcome) { return outcome.from.has_value(); });
  const bool is_read =
      route.protocol == Protocol::OpenAi && names_token_rate(collect_references(route.strategy, at.at("strategy")));
  check_route(route, at);
  if (!is_read) return;
  if (static_cast<std::size_t>(read) == most_answer_outcomes) {
    at.at("outcomes").error(Code::ItemCount, "with tokens-per-second there are more than 4 that are read from answers");
  }
  Outcome rate;
  rate.name = token_rate_metric;
  rate.type = OutcomeType::Value;
  rate.from = FromAnswer{.part = AnswerPart::TokensPerSecond, .name = {}};
  rate.position = route.position;
  route.outcomes.push_back(std::move(rate));
}

}  // namespace sluice::policy
