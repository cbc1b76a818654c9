#include "sluice/upstream/service_loop.hpp"

#include <pthread.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

namespace sluice::upstream {

namespace asio = boost::asio;

ServiceLoop::ServiceLoop(const Clock& clock)
    : io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      wheel_(clock.now()),
      random_(Random::from_entropy()),
      context_{io_, wheel_, buffers_, clock, random_},
      tick_(io_) {}

ServiceLoop::~ServiceLoop() {
  if (thread_.joinable()) stop([] { return true; });
}

void ServiceLoop::start() {
  arm_tick();
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "endpoints");
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    io_.run();
  });
}

void ServiceLoop::stop(std::function<bool()> is_quiet) {
  if (!thread_.joinable()) return;
  asio::post(io_, [this, is_quiet = std::move(is_quiet)]() mutable { is_quiet_ = std::move(is_quiet); });
  thread_.join();
}

void ServiceLoop::dispatch(std::function<void()> work) {
  asio::dispatch(io_, std::move(work));
}

void ServiceLoop::arm_tick() {
  tick_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(wheel_.tick()));
  tick_.async_wait([this](const http::error_code& error) {
    if (error) return;
    wheel_.advance(context_.clock.now());
    buffers_.trim();
    if (is_quiet_ && is_quiet_()) {
      asio::post(io_, [this] { io_.stop(); });  // behind every posted destruction
      return;
    }
    arm_tick();
  });
}

}  // namespace sluice::upstream
