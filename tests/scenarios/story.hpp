#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/world.hpp"
#include "sluice/rollout/controller.hpp"
#include "sluice/state/store.hpp"

namespace sluice::scenarios {

using strategy::Phase;
using strategy::Verb;

/// A rollout told in Given, When, Then: the real controller and the real strategies in a world of their own, on a
/// virtual clock. It starts on Monday, 5 January 2026, 00:00 UTC.
///
///     Story()
///         .given(policy)                                   // YAML, as a user writes it
///         .given_version("v2", {.error_rate = 0.05})
///         .when_time_passes(2min)
///         .then_phase(Phase::RolledBack)
///         .then_weight("v2", 0);
///
/// Every `then` is an expectation of GoogleTest that names the moment of the story. Words are about the first route
/// until `of` names another one. The controller looks once per virtual second.
class Story {
 public:
  Story();
  ~Story();

  // ---- given
  Story& given(std::string_view yaml);  ///< the policy is put in force; problems in it fail the test
  Story& given_traffic(double requests_per_second);
  Story& given_audience(double share);  ///< of the route's requests that belong to the audience
  Story& given_version(const std::string& version, Behaviour behaviour);
  Story& given_hook(const std::string& url, HookScript::Says says);
  Story& given_series(const std::string& promql, double value);
  Story& given_series(const std::string& promql, strategy::QueryAnswer::State state);
  Story& given_unready(const std::string& authority, const std::string& why);
  Story& given_ready(const std::string& authority);
  /// Copies are compared with what live answered; this share of the pairs, and of live's own twins, differs by itself.
  Story& given_pairs(double noise = 0);
  Story& given_start(WallTime when);  ///< before the policy: another day, another hour
  Story& of(const std::string& route);

  // ---- when
  /// Long times may be looked at less often: what happens in between is told by the look after it.
  Story& when_time_passes(Duration time, Duration look = std::chrono::seconds(1));
  /// Looks every second until the phase is there; fails when it is not within the time.
  Story& when_phase_comes(Phase phase, Duration within);
  Story& when_person(Verb verb, bool full = false);  ///< expects that it is not refused
  Story& when_person_is_refused(Verb verb, std::string_view because, bool full = false);
  Story& when_policy_changes(std::string_view yaml);  ///< a reload
  Story& when_killed_and_restarted();                 ///< with the same file
  Story& when_killed_and_restarted(std::string_view yaml);
  Story& when_store_fails(bool fails = true);
  Story& when_store_is_late(bool late = true);       ///< it keeps everything, and is too slow to say so
  Story& when_every_nth_tick_is_missed(unsigned n);  ///< 0: none
  Story& when_every_tick_is_repeated(bool repeated = true);

  // ---- then
  Story& then_phase(Phase phase, std::string_view reason = {});
  Story& then_weight(const std::string& version, double share);                ///< published; 0…1
  Story& then_mirrored(const std::string& version, double share);              ///< published; 0…1
  Story& then_event(const std::string& kind, std::string_view text_has = {});  ///< at least one, ever, of this route
  Story& then_no_event(const std::string& kind);
  Story& then_events(const std::vector<std::string>& kinds);  ///< all of this route's, in order; nothing else
  Story& then_message_has(std::string_view text);
  Story& then_condition(const std::string& type, const std::string& status);
  Story& then_hook_called(const std::string& url, std::uint32_t at_least = 1);
  Story& then_clients_saw_no_failure();
  Story& then_role(const std::string& version, const std::string& role);
  Story& then_steps_were(const std::string& version, const std::vector<double>& shares);  ///< published, in order

  // ---- for what words do not say
  World& world() noexcept { return world_; }
  rollout::Controller& controller() noexcept { return *controller_; }
  rollout::RolloutView view() const;
  std::vector<state::JournalEntry> journal() const;  ///< of the route, oldest first
  state::Store& store() noexcept;
  WallTime now() const noexcept { return world_.now; }
  /// One look, without time.
  void tick();

 private:
  class FaultyStore;

  void start(std::string_view yaml);
  void take(std::string_view yaml);
  std::string moment() const;

  World world_;
  std::unique_ptr<FaultyStore> store_;
  std::unique_ptr<rollout::Controller> controller_;
  std::string yaml_;
  std::string route_;
  std::uint64_t generation_ = 0;
  std::uint64_t ticks_ = 0;
  unsigned missed_ = 0;
  bool repeated_ = false;
  WallTime began_{};
};

/// A route "fraud" with these versions and these lines below `strategy:`, without indentation. Every version has so
/// many endpoints: 127.0.0.1:9001, 9002… of the first, 9101, 9102… of the second. `more` are further lines of the spec.
std::string route_yaml(const std::vector<std::string>& versions, std::string_view strategy, int endpoints = 1,
                       std::string_view more = {});

/// A canary's policy for stories: v1 and v2, and these lines below `canary:`, without indentation.
std::string canary_yaml(std::string_view lines);

}  // namespace sluice::scenarios
