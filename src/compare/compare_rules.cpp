#include "sluice/compare/compare_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::compare {

namespace {

using policy::Protocol;

/// Fields that name what answered. Two versions never agree there, and that is no fault.
std::vector<std::string_view> names_of_the_version(Protocol protocol) {
  switch (protocol) {
    case Protocol::OpenInference:
    case Protocol::KServeV1:
      return {"/model_name", "/model_version"};
    case Protocol::OpenAi:
      return {"/model", "/system_fingerprint"};
    case Protocol::Vertex:
      return {"/deployedModelId", "/model", "/modelDisplayName", "/modelVersionId"};
    case Protocol::SageMaker:
    case Protocol::Raw:
      return {};
  }
  return {};
}

FieldRules make_fields(Protocol protocol, const policy::Compare& compare) {
  FieldRules fields;
  for (const std::string& pointer : compare.pointers) fields.add(pointer, FieldMark::Wanted);
  for (const std::string& pointer : compare.ignore) fields.add(pointer, FieldMark::Ignored);
  for (const std::string& pointer : compare.unordered) fields.add(pointer, FieldMark::Unordered);
  if (compare.pointers.empty()) {
    for (const std::string_view pointer : names_of_the_version(protocol)) fields.add(pointer, FieldMark::Ignored);
  }
  // Where the bytes are, not what they are.
  if (protocol == Protocol::OpenInference) fields.add("/outputs/*/parameters/binary_data_size", FieldMark::Ignored);
  fields.make_ready();
  return fields;
}

OutputRules make_output(const policy::TensorRule& rule, const OutputRules& usual) {
  OutputRules made = usual;
  made.name = rule.name;
  for (ElementRules* elements : {&made.floats, &made.integers}) {
    elements->by = rule.by;
    elements->top = std::max<std::size_t>(rule.top, 1);
    elements->overlap = rule.overlap.fraction;
    if (rule.tolerance) elements->tolerance.relative = *rule.tolerance;
    if (rule.absolute_tolerance) elements->tolerance.absolute = *rule.absolute_tolerance;
    if (rule.ulps) elements->tolerance.ulps = *rule.ulps;
  }
  made.integers.tolerance.ulps = 0;
  return made;
}

std::optional<DriftField> make_drift(const std::optional<policy::FromAnswer>& from) {
  if (!from) return std::nullopt;
  DriftField field;
  field.part = from->part;
  field.name = from->name;
  if (from->part == policy::AnswerPart::JsonPointer) field.pointer = pointer_tokens(from->name);
  return field;
}

}  // namespace

const OutputRules& CompareRules::Impl::output(std::string_view name) const noexcept {
  const auto own =
      std::find_if(outputs.begin(), outputs.end(), [&](const OutputRules& one) { return one.name == name; });
  return own == outputs.end() ? usual_output : *own;
}

CompareRules::CompareRules(policy::Protocol protocol, std::optional<policy::Compare> compare,
                           std::optional<policy::Drift> drift) {
  auto made = std::make_unique<Impl>();
  made->protocol = protocol;
  made->has_bodies = compare.has_value();
  if (compare) {
    made->fields = make_fields(protocol, *compare);
    made->walk.tolerance = {compare->tolerance, compare->absolute_tolerance, compare->ulps};
    made->walk.edit_ratio = compare->edit_ratio;
    made->walk.is_chat = protocol == Protocol::OpenAi;
    made->walk.has_predictions = protocol != Protocol::OpenAi && protocol != Protocol::OpenInference;
    made->usual_output.floats.tolerance = made->walk.tolerance;
    for (const policy::TensorRule& rule : compare->tensors) {
      made->outputs.push_back(make_output(rule, made->usual_output));
    }
  }
  made->walk.fields = &made->fields;
  if (drift) {
    made->score = make_drift(drift->score);
    made->label = make_drift(drift->label);
  }
  impl_ = std::move(made);
}

CompareRules::~CompareRules() = default;
CompareRules::CompareRules(CompareRules&&) noexcept = default;
CompareRules& CompareRules::operator=(CompareRules&&) noexcept = default;

}  // namespace sluice::compare
