#include "sluice/policy/gateway.hpp"

#include <algorithm>

namespace sluice::policy {

std::vector<std::string> changes_needing_restart(const Gateway& before, const Gateway& after) {
  std::vector<std::string> paths;
  const auto note = [&](bool changed, const char* path) {
    if (changed) paths.emplace_back(path);
  };
  const auto same_address = [](const Listener& a, const Listener& b) { return a.address == b.address; };
  note(!std::equal(before.listeners.begin(), before.listeners.end(), after.listeners.begin(), after.listeners.end(),
                   same_address),
       "spec.listeners");
  note(!(before.metrics.address == after.metrics.address), "spec.metrics.address");
  note(!(before.admin.address == after.admin.address), "spec.admin.address");
  note(!(before.workers == after.workers), "spec.workers");
  note(!(before.state == after.state), "spec.state");
  note(before.log.format != after.log.format, "spec.log.format");
  return paths;
}

}  // namespace sluice::policy
