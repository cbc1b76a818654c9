#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "keeper.hpp"
#include "route_entry.hpp"
#include "sluice/rollout/controller.hpp"
#include "sluice/rollout/succession.hpp"

namespace sluice::rollout {

class Controller::Impl {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)), keeper_(parts_.store) {}

  Result<void> restore(WallTime now);
  Result<Prepared> prepare(std::vector<policy::ModelRoute> routes, std::uint64_t generation, WallTime now) const;
  Result<void> adopt(Prepared prepared, WallTime now);
  void tick(WallTime now);
  Result<RolloutView, Refusal> command(const std::string& route, const strategy::Command& command, WallTime now);
  std::vector<RolloutView> views(WallTime now) const;
  const Keeper& keeper() const noexcept { return keeper_; }
  const std::vector<std::string>& damage() const noexcept { return damage_; }

 private:
  /// What was kept of a route that no policy has named yet, or why it is gone.
  struct Kept {
    std::optional<strategy::RolloutState> state;
    std::string lost;
  };

  // adoption.cpp
  Past past_of(const std::string& route) const;
  const strategy::RolloutState* state_of(const std::string& route) const;
  RouteEntry* find(const std::string& route);
  RouteEntry enter(policy::ModelRoute route, strategy::RolloutState state, const strategy::RolloutState* before,
                   strategy::Steering steering);
  void end_superseded(const std::string& route, const strategy::Event& event, WallTime now);
  void retire(const Prepared& prepared, WallTime now);
  void alarm(const std::string& sentence, WallTime now);

  // tick.cpp
  void gather();
  std::optional<Move> consider(std::size_t index, strategy::Transition transition, const std::string& actor);
  /// False when one of the moves was not done because it could not be kept.
  bool carry_out(std::vector<Move> moves, WallTime now);
  Result<std::vector<state::JournalEntry>> commit(const std::vector<Move>& moves, WallTime now);
  void apply(Move move, bool kept, WallTime now);
  void publish();
  void keep_errands();
  void tell(const policy::ModelRoute& policy, const strategy::RolloutState& before, const strategy::RolloutState& after,
            const std::vector<strategy::Event>& events, WallTime now);
  RolloutView view(const RouteEntry& entry, WallTime now) const;
  static Line line_of(const strategy::RolloutState& state, const strategy::Event& event, const std::string& actor,
                      WallTime now);

  Parts parts_;
  Keeper keeper_;
  std::vector<RouteEntry> routes_;
  std::map<std::string, Kept> kept_;  // until the first policy is adopted
  bool all_lost_ = false;
  std::string lost_because_;
  std::vector<std::string> damage_;                     // sentences
  std::map<std::string, strategy::Evidence> evidence_;  // its memory, between two looks
  std::uint64_t generation_ = 0;
  std::string traffic_problem_;
};

}  // namespace sluice::rollout
