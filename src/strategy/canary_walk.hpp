#pragma once

#include <string>
#include <vector>

#include "canary_harm.hpp"
#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/gate.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// How often hooks are called and the harm is reckoned where no analysis says so.
inline constexpr Duration default_interval = std::chrono::seconds(10);

/// Two shares that are the same for a person.
inline constexpr double close_to = 0.999;

/// The most while it is not known how many requests come, where a harm budget is to hold.
inline constexpr double unmeasured_share = 0.01;

/// One look of a canary at the world, and the transition that grows out of it. Lives for one call.
class CanaryWalk {
 public:
  CanaryWalk(const policy::Canary& spec, const RolloutState& state, const Context& context);
  Transition look();

 private:
  /// What the hooks that are called at every look say.
  struct Hooks {
    std::string rollback;  ///< who asks for it; empty: nobody
    Gate gate;             ///< of the `rollout` hooks
  };

  // a person's word
  void obey(const Command& command);
  void promote_by(const Command& command);
  void give_back(const Command& command, const std::string& reason);

  // one for each part of a rollout's life
  void open();
  void watch();
  void go_on(const Assessment& found, const Gate& hooks);
  void leave_step(const std::string& findings);
  void take_next(const std::string& why);
  void release();

  // what is looked at
  Hooks ask_hooks();
  Assessment assess_now();
  void resize(const Assessment& found);
  bool deadline_is_over() const;
  double proven_part() const;
  bool is_exposed() const { return state_.step >= 0 && state_.weight > 0; }

  // segments of the route
  void look_by_segment();
  bool gives_back_segments(const Assessment& found);
  void exclude(const std::vector<std::size_t>& segments);
  void let_in(const std::string& why);
  std::string all_text() const;

  // what is done
  void begin_at(std::int32_t step, const std::string& why);
  void promote(const std::string& why);
  void give_up(const std::string& reason, const std::string& message);
  void roll_back(const std::string& reason, const std::string& message);
  void hold(const std::string& reason, const std::string& message);
  void wait(Phase phase, const std::string& reason, const std::string& message);
  void tell(std::string kind, std::string text);

  double allowed_share(std::int32_t step) const;
  std::string budget_text() const;
  std::string findings_text(const Assessment& found) const;
  std::string to_share(std::int32_t step) const;
  Duration interval() const;
  std::int32_t last_step() const { return static_cast<std::int32_t>(path_.size()) - 1; }

  const policy::Canary& spec_;
  const Context& context_;
  const std::vector<policy::Step> path_;
  const policy::Analysis* analysis_;
  HarmCounts counts_;
  bool resized_ = false;
  std::vector<std::size_t> worse_;  // segments, for certain, at this look
  Transition made_;
  RolloutState& state_;  // made_'s
};

}  // namespace sluice::strategy
