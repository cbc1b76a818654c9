#pragma once

#include <cstddef>

namespace sluice::traffic {

/// How often this thread has called operator new in this test binary.
std::size_t allocations_of_this_thread() noexcept;

}  // namespace sluice::traffic
