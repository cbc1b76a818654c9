#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/patience.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {

/// How a process ended.
struct ExitStatus {
  int code = -1;   ///< what it returned; -1 when a signal ended it
  int signal = 0;  ///< what killed it, or 0
};

/// A program started by a test, its output kept in files, killed with the test. Ends only what it started.
class ChildProcess {
 public:
  /// `arguments[0]` is the program, looked up in PATH. Throws when it cannot be started.
  explicit ChildProcess(std::vector<std::string> arguments, const std::string& standard_input = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  std::string out() const { return read_file(dir_ / "stdout"); }
  std::string err() const { return read_file(dir_ / "stderr"); }

  void signal(int number) const;
  bool is_running();
  /// How it ended; throws TimedOut when it still runs.
  ExitStatus wait(std::chrono::milliseconds patience = kPatience);
  /// Waits for `text` on stdout (or stderr): false when it ended or the patience did.
  bool says(std::string_view text, std::chrono::milliseconds patience = kPatience);

  /// Resident memory now and at its highest, in bytes.
  std::uint64_t resident() const { return status_field("VmRSS:"); }
  std::uint64_t resident_high_water() const { return status_field("VmHWM:"); }
  /// Lets resident_high_water() start anew from what is resident now.
  void forget_high_water() const;
  std::size_t open_files() const;
  std::size_t threads() const;

 private:
  std::uint64_t status_field(std::string_view name) const;

  TempDir dir_;
  pid_t pid_ = -1;
  std::optional<ExitStatus> ended_;
};

/// Runs a program to its end.
struct Finished {
  ExitStatus exit;
  std::string out;
  std::string err;
};
Finished run(std::vector<std::string> arguments, const std::string& standard_input = {},
             std::chrono::milliseconds patience = kPatience);

/// The daemon under test: SLUICE_BINARY of the environment, else where this build put it.
std::string sluice_binary();

}  // namespace sluice::test
