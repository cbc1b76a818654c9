#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "sluice/policy/reader.hpp"

/// Any bytes are read without a crash; whatever is reported can be shown, and a policy without errors stays one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::policy::Source;
  const std::vector<Source> sources{{"fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size)}};
  const auto reading = sluice::policy::read(sources);
  for (const auto& problem : reading.problems) {
    const std::string text = describe(problem);
    if (text.find('[' + problem.code + ']') == std::string::npos) std::abort();
    if (problem.caret > problem.source_line.size()) std::abort();
  }
  if (reading.ok() != sluice::policy::read(sources).ok()) std::abort();
  if (reading.ok() && reading.set.gateway.listeners.empty()) std::abort();
  for (const auto& route : reading.set.routes) {
    if (reading.ok() && (route.name.empty() || route.versions.empty())) std::abort();
  }
  return 0;
}
