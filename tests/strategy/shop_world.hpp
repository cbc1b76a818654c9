#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rig.hpp"
#include "sluice/base/random.hpp"
#include "sluice/stats/kaplan_meier.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/context_table.hpp"

namespace sluice::strategy {

enum Device : std::size_t { Mobile, Desktop };

inline policy::Bandit by_device() {
  policy::Bandit bandit;
  bandit.arms = {"v1", "v2"};
  bandit.algorithm = policy::BanditAlgorithm::LinearThompson;
  policy::ContextFeature device;
  device.name = "x-device";
  device.type = policy::ContextType::Category;
  device.values = {"mobile", "desktop"};
  bandit.context = {device};
  return bandit;
}

inline stats::Context context_of(Device device) {
  stats::Context context;
  context.size = 2;
  context.value[device] = 1;
  return context;
}

/// Requests of two kinds of device that two arms answer, in virtual time.
class Shop : public Rig<policy::Bandit> {
 public:
  explicit Shop(policy::Bandit bandit = by_device(), std::vector<std::string> versions = {"v1", "v2"})
      : Rig<policy::Bandit>(bandit, versions) {}

  /// Probability of a success, by arm and device.
  std::map<std::string, std::array<double, 2>> success;
  std::map<std::string, Duration> mean_delay;  ///< of a report, exponential; without one requests earn by themselves
  Duration window = std::chrono::hours(2);

  /// So many requests, evenly over a second, then a look.
  void second_of(int requests, Duration length = std::chrono::seconds(1)) {
    if (tables_window_ != state.window) forget();
    const bool reported = !mean_delay.empty();
    for (auto& [name, table] : tables_) table->age(now);
    for (int i = 0; i < requests; ++i) request(now + length * i / requests, reported);
    const WallTime end = now + std::chrono::duration_cast<WallTime::duration>(length);
    while (!due_.empty() && due_.begin()->first <= end) {
      report(due_.begin()->second, due_.begin()->first);
      due_.erase(due_.begin());
    }
    tell(reported);
    tick(length);
  }
  /// What a process forgets when it ends; reports about its decisions go on coming.
  void restart() {
    restart_process();
    forget();
    tables_window_ = state.window;
  }
  double share_of(const std::string& arm, Device device) const {
    const auto plan = steering().plan;
    const auto& learned = plan.spec().learned;
    if (learned == nullptr || learned->bank.arms() == 0) return share(arm);
    return learned->bank.shares(context_of(device).view()).share[place_of(arm)];
  }
  std::size_t place_of(const std::string& arm) const {
    const auto found = std::find(spec.arms.begin(), spec.arms.end(), arm);
    return static_cast<std::size_t>(found - spec.arms.begin());
  }
  int banks_drawn = 0;

 private:
  struct Late {
    std::string arm;
    Device device;
    WallTime decided;
  };

  void forget() {
    tables_.clear();
    tables_window_ = state.window;
  }
  void request(WallTime at, bool reported) {
    const Device device = random_.uniform() < 0.5 ? Mobile : Desktop;
    double uniform = random_.uniform();
    std::string arm = spec.arms.back();
    for (const auto& name : spec.arms) {
      const double share = cached_share(name, device);
      if (uniform < share) {
        arm = name;
        break;
      }
      uniform -= share;
    }
    const bool good = random_.uniform() < success[arm][device];
    auto& table = tables_[arm];
    if (!table) {
      table = std::make_shared<ContextTable>(
          ContextTable::Shape{++tables_made_, 2, reported ? window : Duration(0), spec.half_life});
    }
    recent_.push_back(context_of(device));
    if (recent_.size() > 128) recent_.erase(recent_.begin());
    serve(arm, 1, !reported && !good ? 1 : 0);
    if (!reported) return table->add_request(context_of(device), !good, std::chrono::milliseconds(20));
    table->add_decision(context_of(device), at);
    auto& delays = delays_.try_emplace(arm, stats::DelayTable(seconds_of(window))).first->second;
    delays.add_decisions(seconds_of(at.time_since_epoch()));
    ++decisions_[arm];
    if (!good) return;
    const double delay = -seconds_of(mean_delay[arm]) * std::log1p(-random_.uniform());
    if (delay > seconds_of(window)) return;
    const auto later = std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(delay));
    due_.emplace(at + later, Late{arm, device, at});
  }
  void report(const Late& late, WallTime at) {
    delays_.at(late.arm).add_conversion(seconds_of(late.decided.time_since_epoch()), seconds_of(at - late.decided));
    ++events_[late.arm];
    const auto table = tables_.find(late.arm);
    if (table != tables_.end()) table->second->add_report(context_of(late.device), 1, late.decided);
  }
  void tell(bool reported) {
    for (auto& [name, table] : tables_) version(name).contexts = std::make_shared<const ContextTable>(*table);
    evidence.recent_contexts = std::make_shared<const std::vector<stats::Context>>(recent_);
    for (const auto& [name, delays] : delays_) {
      if (!reported) break;
      auto& outcomes = version(name).outcomes;
      outcomes.resize(1);
      outcomes[0].name = "purchase";
      outcomes[0].decisions = decisions_[name];
      outcomes[0].reports = outcomes[0].events = events_[name];
      outcomes[0].sum = outcomes[0].sum_squares = static_cast<double>(events_[name]);
      outcomes[0].delays = std::make_shared<const stats::DelayTable>(delays);
    }
  }
  double cached_share(const std::string& arm, Device device) {
    if (cached_bank_ != state.bank || cached_window_ != state.window || cache_.empty()) {
      cache_.clear();
      cached_bank_ = state.bank;
      cached_window_ = state.window;
      for (const auto& name : spec.arms) cache_[name] = {share_of(name, Mobile), share_of(name, Desktop)};
      ++banks_drawn;
    }
    return cache_[arm][device];
  }
  static double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

  Random random_{11};
  std::map<std::string, std::shared_ptr<ContextTable>> tables_;
  std::map<std::string, stats::DelayTable> delays_;
  std::map<std::string, std::uint64_t> decisions_;
  std::map<std::string, std::uint64_t> events_;
  std::multimap<WallTime, Late> due_;
  std::vector<stats::Context> recent_;
  std::uint64_t tables_made_ = 0;
  std::uint64_t tables_window_ = 0;
  std::map<std::string, std::array<double, 2>> cache_;
  std::uint64_t cached_bank_ = 0;
  std::uint64_t cached_window_ = 0;
};

}  // namespace sluice::strategy
