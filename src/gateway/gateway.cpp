#include "sluice/gateway/gateway.hpp"

#include <latch>
#include <utility>

namespace sluice::gateway {

Gateway::Gateway(metrics::Registry& registry, const Clock& clock)
    : registry_(registry), clock_(clock), service_(registry, clock, [this] { follow_names(); }) {}

Gateway::~Gateway() {
  stop();
}

Result<void> Gateway::start(Config config) {
  service_.start();
  watch_memory();
  service_.prepare(config, nullptr);
  const std::lock_guard lock(mutex_);
  auto loaded = load(config);
  if (!loaded) return fail(loaded.error());
  for (std::size_t i = 0; i < registry_.workers(); ++i) {
    workers_.push_back(std::make_unique<Worker>(i, registry_, clock_, service_.names(), memory_));
  }
  for (const Listener& listener : (*loaded)->config.listeners) {
    auto& made = listeners_.emplace_back(std::make_unique<ClientListener>(workers_));
    if (auto bound = made->bind(listener); !bound) {
      listeners_.clear();
      workers_.clear();
      return fail(bound.error());
    }
  }
  started_ = true;
  wish_ = std::move(config);
  for (auto& worker : workers_) worker->start();
  hand_to_workers(*loaded);
  for (auto& listener : listeners_) listener->start();
  return {};
}

Result<void> Gateway::publish(Config config) {
  const auto same_address = [](const Listener& a, const Listener& b) {
    return a.address == b.address && a.port == b.port && a.tls.has_value() == b.tls.has_value();
  };
  const auto& old = wish_->listeners;  // of this thread alone, unlike what is published
  if (!std::equal(old.begin(), old.end(), config.listeners.begin(), config.listeners.end(), same_address)) {
    return fail(Error::internal("listeners cannot change while running; restart to move them"));
  }
  service_.prepare(config, &*wish_);
  const std::lock_guard lock(mutex_);
  if (stopped_) return fail(Error::internal("the gateway has stopped"));
  auto loaded = load(config);
  if (loaded) {
    hand_to_workers(*loaded);
    wish_ = std::move(config);
  }
  service_.settle(*wish_);
  return loaded ? Result<void>{} : fail(loaded.error());
}

/// Warm-ups yield as copies for shadows do; these ask for themselves.
void Gateway::watch_memory() {
  service_.loop().dispatch([this] {
    memory_.start(service_.loop().context().wheel, clock_.now(),
                  [this](MemoryState state) { service_.monitor().hold_warm_ups(state != MemoryState::Normal); });
  });
}

/// Everything that can fail, then the slots of the counters and the watch over the endpoints.
Result<std::shared_ptr<Published>> Gateway::load(const Config& wish) {
  auto loaded = Published::load(service_.expand(wish));
  if (!loaded) return loaded;
  take_slots(**loaded);
  service_.watch(**loaded);
  return loaded;
}

void Gateway::take_slots(Published& published) {
  published.config.generation = ++generation_;
  std::vector<metrics::RouteLayout> layouts;
  for (const Route& route : published.config.routes) {
    metrics::RouteLayout& layout = layouts.emplace_back();
    layout.name = route.name;
    layout.strategy = route.strategy;
    for (std::size_t v = 0; v < route.versions.size(); ++v) {
      const Version& version = route.versions[v];
      layout.versions.push_back({version.name, version.role,
                                 route.plan.target_share(static_cast<traffic::VersionIndex>(v)),
                                 static_cast<std::uint32_t>(version.endpoints.size())});
    }
  }
  published.slots = registry_.configure(layouts);
}

/// On the service's thread: other addresses under the same wish. Nothing is read from files, so nothing can fail.
void Gateway::follow_names() {
  const std::lock_guard lock(mutex_);
  if (!wish_ || stopped_) return;
  auto next = published_->with_endpoints_of(service_.expand(*wish_));
  if (!next) return;
  take_slots(*next);
  service_.watch(*next);
  hand_to_workers(next);
}

void Gateway::hand_to_workers(const std::shared_ptr<const Published>& published) {
  memory_.set_limit(published->config.limits.memory_bytes);
  std::latch done(static_cast<std::ptrdiff_t>(workers_.size()));
  for (auto& worker : workers_) worker->publish(published, [&done] { done.count_down(); });
  done.wait();
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    listeners_[i]->set_tls(published->listener_tls[i]);
    listeners_[i]->set_limit(published->config.limits.connections);
  }
  published_ = published;
}

std::vector<http::Tcp::endpoint> Gateway::listening() const {
  std::vector<http::Tcp::endpoint> out;
  for (const auto& listener : listeners_) out.push_back(listener->local());
  return out;
}

void Gateway::drain() {
  for (auto& listener : listeners_) listener->close();
  for (auto& worker : workers_) worker->drain();
}

std::uint32_t Gateway::open_connections() const noexcept {
  std::uint32_t total = 0;
  for (const auto& worker : workers_) total += worker->sessions();
  return total;
}

void Gateway::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  for (auto& listener : listeners_) listener->close();
  for (auto& worker : workers_) worker->stop();
  for (auto& worker : workers_) worker->join();
  listeners_.clear();
  service_.stop();  // the workers asked it for names
}

}  // namespace sluice::gateway
