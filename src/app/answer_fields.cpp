#include "sluice/app/answer_fields.hpp"

#include <algorithm>
#include <cctype>
#include <type_traits>
#include <utility>
#include <variant>

#include "sluice/traffic/json_value.hpp"

namespace sluice::app {

namespace {

template <typename Choice>
bool learns_from_contexts(const Choice& strategy) {
  if (const auto* bandit = std::get_if<policy::Bandit>(&strategy)) {
    return bandit->algorithm == policy::BanditAlgorithm::LinearThompson;
  }
  if constexpr (std::is_same_v<Choice, policy::Strategy>) {
    if (const auto* stages = std::get_if<policy::Stages>(&strategy)) {
      return std::any_of(stages->stages.begin(), stages->stages.end(),
                         [](const policy::Stage& stage) { return learns_from_contexts(stage.strategy); });
    }
  }
  return false;
}

outcomes::AnswerField to_field(const policy::FromAnswer& from, outcomes::ReadFor purpose, policy::OutcomeType type) {
  outcomes::AnswerField field;
  field.purpose = purpose;
  field.part = from.part;
  field.type = type;
  field.name = from.name;
  field.sample = from.sample.fraction;
  field.body_bytes = from.body_bytes.count;
  if (field.part == policy::AnswerPart::Header) {
    std::transform(field.name.begin(), field.name.end(), field.name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  } else if (field.part == policy::AnswerPart::JsonPointer) {
    // One that is none leads nowhere; the policy's reader has refused it.
    if (auto pointer = traffic::parse_json_pointer(field.name)) field.pointer = std::move(pointer).value();
  }
  return field;
}

}  // namespace

std::shared_ptr<const outcomes::AnswerFields> answer_fields(const policy::ModelRoute& route) {
  outcomes::AnswerFields fields;
  for (const policy::Outcome& outcome : route.outcomes) {
    if (!outcome.from || fields.size() >= outcomes::max_answer_outcomes) continue;
    fields.push_back(to_field(*outcome.from, outcomes::ReadFor::Outcome, outcome.type));
  }
  if (route.drift && route.drift->score) {
    fields.push_back(to_field(*route.drift->score, outcomes::ReadFor::Score, policy::OutcomeType::Value));
  }
  if (route.drift && route.drift->label) {
    fields.push_back(to_field(*route.drift->label, outcomes::ReadFor::Label, policy::OutcomeType::Value));
  }
  if (fields.empty()) return nullptr;
  return std::make_shared<const outcomes::AnswerFields>(std::move(fields));
}

bool is_observed(const policy::ModelRoute& route) {
  return learns_from_contexts(route.strategy) || route.drift ||
         std::any_of(route.outcomes.begin(), route.outcomes.end(),
                     [](const policy::Outcome& outcome) { return outcome.from.has_value(); });
}

}  // namespace sluice::app
