#include "sluice/metrics/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace sluice::metrics {

namespace {

// Positions after the command's closing parenthesis, in the order of proc(5), which counts them from 3.
constexpr std::size_t kUserTime = 14 - 3;
constexpr std::size_t kSystemTime = 15 - 3;
constexpr std::size_t kThreads = 20 - 3;
constexpr std::size_t kStartTime = 22 - 3;
constexpr std::size_t kVirtualBytes = 23 - 3;
constexpr std::size_t kResidentPages = 24 - 3;
constexpr std::size_t kFields = kResidentPages + 1;

std::string slurp(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

/// When the kernel's clock began: the `btime` line of /proc/stat.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

std::uint64_t count_open_files() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // one of them was ours, for looking
}

}  // namespace

std::optional<ProcessStats> parse_process_stat(std::string_view text, double ticks, std::uint64_t page_bytes,
                                               double boot_time) {
  const std::size_t command_end = text.rfind(')');  // the command may hold spaces and parentheses itself
  if (command_end == std::string_view::npos || ticks <= 0) return std::nullopt;
  text.remove_prefix(command_end + 1);

  std::array<std::uint64_t, kFields> values{};
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    std::from_chars(word.data(), word.data() + word.size(), values[i]);  // the state and negative numbers stay 0
    text.remove_prefix(end);
  }

  ProcessStats stats;
  stats.cpu_seconds = static_cast<double>(values[kUserTime] + values[kSystemTime]) / ticks;
  stats.start_time_seconds = boot_time + static_cast<double>(values[kStartTime]) / ticks;
  stats.threads = values[kThreads];
  stats.virtual_bytes = values[kVirtualBytes];
  stats.resident_bytes = values[kResidentPages] * page_bytes;
  return stats;
}

std::optional<ProcessStats> read_process_stats() {
  static const double began = boot_time();
  auto stats = parse_process_stat(slurp("/proc/self/stat"), static_cast<double>(sysconf(_SC_CLK_TCK)),
                                  static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), began);
  if (!stats) return stats;
  stats->open_files = count_open_files();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats->open_files_limit = limit.rlim_cur;
  return stats;
}

}  // namespace sluice::metrics
