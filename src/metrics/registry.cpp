#include "sluice/metrics/registry.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <numeric>

namespace sluice::metrics {

namespace {

constexpr std::string_view kOther = "_other";

}  // namespace

struct Registry::VersionSlot {
  std::string name;
  VersionId id{};
  std::unique_ptr<VersionCounters[]> workers;
  SupervisionCounters supervision;
};

struct Registry::RouteSlot {
  std::string name;
  RouteId id{};
  std::unique_ptr<RouteCounters[]> workers;
  std::vector<VersionSlot*> versions;  // every one the route ever had
};

struct Registry::LiveVersion {
  VersionSlot* slot = nullptr;
  std::string role;
  double target_weight = 0;
  EndpointCounts endpoints{};
  bool panic = false;
  std::uint64_t decisions_before = 0;  // when the observation of shares began
};

struct Registry::LiveRoute {
  RouteSlot* slot = nullptr;
  std::string strategy;
  std::vector<LiveVersion> versions;
};

Registry::VersionSlot* Registry::find_version(const RouteSlot& route, std::string_view name) {
  const auto found =
      std::find_if(route.versions.begin(), route.versions.end(), [&](const auto* slot) { return slot->name == name; });
  return found == route.versions.end() ? nullptr : *found;
}

template <typename List>
auto Registry::find_live(List& versions, VersionId id) -> decltype(versions.data()) {
  const auto found =
      std::find_if(versions.begin(), versions.end(), [&](const auto& version) { return version.slot->id == id; });
  return found == versions.end() ? nullptr : &*found;
}

template <typename List>
auto Registry::find_live(List& routes, std::string_view name) -> decltype(routes.data()) {
  const auto found =
      std::find_if(routes.begin(), routes.end(), [&](const auto& route) { return route.slot->name == name; });
  return found == routes.end() ? nullptr : &*found;
}

// The first slot of either table is `_other`, so there is always a place for what has none of its own.
Registry::Registry(std::size_t workers)
    : workers_(workers),
      gateway_(std::make_unique<GatewayCounters[]>(workers)),
      route_table_(std::make_unique<std::atomic<RouteSlot*>[]>(kMaxRouteSlots + 1)),
      version_table_(std::make_unique<std::atomic<VersionSlot*>[]>(kMaxVersionSlots + 1)) {
  assert(workers > 0);
  add_version_slot(add_route_slot(kOther), kOther);
}

Registry::~Registry() = default;

Registry::RouteSlot& Registry::add_route_slot(std::string_view name) {
  auto slot = std::make_unique<RouteSlot>();
  slot->name = name;
  slot->id = static_cast<RouteId>(route_slots_.size());
  slot->workers = std::make_unique<RouteCounters[]>(workers_);
  route_table_[route_slots_.size()].store(slot.get(), std::memory_order_release);
  route_slots_.push_back(std::move(slot));
  return *route_slots_.back();
}

Registry::VersionSlot& Registry::add_version_slot(RouteSlot& route, std::string_view name) {
  auto slot = std::make_unique<VersionSlot>();
  slot->name = name;
  slot->id = static_cast<VersionId>(version_slots_.size());
  slot->workers = std::make_unique<VersionCounters[]>(workers_);
  version_table_[version_slots_.size()].store(slot.get(), std::memory_order_release);
  route.versions.push_back(slot.get());
  version_slots_.push_back(std::move(slot));
  return *version_slots_.back();
}

Registry::RouteSlot* Registry::find_route_slot(std::string_view name) const {
  const auto found =
      std::find_if(route_slots_.begin(), route_slots_.end(), [&](const auto& slot) { return slot->name == name; });
  return found == route_slots_.end() ? nullptr : found->get();
}

bool Registry::has_room_for(const RouteLayout& layout) const {
  const RouteSlot* slot = find_route_slot(layout.name);
  if (slot == nullptr && route_slots_.size() > kMaxRouteSlots) return false;
  std::size_t fresh = 0;
  for (const VersionLayout& version : layout.versions) {
    if (slot == nullptr || find_version(*slot, version.name) == nullptr) ++fresh;
  }
  const std::size_t wanted = std::min(fresh, kMaxVersionsPerRoute + 1);
  return version_slots_.size() + wanted <= kMaxVersionSlots + 1;
}

Registry::LiveRoute Registry::make_live(const RouteLayout& layout, std::vector<VersionId>& ids) {
  LiveRoute live;
  live.slot = find_route_slot(layout.name);
  if (live.slot == nullptr) live.slot = &add_route_slot(layout.name);
  live.strategy = layout.strategy;
  for (std::size_t i = 0; i < layout.versions.size(); ++i) {
    const VersionLayout& version = layout.versions[i];
    const bool capped = i >= kMaxVersionsPerRoute;
    if (capped) ++control_.versions_capped;
    const std::string_view name = capped ? kOther : std::string_view(version.name);
    VersionSlot* slot = find_version(*live.slot, name);
    if (slot == nullptr) slot = &add_version_slot(*live.slot, name);
    ids.push_back(slot->id);

    LiveVersion* entry = find_live(live.versions, slot->id);
    if (entry == nullptr) {
      live.versions.push_back({slot, capped ? "other" : version.role, 0, {}, false, 0});
      entry = &live.versions.back();
    }
    entry->target_weight += version.target_weight;
    entry->endpoints[static_cast<std::size_t>(EndpointState::Admitted)] += version.endpoints;
  }
  return live;
}

/// A route that was live before keeps what the new policy does not change: the states of as many endpoints as before,
/// and the observation of its shares while they are the same.
void Registry::carry_over(LiveRoute& route, const LiveRoute& previous) const {
  bool same_shares = route.versions.size() == previous.versions.size();
  for (LiveVersion& version : route.versions) {
    const LiveVersion* before = find_live(previous.versions, version.slot->id);
    same_shares = same_shares && before != nullptr && before->target_weight == version.target_weight;
    if (before == nullptr) continue;
    version.decisions_before = before->decisions_before;
    const auto total = [](const auto& states) { return std::accumulate(states.begin(), states.end(), 0U); };
    if (total(before->endpoints) == total(version.endpoints)) version.endpoints = before->endpoints;
    version.panic = before->panic;
  }
  if (!same_shares) begin_observation(route);
}

std::vector<RouteSlots> Registry::configure(const std::vector<RouteLayout>& routes) {
  const std::lock_guard lock(mutex_);
  std::vector<RouteSlots> answer;
  std::vector<LiveRoute> live;
  control_.routes_capped = 0;
  control_.versions_capped = 0;
  for (const RouteLayout& layout : routes) {
    RouteSlots& slots = answer.emplace_back();
    const bool named = layout.name != kOther && live.size() < kMaxRoutes && find_live(live, layout.name) == nullptr;
    if (!named || !has_room_for(layout)) {
      ++control_.routes_capped;
      slots.versions.assign(layout.versions.size(), VersionId{0});
      continue;  // the route's id is 0 as well: `_other`
    }
    LiveRoute route = make_live(layout, slots.versions);
    slots.route = route.slot->id;
    if (const LiveRoute* previous = find_live(live_, layout.name)) {
      carry_over(route, *previous);
    } else {
      begin_observation(route);
    }
    live.push_back(std::move(route));
  }
  if (control_.routes_capped != 0) {
    live.push_back({route_slots_[0].get(), "none", {{version_slots_[0].get(), "other", 0, {}, false, 0}}});
  }
  live_ = std::move(live);
  return answer;
}

void Registry::set_target_weights(std::string_view route, std::span<const double> weights) {
  const std::lock_guard lock(mutex_);
  LiveRoute* live = find_live(live_, route);
  if (live == nullptr) return;
  std::vector<double> targets(live->versions.size(), 0.0);
  if (targets.empty()) return;
  for (std::size_t i = 0; i < weights.size(); ++i) targets[std::min(i, targets.size() - 1)] += weights[i];
  bool changed = false;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    changed = changed || live->versions[i].target_weight != targets[i];
    live->versions[i].target_weight = targets[i];
  }
  if (changed) begin_observation(*live);
}

void Registry::set_endpoints(VersionId version, const EndpointCounts& counts, bool panic) {
  const std::lock_guard lock(mutex_);
  for (LiveRoute& route : live_) {
    if (LiveVersion* found = find_live(route.versions, version)) {
      found->endpoints = counts;
      found->panic = panic;
      return;
    }
  }
}

void Registry::record_reload(bool successful, WallTime now) {
  const std::lock_guard lock(mutex_);
  control_.last_reload_successful = successful;
  ++(successful ? control_.generation : control_.reload_failures);
  if (successful) control_.last_reload_success_seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
}

void Registry::set_rollouts(std::vector<RolloutSnapshot> rollouts) {
  const std::lock_guard lock(mutex_);
  control_.rollouts = std::move(rollouts);
}

void Registry::set_outcomes(OutcomesSnapshot outcomes) {
  const std::lock_guard lock(mutex_);
  control_.outcomes = std::move(outcomes);
}

void Registry::set_comparisons(ComparisonsSnapshot comparisons) {
  const std::lock_guard lock(mutex_);
  control_.comparisons = std::move(comparisons);
}

void Registry::set_state(StateHealth health) {
  const std::lock_guard lock(mutex_);
  control_.state = health;
}

void Registry::set_build_info(BuildInfo build) {
  const std::lock_guard lock(mutex_);
  control_.build = std::move(build);
}

std::uint64_t Registry::weighed_decisions(const VersionSlot& slot) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < workers_; ++i) {
    const auto& decisions = slot.workers[i].decisions;
    sum += decisions[DecisionReason::Weight].value() + decisions[DecisionReason::Bandit].value();
  }
  return sum;
}

void Registry::begin_observation(LiveRoute& route) const {
  for (LiveVersion& version : route.versions) version.decisions_before = weighed_decisions(*version.slot);
}

RouteSnapshot Registry::snapshot_of(const LiveRoute& route) const {
  RouteSnapshot result;
  result.name = route.slot->name;
  for (std::size_t i = 0; i < workers_; ++i) result.totals.add(route.slot->workers[i]);
  std::uint64_t observed = 0;
  result.versions.reserve(route.versions.size());
  for (const LiveVersion& live : route.versions) {
    VersionSnapshot& version = result.versions.emplace_back();
    version.name = live.slot->name;
    version.role = live.role;
    version.strategy = route.strategy;
    version.target_weight = live.target_weight;
    version.endpoints = live.endpoints;
    version.panic = live.panic;
    version.supervision.add(live.slot->supervision);
    version.observed_decisions = weighed_decisions(*live.slot) - live.decisions_before;
    observed += version.observed_decisions;
    for (std::size_t i = 0; i < workers_; ++i) version.totals.add(live.slot->workers[i]);
  }
  for (VersionSnapshot& version : result.versions) {
    if (observed == 0) break;
    version.observed_weight = static_cast<double>(version.observed_decisions) / static_cast<double>(observed);
  }
  return result;
}

Snapshot Registry::snapshot() const {
  const std::lock_guard lock(mutex_);
  Snapshot result = control_;
  result.workers = workers_;
  for (std::size_t i = 0; i < workers_; ++i) result.gateway.add(gateway_[i]);
  result.names.add(names_);
  result.routes.reserve(live_.size());
  for (const LiveRoute& route : live_) result.routes.push_back(snapshot_of(route));
  std::erase_if(result.rollouts,
                [this](const RolloutSnapshot& rollout) { return find_live(live_, rollout.route) == nullptr; });
  const auto is_gone = [this](const auto& one) { return !one.route.empty() && find_live(live_, one.route) == nullptr; };
  if (result.comparisons) {
    std::erase_if(result.comparisons->comparisons, is_gone);
    std::erase_if(result.comparisons->drifts, is_gone);
    std::erase_if(result.comparisons->distributions, is_gone);
    std::erase_if(result.comparisons->unread, is_gone);
  }
  if (result.outcomes) {
    std::erase_if(result.outcomes->outcomes, is_gone);
    std::erase_if(result.outcomes->unmatched, is_gone);
    std::erase_if(result.outcomes->unread, is_gone);
  }
  return result;
}

VersionCounters& Registry::version(std::size_t worker, VersionId id) noexcept {
  return version_table_[static_cast<std::size_t>(id)].load(std::memory_order_acquire)->workers[worker];
}

RouteCounters& Registry::route(std::size_t worker, RouteId id) noexcept {
  return route_table_[static_cast<std::size_t>(id)].load(std::memory_order_acquire)->workers[worker];
}

GatewayCounters& Registry::gateway(std::size_t worker) noexcept {
  return gateway_[worker];
}

SupervisionCounters& Registry::supervision(VersionId id) noexcept {
  return version_table_[static_cast<std::size_t>(id)].load(std::memory_order_acquire)->supervision;
}

}  // namespace sluice::metrics
