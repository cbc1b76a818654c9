#pragma once

#include <string>
#include <vector>

#include "sluice/policy/problem.hpp"

namespace sluice::cli {

/// For people: each problem with its line and a caret, then one line that counts.
std::string problems_as_text(const std::vector<policy::Problem>& problems, bool colour);

/// For programs: `{"ok":…,"errors":n,"warnings":n,"problems":[…]}`, one line.
std::string problems_as_json(const std::vector<policy::Problem>& problems);

/// For GitHub Actions: one workflow command per problem, shown beside the changed lines of a pull request.
std::string problems_as_github(const std::vector<policy::Problem>& problems);

}  // namespace sluice::cli
