#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/cli/json_fields.hpp"
#include "sluice/rollout/simulation.hpp"

/// What `sluice simulate` prints.
namespace sluice::cli {

/// What was asked, for the head of the output.
struct Asked {
  std::string route;
  std::string strategy;
  std::optional<std::uint64_t> seed;  ///< none: nothing is drawn
  rollout::TrafficModel traffic;
  Duration longest{0};
  std::size_t unknown_checks = 0;
};

/// How often an expectation came true.
struct Verdict {
  rollout::Expectation expectation;
  std::vector<rollout::Run> runs;
  std::size_t met = 0;
  bool is_met() const noexcept;
};

/// "fraud (canary): 40 requests/s, 1% errors, 20ms; v2: 5% errors from 10m on; seed 1".
std::string asked_as_text(const Asked& asked);
/// One line per outcome, the most frequent first.
std::string outcomes_as_text(const std::vector<rollout::Run>& runs, bool colour);
Json outcomes_as_json(const std::vector<rollout::Run>& runs);

/// The journal with the time since the beginning, then how it ended.
std::string run_as_text(const rollout::Run& run, bool colour);
Json run_as_json(const rollout::Run& run);

std::string verdicts_as_text(const std::vector<Verdict>& verdicts, bool colour);
Json verdicts_as_json(const std::vector<Verdict>& verdicts);

Json asked_as_json(const Asked& asked);

}  // namespace sluice::cli
