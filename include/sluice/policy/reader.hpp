#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/policy/policy_set.hpp"

namespace sluice::policy {

/// The text of one policy file and the name under which problems report it.
struct Source {
  std::string name;
  std::string text;
};

struct Reading {
  PolicySet set;                  ///< only to be used when ok()
  std::vector<Problem> problems;  ///< errors and warnings of all sources, sorted

  bool ok() const noexcept;
};

/// Reads any bytes as a policy: never throws, never crashes, reports every problem of every source in one run.
Reading read(std::span<const Source> sources);

/// The texts behind a file, or behind a directory: its `*.yaml` and `*.yml` by name, hidden entries left out (so a
/// mounted ConfigMap works). At most 1 MiB and one byte is read of each, so that `read` can refuse what is larger.
Result<std::vector<Source>> load_sources(const std::filesystem::path& path);

/// load_sources() and read() in one; what cannot be opened becomes a problem.
Reading read_path(const std::filesystem::path& path);

}  // namespace sluice::policy
