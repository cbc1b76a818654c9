#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

/// How decisions and what came of them stand in a log: one JSON object a line (NDJSON), decisions and outcomes mixed,
/// in the order in which they became known. docs/decision-log.md has every field.
namespace sluice::outcomes {

/// One thing that was known of a request when its version was chosen.
struct Feature {
  std::string name;
  std::variant<double, std::string> value;
  friend bool operator==(const Feature&, const Feature&) = default;
};

/// A version was chosen, and the request is over.
struct LoggedDecision {
  WallTime time{};  ///< whole milliseconds
  std::string route;
  std::uint64_t decision = 0;  ///< what its outcomes name; the nonce of its token
  std::string version;         ///< that was chosen, whoever answered
  double propensity = 1;       ///< the probability of that choice, (0, 1]
  std::uint64_t unit = 0;      ///< hash of who asked; 0: nobody known
  int status = 0;              ///< of the answer; 0: none came
  double latency = 0;          ///< seconds, head sent to the endpoint … last byte read; 0: no answer
  std::vector<Feature> context;
  friend bool operator==(const LoggedDecision&, const LoggedDecision&) = default;
};

/// Something was reported about a decision.
struct LoggedOutcome {
  WallTime time{};  ///< when it was reported
  std::string route;
  std::uint64_t decision = 0;
  std::string outcome;
  double value = 0;
  friend bool operator==(const LoggedOutcome&, const LoggedOutcome&) = default;
};

using LogEntry = std::variant<LoggedDecision, LoggedOutcome>;

/// Adds the line, with its end.
void append_line(const LoggedDecision& entry, std::string& out);
void append_line(const LoggedOutcome& entry, std::string& out);

/// Reads lines that append_line() wrote; members that it does not know are passed over, so that a newer log can be
/// read. One thread; keeps its memory from line to line. About a microsecond a line.
class LogLineReader {
 public:
  LogLineReader();
  ~LogLineReader();
  LogLineReader(const LogLineReader&) = delete;
  LogLineReader& operator=(const LogLineReader&) = delete;

  /// Fails with one sentence on a line that is no entry.
  Result<LogEntry> read(std::string_view line);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sluice::outcomes
