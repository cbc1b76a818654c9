#include "sluice/gateway/mirror.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace sluice::gateway {

using http::IoResult;
using http::IoStatus;
using metrics::ShadowDropReason;

Mirrors::~Mirrors() = default;

bool Mirrors::admit(LiveRoute& route, LiveVersion& version, TimePoint now) noexcept {
  MirrorBudget& budget = *route.mirrors;
  if (budget.in_flight >= budget.max_in_flight) {
    version.counters->shadow_dropped[ShadowDropReason::InFlight].add();
    return false;
  }
  if (!budget.admit_rate(now)) {
    version.counters->shadow_dropped[ShadowDropReason::Rate].add();
    return false;
  }
  if (!version.gate->gate().enter_at_once()) {
    version.counters->shadow_dropped[ShadowDropReason::Overloaded].add();
    return false;
  }
  ++budget.in_flight;
  return true;
}

void Mirrors::cancel_admission(LiveRoute& route, LiveVersion& version) {
  --route.mirrors->in_flight;
  version.gate->gate().leave(context_->clock.now());
}

void Mirrors::launch(const boost::intrusive_ptr<LiveConfig>& live, LiveRoute& route, LiveVersion& version,
                     http::Method method, std::string_view head, std::string_view body, TimePoint now) {
  std::unique_ptr<Mirror> mirror;
  if (free_.empty()) {
    mirror = std::make_unique<Mirror>(*this);
  } else {
    mirror = std::move(free_.back());
    free_.pop_back();
  }
  mirror->live_ = live;
  mirror->route_ = &route;
  mirror->version_ = &version;
  mirror->method_ = method;
  mirror->begun_ = now;
  mirror->bytes_.assign(head).append(body);
  mirror->index_ = running_.size();
  Mirror& started = *mirror;
  running_.push_back(std::move(mirror));
  context_->wheel.set(started, now + route.config->mirror.timeout);
  started.life_ = started.run();
  started.life_.start();
}

void Mirrors::finished(Mirror& mirror) {
  const std::size_t index = mirror.index_;
  running_[index].swap(running_.back());
  running_[index]->index_ = index;
  std::unique_ptr<Mirror> done = std::move(running_.back());
  running_.pop_back();
  // Its coroutine is at its last suspension; the frame goes when the object is used again.
  constexpr std::size_t kKept = 64;
  constexpr std::size_t kKeptBytes = 64 * 1024;
  if (done->bytes_.capacity() > kKeptBytes) done->bytes_ = {};
  if (free_.size() < kKept) {
    free_.push_back(std::move(done));
  } else {
    boost::asio::post(context_->io, [gone = std::move(done)] {});
  }
}

void Mirrors::stop_all() {
  for (std::size_t i = running_.size(); i-- > 0;) {
    if (i < running_.size()) running_[i]->stop();
  }
}

http::Task<> Mirror::run() {
  metrics::VersionCounters& counters = *version_->counters;
  counters.shadow_in_flight.add();
  int status = 0;
  auto exchanging = exchange(status);
  ShadowDropReason reason = co_await exchanging;
  http::DeadlineWheel::cancel(*this);
  if (status != 0) {
    counters.shadow_responses.add(status);
    counters.shadow_duration.record(mirrors_->context_->clock.now() - begun_);
  } else {
    if (timed_out_) reason = ShadowDropReason::Timeout;
    counters.shadow_dropped[reason].add();
  }
  counters.shadow_in_flight.subtract();
  mirrors_->cancel_admission(*route_, *version_);
  timed_out_ = false;
  live_.reset();
  mirrors_->finished(*this);
}

/// Sends the copy and reads its answer to the end. `status` stays 0 when there was none; then the result says why.
http::Task<ShadowDropReason> Mirror::exchange(int& status) {
  upstream::EndpointPool* pool = version_->balancer.pick(mirrors_->context_->random);
  if (pool == nullptr) co_return ShadowDropReason::Connect;
  connection_ = pool->take_idle(begun_);
  if (connection_ == nullptr) {
    upstream::EndpointPool::Waiter waiter(*pool);
    waiter_ = &waiter;
    connection_ = co_await waiter;
    waiter_ = nullptr;
    if (connection_ == nullptr) co_return ShadowDropReason::Connect;
  }
  iovec bytes{bytes_.data(), bytes_.size()};
  auto writing = connection_->stream().write({&bytes, 1});
  bool reusable = co_await writing == IoStatus::Ok;
  if (reusable && !timed_out_) {
    auto reading = read_answer();
    reusable = co_await reading;
    if (reusable) status = answer_.status;
    reusable = reusable && answer_.keep_alive && answer_.framing != http::Framing::UntilClose;
  }
  upstream::Connection& connection = *std::exchange(connection_, nullptr);
  connection.pool().release(connection, reusable, mirrors_->context_->clock.now());
  co_return ShadowDropReason::Failed;
}

/// True when the whole answer came and was well formed.
http::Task<bool> Mirror::read_answer() {
  http::Stream& stream = connection_->stream();
  http::ResponseHeadParser parser;
  http::BodyMeter body;
  bool in_body = false;
  for (;;) {
    if (!in_body && connection_->filled() > 0) {
      const auto parsed = parser.parse(connection_->received(), method_, answer_);
      if (parsed == http::ParseStatus::Refused) co_return false;
      if (parsed == http::ParseStatus::Done) {
        connection_->consume(answer_.size);
        parser.reset();
        if (answer_.status < 200) continue;
        body = http::BodyMeter(answer_);
        in_body = true;
      }
    }
    if (in_body) {
      const std::size_t taken = body.take(connection_->received());
      connection_->consume(taken);
      if (body.failed()) co_return false;
      if (body.done()) co_return connection_->filled() == 0;
    }
    if (!stream.read_armed() && !stream.read_completed() && !connection_->arm()) co_return false;
    const IoResult result = co_await stream.read_result();
    if (result.status == IoStatus::Eof && in_body && answer_.framing == http::Framing::UntilClose) co_return true;
    if (!result.ok()) co_return false;
    connection_->received_more(result.bytes);
  }
}

void Mirror::on_deadline(TimePoint) {
  timed_out_ = true;
  stop();
}

void Mirror::stop() noexcept {
  if (waiter_ != nullptr) {
    waiter_->cancel();
  } else if (connection_ != nullptr) {
    connection_->stream().close();
  }
}

}  // namespace sluice::gateway
