#pragma once

#include <chrono>
#include <string_view>

namespace sluice::app {

/// Tells the manager of services that started this process (systemd, `Type=notify`) how it is, in its own words, such
/// as `READY=1`. One datagram to the socket that `NOTIFY_SOCKET` names; does nothing when there is none or nobody reads
/// it. Waits for room, five seconds at most. Any thread, as long as nobody changes the environment meanwhile.
void tell_service_manager(std::string_view state) noexcept;

/// That the process is about to end, and that this may take so long: a drain that the policy allows is not cut short by
/// the manager's own patience.
void tell_service_manager_stopping(std::chrono::nanoseconds longest) noexcept;

}  // namespace sluice::app
