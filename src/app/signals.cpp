#include "sluice/app/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>

namespace sluice::app {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of that write
  signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (signals_ < 0 || wake_ < 0) throw std::runtime_error("no descriptor left to wait for signals with");
}

Signals::~Signals() {
  close(signals_);
  close(wake_);
}

int Signals::wait(std::chrono::milliseconds patience) const {
  std::array<pollfd, 2> events{{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}}};
  poll(events.data(), events.size(), static_cast<int>(patience.count()));
  eventfd_t count = 0;
  eventfd_read(wake_, &count);
  signalfd_siginfo info{};
  return read(signals_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

void Signals::wake() const noexcept {
  eventfd_write(wake_, 1);
}

}  // namespace sluice::app
