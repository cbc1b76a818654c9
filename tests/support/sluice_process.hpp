#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.hpp"
#include "support/metrics_text.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {

/// `sluice serve` of this build, run on a policy in a directory of its own.
///
/// The end of the object drains it (SIGTERM), and fails the test if it crashed or a sanitizer spoke.
class SluiceProcess {
 public:
  /// Starts and waits for `ready`; throws with its stderr when it does not come up.
  explicit SluiceProcess(std::string_view policy, std::vector<std::string> arguments = {});
  /// Serves a file or directory that the test looks after. What a symlink points to may change later.
  static SluiceProcess serve_path(const std::filesystem::path& path, std::vector<std::string> arguments = {});
  ~SluiceProcess();

  /// The n-th data listener, in policy order.
  std::uint16_t port(std::size_t listener = 0) const;
  std::uint16_t metrics_port() const { return metrics_port_; }
  std::uint16_t admin_port() const { return admin_port_; }
  const std::filesystem::path& policy_path() const noexcept { return path_; }
  ChildProcess& process() noexcept { return process_; }

  /// Replaces the policy file by a rename; the gateway notices by itself.
  void write_policy(std::string_view policy) const { replace_file(path_, policy); }
  void signal(int number) const { process_.signal(number); }
  /// How it ended, after which the destructor has nothing to drain.
  ExitStatus wait(std::chrono::milliseconds patience = kPatience) { return process_.wait(patience); }
  std::string logs() const { return process_.err(); }
  bool logs_contain(std::string_view text, std::chrono::milliseconds patience = kPatience) {
    return process_.says(text, patience);
  }

  /// One scrape of /metrics.
  MetricsText metrics() const;
  /// Waits until the series has the value; what it had last otherwise.
  double metric_becomes(double value, std::string_view name, const Labels& labels = {}) const;

 private:
  SluiceProcess(const std::filesystem::path& path, std::vector<std::string> arguments, int);
  void read_ports();

  TempDir dir_;
  std::filesystem::path path_;
  ChildProcess process_;
  std::vector<std::uint16_t> ports_;
  std::uint16_t metrics_port_ = 0;
  std::uint16_t admin_port_ = 0;
};

/// `sluice serve` that is expected not to come up: runs to its end.
Finished serve_and_fail(std::string_view policy);

}  // namespace sluice::test
