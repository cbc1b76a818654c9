#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/base/rotating_file.hpp"
#include "sluice/outcomes/decision.hpp"

namespace sluice::outcomes {

inline constexpr std::size_t max_features = 16;

/// A decision whose request is over, as a worker tells it: of one size, without names.
struct DecisionRecord {
  Decision decision;
  std::int32_t status = 0;  ///< of the answer; 0: none came
  float latency = 0;        ///< seconds; 0: no answer
  std::uint8_t features = 0;
  /// A number as it was read, a category as its place among the known ones; NaN: the request had none.
  std::array<float, max_features> context{};
};

/// What a route's records need to become lines.
struct LoggedRoute {
  std::string name;
  std::vector<std::string> versions;
  struct Context {
    std::string name;
    std::vector<std::string> categories;  ///< empty: a number
  };
  std::vector<Context> context;
  double ratio = 0;  ///< share of its decisions that are logged, 0…1; 0: none
};

/// Writes decisions and outcomes into a rotating file, on a thread of its own: a worker only copies a record into a
/// ring of its own, and a disk that is slow or full costs lines, never requests.
class DecisionLogger {
 public:
  struct Options {
    std::string path;
    RotatingFile::Limits limits;
    std::size_t workers = 1;
    std::size_t records = 8192;   ///< that may wait, of each worker
    std::size_t reports = 65536;  ///< outcomes that may wait
  };

  /// Opens the file and starts the thread. Fails with one sentence.
  static Result<std::unique_ptr<DecisionLogger>> start(const Options& options);
  /// Writes what waits.
  ~DecisionLogger();
  DecisionLogger(const DecisionLogger&) = delete;
  DecisionLogger& operator=(const DecisionLogger&) = delete;

  /// The routes that are in force from now on; records of others are passed over. Any thread.
  void set_routes(std::vector<LoggedRoute> routes);

  /// The worker's thread, some ten nanoseconds. Whether it is logged hangs on the decision's nonce alone, so that it is
  /// the same for its outcomes.
  void note(std::size_t worker, const DecisionRecord& record) noexcept;
  /// Something was reported about a decision. Any thread.
  void report(const Decision& decision, std::string_view outcome, double value, WallTime now);

  /// Lines that were lost since the start: no room, or the disk failed. Any thread.
  std::uint64_t lost() const noexcept;
  /// Writes what waits now; for tests and before a file is read. Any thread.
  void flush();

 private:
  class Impl;
  explicit DecisionLogger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::outcomes
