#include "sluice/strategy/evidence.hpp"

#include <algorithm>

namespace sluice::strategy {

const VersionEvidence* Evidence::find(std::string_view version) const noexcept {
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [&](const VersionEvidence& seen) { return seen.version == version; });
  return found == versions.end() ? nullptr : &*found;
}

const EndpointEvidence* Evidence::find_endpoint(std::string_view version, std::string_view authority) const noexcept {
  const auto found = std::find_if(endpoints.begin(), endpoints.end(), [&](const EndpointEvidence& seen) {
    return seen.version == version && seen.authority == authority;
  });
  return found == endpoints.end() ? nullptr : &*found;
}

Evidence without_samples(const Evidence& evidence) {
  Evidence made;
  made.window = evidence.window;
  made.endpoints = evidence.endpoints;
  made.errands = evidence.errands;
  made.queries = evidence.queries;
  for (const auto& version : evidence.versions) {
    VersionEvidence& bare = made.versions.emplace_back();
    bare.version = version.version;
    bare.in_flight = version.in_flight;
    bare.endpoints = version.endpoints;
    bare.usable = version.usable;
    bare.unchecked = version.unchecked;
  }
  return made;
}

bool is_usable(const Evidence& evidence, std::string_view version) noexcept {
  const VersionEvidence* seen = evidence.find(version);
  return seen == nullptr || seen->usable > 0;
}

bool is_unchecked(const Evidence& evidence, std::string_view version) noexcept {
  const VersionEvidence* seen = evidence.find(version);
  return seen != nullptr && seen->usable == 0 && seen->unchecked > 0;
}

}  // namespace sluice::strategy
