#include "sluice/app/memory_limit.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// What a file says; `max`, no file and the huge number that stands for "none" in version 1 are no limit.
std::uint64_t limit_in(const fs::path& file) {
  std::ifstream stream(file);
  std::string text;
  std::uint64_t bytes = 0;
  if (!(stream >> text)) return unlimited;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size()) return unlimited;
  return bytes < (1ull << 60) ? bytes : unlimited;
}

/// The tightest limit of a group and all around it. In a container the group's own path may not exist here: then what
/// is around it is the container.
std::uint64_t tightest(const fs::path& mount, std::string_view group, const char* file) {
  std::uint64_t least = limit_in(mount / file);
  fs::path folder = mount;
  for (const fs::path& part : fs::path(group).relative_path()) {
    folder /= part;
    least = std::min(least, limit_in(folder / file));
  }
  return least;
}

bool names_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t end = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, end) == "memory") return true;
    controllers.remove_prefix(std::min(end + 1, controllers.size()));
  }
  return false;
}

std::uint64_t read_limit(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  std::uint64_t least = unlimited;
  // Lines are `0::/group` in version 2 and `5:memory,other:/group` in version 1.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view all = line;
    const std::string_view controllers = all.substr(first + 1, second - first - 1);
    const std::string_view group = all.substr(second + 1);
    if (controllers.empty()) {
      least = std::min(least, tightest(mount, group, "memory.max"));
      least = std::min(least, tightest(mount / "unified", group, "memory.max"));
    } else if (names_memory(controllers)) {
      least = std::min(least, tightest(mount / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return least == unlimited ? 0 : least;
}

}  // namespace

std::uint64_t memory_limit(const fs::path& root) noexcept {
  try {
    return read_limit(root);
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace sluice::app
