#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {

const VersionEvidence& evidence_of(const Evidence& evidence, const RolloutState& state, std::string_view version) {
  static const VersionEvidence nothing;
  const VersionEvidence* found = evidence.window == state.window ? evidence.find(version) : nullptr;
  return found == nullptr ? nothing : *found;
}

std::uint32_t usable_endpoints(const Evidence& evidence, std::string_view version) {
  const VersionEvidence* found = evidence.find(version);
  return found == nullptr ? 0 : found->usable;
}

std::string usable_text(const Evidence& evidence, std::string_view version) {
  const VersionEvidence* found = evidence.find(version);
  if (found == nullptr) return "nothing is known of its endpoints yet";
  const std::string text =
      std::to_string(found->usable) + " of " + std::to_string(found->endpoints) + " endpoints are usable";
  return found->unchecked == 0 ? text : text + ", " + std::to_string(found->unchecked) + " not checked yet";
}

}  // namespace sluice::strategy
