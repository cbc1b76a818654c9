#include "sluice/gateway/worker.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <ctime>
#include <utility>

namespace sluice::gateway {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kFreeExchanges = 1024;
constexpr Duration kSweep = std::chrono::seconds(1);

}  // namespace

// UNSAFE_IO: sockets and timers of this loop are touched by its own thread only, so the reactor needs no locks; posting
// from other threads stays legal.
Worker::Worker(std::size_t index, metrics::Registry& registry, const Clock& clock, upstream::NameService& names,
               const MemoryWatch& memory, outcomes::Door* door, outcomes::DecisionLogger* log,
               outcomes::ObservationRing* observations, compare::PairSink* pairs)
    : index_(index),
      registry_(registry),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      wheel_(clock.now()),
      random_(Random::from_entropy()),
      context_{io_, wheel_, buffers_, clock, random_, &names},
      counters_(registry.gateway(index)),
      memory_(memory),
      gate_(wheel_, counters_.waiting),
      pools_(context_),
      mirrors_(context_),
      door_(door, io_),
      decision_log_(log),
      observations_(observations),
      pairs_(pairs),
      tick_(io_),
      coarse_now_(clock.now()) {}

Worker::~Worker() {
  join();
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  char name[16];
  std::snprintf(name, sizeof name, "worker-%zu", index_);
  ::pthread_setname_np(::pthread_self(), name);
  write_date();
  arm_tick();
  io_.run();
  door_.close();
  live_.reset();
  next_.reset();
}

// --- any thread ---

void Worker::prepare(std::shared_ptr<const Published> published, std::shared_ptr<const std::atomic<bool>> in_force,
                     std::function<void()> done) {
  asio::post(io_, [this, published = std::move(published), in_force = std::move(in_force), done = std::move(done)] {
    boost::intrusive_ptr<LiveConfig> next(new LiveConfig);
    next->published = published;
    pools_.build(*published, registry_, index_, *next);
    in_force_ = in_force;
    next_ = std::move(next);
    done();
  });
}

void Worker::settle(std::function<void()> done) {
  asio::post(io_, [this, done = std::move(done)] {
    take_what_is_in_force();
    if (live_) {
      const Limits& limits = live_->published->config.limits;
      head_limits_.bytes = std::min<std::uint32_t>(limits.header_bytes, http::BufferPool::kBlockBytes - 1);
      head_limits_.fields = std::min<std::uint16_t>(limits.headers, http::kMaxFields);
      gate_.set(live_->limits);
      serve_gates();
    }
    done();
  });
}

void Worker::adopt(http::Socket::native_handle_type socket, bool v6, http::TlsContext tls,
                   const http::Tcp::endpoint& peer) {
  session_count_.fetch_add(1, std::memory_order_relaxed);
  asio::dispatch(io_, [this, socket, v6, tls = std::move(tls), peer] {
    http::Socket adopted(io_);
    http::error_code error;
    if (!stopping_) adopted.assign(v6 ? http::Tcp::v6() : http::Tcp::v4(), socket, error);
    if (stopping_ || error) {
      ::close(socket);
      session_count_.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    auto* session = new Session(*this, std::move(adopted), tls, peer);
    link(*session);
    counters_.connections_accepted.add();
    counters_.connections_open.add();
    session->start();
    if (draining_) session->drain();
  });
}

void Worker::drain() {
  asio::post(io_, [this] {
    draining_ = true;
    for (Session *session = sessions_, *next = nullptr; session != nullptr; session = next) {
      next = session->next_;
      session->drain();
    }
  });
}

void Worker::stop() {
  asio::post(io_, [this] {
    stopping_ = true;
    for (Session *session = sessions_, *next = nullptr; session != nullptr; session = next) {
      next = session->next_;
      session->abort();
    }
    mirrors_.stop_all();
    pools_.close_all();
    live_.reset();
    next_.reset();
  });
}

/// Every coroutine must have ended before the loop does: they own sockets, frames and counters.
void Worker::stop_when_empty() {
  pools_.sweep();
  if (sessions_ == nullptr && mirrors_.is_empty() && pools_.is_empty()) {
    tick_.cancel();
    asio::post(io_, [this] { io_.stop(); });  // behind every posted destruction
  }
}

// --- the worker's own thread ---

void Worker::arm_tick() {
  tick_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(wheel_.tick()));
  tick_.async_wait([this](const http::error_code& error) {
    if (error) return;
    on_tick();
    arm_tick();
  });
}

void Worker::on_tick() {
  coarse_now_ = now();
  wheel_.advance(coarse_now_);
  if (stopping_) return stop_when_empty();
  if (coarse_now_ - last_sweep_ < kSweep) return;
  last_sweep_ = coarse_now_;
  pools_.sweep();
  buffers_.trim();
  bodies_.trim();
  write_date();
}

void Worker::write_date() {
  const std::time_t wall = std::chrono::system_clock::to_time_t(context_.clock.wall_now());
  std::tm parts{};
  ::gmtime_r(&wall, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);  // IMF-fixdate; the locale stays "C"
  std::copy_n(text, date_.size(), date_.data());
}

/// Limits may have grown: whoever waits and has room now goes on.
void Worker::serve_gates() {
  const boost::intrusive_ptr<LiveConfig> live = live_;
  const TimePoint at = now();
  gate_.serve(at);
  for (LiveRoute& route : live->routes) {
    route.state->gate.serve(at);
    for (LiveVersion& version : route.versions) version.gate->gate().serve(at);
  }
}

Exchange* Worker::make_exchange(Session& session) {
  if (free_exchanges_.empty()) free_exchanges_.push_back(std::make_unique<Exchange>(*this));
  Exchange* exchange = free_exchanges_.back().release();
  free_exchanges_.pop_back();
  exchange->begin(session);
  return exchange;
}

void Worker::free_exchange(Exchange* exchange) noexcept {
  exchange->end();
  std::unique_ptr<Exchange> owned(exchange);
  if (free_exchanges_.size() < kFreeExchanges) free_exchanges_.push_back(std::move(owned));
}

void Worker::link(Session& session) noexcept {
  session.next_ = sessions_;
  if (sessions_ != nullptr) sessions_->previous_ = &session;
  sessions_ = &session;
}

void Worker::retire(Session& session) {
  (session.previous_ != nullptr ? session.previous_->next_ : sessions_) = session.next_;
  if (session.next_ != nullptr) session.next_->previous_ = session.previous_;
  counters_.connections_open.subtract();
  session_count_.fetch_sub(1, std::memory_order_relaxed);
  // Its own coroutine is still on the stack.
  asio::post(io_, [gone = std::unique_ptr<Session>(&session)] {});
}

}  // namespace sluice::gateway
