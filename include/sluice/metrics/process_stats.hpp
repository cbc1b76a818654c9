#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::metrics {

/// What the kernel says about this process.
struct ProcessStats {
  double cpu_seconds = 0;         ///< user and system time since the start
  double start_time_seconds = 0;  ///< Unix time
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_limit = 0;
};

/// Reads /proc/self; nothing where that is missing. Cold path: a few system calls.
std::optional<ProcessStats> read_process_stats();

/// The parts of it that stand in the text of /proc/PID/stat; nothing when it is not such a text. `ticks` and
/// `page_bytes` are the kernel's units, `boot_time` (Unix seconds) is when its clock began.
std::optional<ProcessStats> parse_process_stat(std::string_view text, double ticks, std::uint64_t page_bytes,
                                               double boot_time);

}  // namespace sluice::metrics
