#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

enum class Verb : std::uint8_t { Promote, Pause, Resume, Abort, Retry, Undo };
/// "promote".
std::string_view to_string(Verb verb) noexcept;
std::optional<Verb> parse_verb(std::string_view text) noexcept;

/// What a person asks for.
struct Command {
  Verb verb = Verb::Promote;
  bool full = false;  ///< promote: all the way, past every step and check
  std::string actor;  ///< who, for the journal
};

/// One line of the journal.
struct Event {
  std::string kind;  ///< "Advanced", "Promoted", "RolledBack", "Paused", "CheckFailed"…: CamelCase, few, documented
  std::string text;  ///< plain words with the numbers: "v2 to 25%: 3 checks pass (n=6 131)"
};

/// Something that is to be done outside, over HTTP, without anybody waiting for it. Wished anew with every tick for as
/// long as it matters; the key says whether it is the same one.
struct Errand {
  std::string key;  ///< "fraud-3/1/2/confirm-promotion/0": rollout, attempt, step, what, which
  std::string method = "POST";
  std::string url;
  std::string body;                          ///< JSON; empty: the controller writes a webhook's payload
  const policy::Webhook* webhook = nullptr;  ///< whose payload; lives as long as the policy
  Duration timeout = std::chrono::seconds(10);
  std::uint32_t retries = 0;      ///< further tries after one that failed, then Failed stands
  std::optional<Duration> again;  ///< asks again after this until it succeeds: a gate
};

/// A value that a check takes from Prometheus; the same rules.
struct Query {
  std::string key;
  std::string address;  ///< http(s) URL of the server
  std::string promql;   ///< with names filled in
  Duration timeout = std::chrono::seconds(5);
  Duration interval = std::chrono::seconds(10);  ///< an answer older than this is asked for again
};

/// What one look at the world leads to: at most one change of what the traffic does.
struct Transition {
  RolloutState state;
  std::vector<Event> events;    ///< empty: nothing happened
  std::vector<Errand> errands;  ///< all that matter now
  std::vector<Query> queries;
  std::optional<std::string> refusal;  ///< of a command: why not; then the state is as it was
};

/// All that a step function sees. References live for the length of the call.
struct Context {
  const policy::ModelRoute& route;
  const Evidence& evidence;
  const Command* command = nullptr;  ///< only promote, abort, retry or undo, and only where the verbs' table lets it
  WallTime now{};
};

/// How copies are bounded, of all candidates together.
struct CopyBudget {
  std::uint32_t requests_in_flight = 32;
  double requests_per_second = 0;  ///< 0: no limit
  std::uint64_t body_bytes = 1ULL << 20;
  bool idle_only = false;
  std::uint32_t idle_in_flight = 8;       ///< of the live version: fewer than that
  Duration idle_latency{0};               ///< its recent mean is at most that; 0: not looked at
  Duration deduplicate{0};                ///< a body is not copied again within this; 0: it is
  std::optional<std::uint64_t> requests;  ///< in all, counted from where the window began
  friend bool operator==(const CopyBudget&, const CopyBudget&) = default;
};

/// What the data plane is to do: a pure function of the policy and the state.
struct Steering {
  traffic::TrafficPlan plan;
  std::vector<std::string> roles;                  ///< by version, for version_info
  std::vector<std::int32_t> fallbacks;             ///< by version: who answers what it fails; -1: nobody
  std::vector<std::vector<std::string>> withheld;  ///< by version: authorities that get no traffic; may be empty
  CopyBudget copies;
  std::uint64_t window = 0;  ///< evidence is counted anew where this changes
};

}  // namespace sluice::strategy
