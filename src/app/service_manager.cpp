#include "sluice/app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sluice::app {

namespace {

constexpr timeval kPatience{5, 0};

}  // namespace

void tell_service_manager(std::string_view state) noexcept {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const std::size_t length = path == nullptr ? 0 : std::strlen(path);
  if (length < 2 || length >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) return;
  std::memcpy(to.sun_path, path, length);
  if (path[0] == '@') to.sun_path[0] = '\0';  // the abstract namespace, whose names begin with a zero byte
  const int socket_number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_number < 0) return;
  // While a machine starts, many services speak at once: there may be no room for a moment.
  setsockopt(socket_number, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // Nobody is left to be told that nobody listens.
  static_cast<void>(
      sendto(socket_number, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size));
  close(socket_number);
}

void tell_service_manager_stopping(std::chrono::nanoseconds longest) noexcept {
  std::array<char, 96> text{};
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(longest).count();
  const int length = std::snprintf(text.data(), text.size(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=%lld",
                                   static_cast<long long>(microseconds));
  tell_service_manager({text.data(), static_cast<std::size_t>(length)});
}

}  // namespace sluice::app
