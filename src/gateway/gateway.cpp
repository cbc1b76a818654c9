#include "sluice/gateway/gateway.hpp"

#include <algorithm>
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
  service_.watch_names(config, nullptr);
  service_.wait_for_names();
  const std::lock_guard lock(mutex_);
  auto loaded = load(config);
  if (!loaded) return fail(loaded.error());
  for (std::size_t i = 0; i < registry_.workers(); ++i) {
    workers_.push_back(std::make_unique<Worker>(i, registry_, clock_, service_.names(), memory_, door_, decision_log_,
                                                observations_, pairs_));
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
  put_in_force(*loaded);
  for (auto& listener : listeners_) listener->start();
  return {};
}

void Gateway::learn_names(const Config& next) {
  std::optional<Config> current;
  {
    const std::lock_guard lock(mutex_);
    if (!wish_ || stopped_) return;
    current = wish_;
  }
  service_.watch_names(next, &*current);
  service_.wait_for_names();
}

void Gateway::forget_names() {
  const std::lock_guard lock(mutex_);
  if (wish_ && !stopped_) service_.settle(*wish_);
}

Result<void> Gateway::publish(Config config) {
  const auto same_address = [](const Listener& a, const Listener& b) {
    return a.address == b.address && a.port == b.port && a.tls.has_value() == b.tls.has_value();
  };
  std::optional<Config> current;
  {
    const std::lock_guard lock(mutex_);
    current = wish_;
  }
  const auto& old = current->listeners;
  if (!std::equal(old.begin(), old.end(), config.listeners.begin(), config.listeners.end(), same_address)) {
    return fail(Error::internal("listeners cannot change while running; restart to move them"));
  }
  service_.watch_names(config, &*current);
  const std::lock_guard lock(mutex_);
  if (stopped_) return fail(Error::internal("the gateway has stopped"));
  if (!config.keys) config.keys = wish_->keys;
  auto loaded = load(config);
  if (loaded) {
    put_in_force(*loaded);
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
  take_windows(**loaded);
  service_.watch(**loaded);
  return loaded;
}

namespace {

/// One sentence on why these are no orders for this route; nothing when they are.
std::string misfit(const RouteOrders& orders, const Route& route) {
  const std::size_t versions = route.versions.size();
  const auto& names = orders.plan.versions();
  const bool same_names =
      std::equal(names.begin(), names.end(), route.versions.begin(), route.versions.end(),
                 [](const std::string& name, const Version& version) { return name == version.name; });
  if (!same_names) return "orders for route \"" + route.name + "\" are for other versions than it has";
  if (orders.roles.size() != versions || orders.fallbacks.size() != versions || orders.withheld.size() != versions) {
    return "orders for route \"" + route.name + "\" leave versions out";
  }
  for (const std::int32_t fallback : orders.fallbacks) {
    if (fallback < -1 || fallback >= static_cast<std::int32_t>(versions)) {
      return "orders for route \"" + route.name + "\" name a fallback that is not there";
    }
  }
  return {};
}

/// True when the watch over the endpoints has to know.
bool obey(RouteOrders&& orders, Route& route) {
  bool watched = false;
  for (std::size_t v = 0; v < route.versions.size(); ++v) {
    Version& version = route.versions[v];
    watched = watched || version.withheld != orders.withheld[v];
    watched = watched || (version.fallback >= 0) != (orders.fallbacks[v] >= 0);
    version.role = std::move(orders.roles[v]);
    version.fallback = orders.fallbacks[v];
    version.withheld = std::move(orders.withheld[v]);
  }
  route.plan = std::move(orders.plan);
  orders.mirror.timeout = route.mirror.timeout;
  route.mirror = orders.mirror;
  route.window = orders.window;
  return watched;
}

auto find_route(auto& routes, std::string_view name) -> decltype(routes.data()) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const auto& route) { return route.name == name; });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace

Result<void> Gateway::steer(std::vector<RouteOrders> orders) {
  const std::lock_guard lock(mutex_);
  if (!wish_ || stopped_) return fail(Error::internal("the gateway does not run"));
  for (const RouteOrders& one : orders) {
    const Route* route = find_route(wish_->routes, one.route);
    if (route == nullptr) return fail(Error::internal("there is no route \"" + one.route + "\""));
    if (auto why = misfit(one, *route); !why.empty()) return fail(Error::internal(std::move(why)));
  }
  bool watched = false;
  for (RouteOrders& one : orders) {
    Route& route = *find_route(wish_->routes, one.route);
    watched = obey(std::move(one), route) || watched;
  }
  follow_wish(watched);
  return {};
}

Result<void> Gateway::use_keys(std::shared_ptr<const outcomes::TokenKeys> keys) {
  const std::lock_guard lock(mutex_);
  if (!wish_ || stopped_) return fail(Error::internal("the gateway does not run"));
  wish_->keys = std::move(keys);
  follow_wish(false);
  return {};
}

/// Puts in force what was wished for, of which only that changed what needs no file and no name. `watched`: the watch
/// over the endpoints has to know.
void Gateway::follow_wish(bool watched) {
  auto next = published_->with(service_.expand(*wish_));
  take_slots(*next);
  take_windows(*next);
  if (watched || !published_->has_endpoints_of(next->config)) {
    service_.watch(*next);
  } else {
    next->boards = published_->boards;
    next->recorders = published_->recorders;
  }
  put_in_force(next);
}

std::optional<RouteEvidence> Gateway::evidence(std::string_view name) const {
  std::shared_ptr<const Published> published;
  {
    const std::lock_guard lock(mutex_);
    published = published_;
  }
  if (!published) return std::nullopt;
  const Route* const route = find_route(published->config.routes, name);
  if (route == nullptr) return std::nullopt;
  const auto r = static_cast<std::size_t>(route - published->config.routes.data());
  RouteEvidence evidence;
  evidence.window = route->window;
  evidence.versions.reserve(route->versions.size());
  metrics::EvidenceWindow& window = *published->windows[r];
  const bool by_unit = window.unit_failures() != nullptr && route->plan.spec().unit;
  const auto failing = by_unit ? window.unit_failures()->counts() : std::nullopt;
  std::vector<std::optional<std::vector<metrics::UnitFailureCounts>>> failing_by_segment(by_unit ? window.segments()
                                                                                                 : 0);
  for (std::size_t s = 0; s < failing_by_segment.size(); ++s) failing_by_segment[s] = window.unit_failures(s)->counts();
  for (std::size_t v = 0; v < route->versions.size(); ++v) {
    VersionEvidence& version = evidence.versions.emplace_back();
    version.version = route->versions[v].name;
    window.add_to(version.totals, v);
    version.share = route->plan.target_share(static_cast<traffic::VersionIndex>(v));
    if (failing) version.failing_units = failing->at(v);
    for (const auto& units : failing_by_segment) {
      version.failing_units_by_segment.push_back(units ? std::optional(units->at(v)) : std::nullopt);
    }
    for (std::size_t worker = 0; worker < registry_.workers(); ++worker) {
      version.in_flight += registry_.version(worker, published->slots[r].versions[v]).in_flight.value();
    }
    version.endpoints = static_cast<std::uint32_t>(route->versions[v].endpoints.size());
    for (const auto& endpoint : published->boards[r][v]->endpoints) {
      const upstream::Standing standing = endpoint->standing();
      version.usable += standing == upstream::Standing::Ready ? 1 : 0;
      version.unchecked += standing == upstream::Standing::Unchecked ? 1 : 0;
    }
  }
  return evidence;
}

/// The same window of the same versions goes on counting where it is; requests under way write to it in any case. So
/// does what is known of copied requests.
void Gateway::take_windows(Published& published) const {
  const auto same_versions = [](const Route& a, const Route& b) {
    return std::equal(a.versions.begin(), a.versions.end(), b.versions.begin(), b.versions.end(),
                      [](const Version& x, const Version& y) { return x.name == y.name; });
  };
  const auto same_segments = [](const Route& a, const Route& b) {
    const auto& before = a.plan.spec().segments;
    const auto& now = b.plan.spec().segments;
    return std::equal(before.begin(), before.end(), now.begin(), now.end(),
                      [](const auto& x, const auto& y) { return x.name == y.name; });
  };
  for (const Route& route : published.config.routes) {
    auto& window = published.windows.emplace_back();
    auto& copied = published.copied.emplace_back();
    const Route* before = published_ ? find_route(published_->config.routes, route.name) : nullptr;
    if (before != nullptr && !same_versions(*before, route)) before = nullptr;
    const std::size_t b = before == nullptr ? 0 : static_cast<std::size_t>(before - published_->config.routes.data());
    if (route.mirror.deduplicate.count() > 0) {
      if (before != nullptr) copied = published_->copied[b];
      if (!copied) copied = std::make_shared<CopiedRequests>();
    }
    if (before != nullptr && before->window == route.window && same_segments(*before, route)) {
      window = published_->windows[b];
    } else {
      window = std::make_shared<metrics::EvidenceWindow>(registry_.workers(), route.versions.size(),
                                                         route.plan.spec().unit.has_value(),
                                                         route.plan.spec().segments.size());
    }
  }
}

/// Who is let in is there before the plan counts on it, and who is taken out stays until no plan does any more.
void Gateway::put_in_force(const std::shared_ptr<Published>& published) {
  hand_to_workers(published);
  service_.monitor().take_out_withheld();
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
  Config expanded = service_.expand(*wish_);
  if (published_->has_endpoints_of(expanded)) return;
  auto next = published_->with(std::move(expanded));
  take_slots(*next);
  take_windows(*next);
  service_.watch(*next);
  put_in_force(next);
}

void Gateway::hand_to_workers(const std::shared_ptr<const Published>& published) {
  memory_.set_limit(published->config.limits.memory_bytes);
  // Every worker is ready before the first one begins, so that it is one moment for all of them.
  const auto all = static_cast<std::ptrdiff_t>(workers_.size());
  const auto in_force = std::make_shared<std::atomic<bool>>(false);
  std::latch ready(all);
  for (auto& worker : workers_) worker->prepare(published, in_force, [&ready] { ready.count_down(); });
  ready.wait();
  in_force->store(true, std::memory_order_release);
  std::latch done(all);
  for (auto& worker : workers_) worker->settle([&done] { done.count_down(); });
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
  service_.end_waits();  // no configuration comes any more
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
