#pragma once

#include <cstdint>
#include <filesystem>

namespace sluice::app {

/// How much memory the control group of this process, and every group around it, lets it use, in bytes; 0 when nothing
/// limits it, or nobody can tell. Reads some small files of the kernel, of both versions of control groups, below
/// `root`; never throws.
std::uint64_t memory_limit(const std::filesystem::path& root = "/") noexcept;

}  // namespace sluice::app
