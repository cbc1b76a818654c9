#include "sluice/app/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>

#include "support/temp_dir.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

/// What systemd is to a service: a socket, and its name in the environment. A name with '@' is in the abstract
/// namespace.
class FakeManager {
 public:
  explicit FakeManager(const std::string& name) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, name.data(), name.size());
    if (name.front() == '@') address_.sun_path[0] = '\0';
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address_), size_), 0) << name;
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~FakeManager() {
    unsetenv("NOTIFY_SOCKET");
    close(socket_);
  }
  FakeManager(const FakeManager&) = delete;
  FakeManager& operator=(const FakeManager&) = delete;

  /// The next datagram; empty when none has come.
  std::string heard() const { return received(MSG_DONTWAIT); }
  /// The next datagram, whenever it comes.
  std::string awaited() const { return received(0); }
  /// Others speak until there is no room for one word more; how many did.
  int crowd() const {
    const int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int spoke = 0;
    while (sendto(other, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address_), size_) == 1) ++spoke;
    close(other);
    return spoke;
  }

 private:
  std::string received(int flags) const {
    std::array<char, 256> text{};
    const ssize_t size = recv(socket_, text.data(), text.size(), flags);
    return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
  }

  int socket_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

TEST(ServiceManager, HearsWhatIsSaidInOneDatagram) {
  const test::TempDir folder;
  const FakeManager manager((folder / "notify").string());
  tell_service_manager("READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceManager, MayHaveASocketWithoutAFile) {
  const FakeManager manager("@sluice-test-" + std::to_string(getpid()));
  tell_service_manager("READY=1");
  EXPECT_EQ(manager.heard(), "READY=1");
}

TEST(ServiceManager, IsWaitedForWhileOthersSpeak) {
  const test::TempDir folder;
  const FakeManager manager((folder / "notify").string());
  const int others = manager.crowd();
  ASSERT_GT(others, 0);
  const auto said = std::async(std::launch::async, [] { tell_service_manager("READY=1"); });
  EXPECT_EQ(said.wait_for(50ms), std::future_status::timeout) << "there is no room yet";
  for (int i = 0; i < others; ++i) EXPECT_EQ(manager.awaited(), "x");
  said.wait();
  EXPECT_EQ(manager.heard(), "READY=1");
}

TEST(ServiceManager, IsToldHowLongTheEndMayTake) {
  const test::TempDir folder;
  const FakeManager manager((folder / "notify").string());
  tell_service_manager_stopping(35s);
  EXPECT_EQ(manager.heard(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=35000000");
}

TEST(ServiceManager, NeedNotBeThere) {
  unsetenv("NOTIFY_SOCKET");
  tell_service_manager("READY=1");
  for (const std::string& nowhere : {std::string("/nonexistent/socket"), std::string("relative"), std::string("@"),
                                     std::string(""), "/" + std::string(200, 'x')}) {
    setenv("NOTIFY_SOCKET", nowhere.c_str(), 1);
    tell_service_manager("READY=1");
  }
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace sluice::app
