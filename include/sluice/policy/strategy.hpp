#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/analysis.hpp"
#include "sluice/policy/match.hpp"
#include "sluice/policy/shadow.hpp"

namespace sluice::policy {

// ---- A/B test: a random, sticky split

struct Variant {
  std::string version;
  std::uint32_t weight = 1;  ///< relative to the sum of all weights
  Position position;

  bool operator==(const Variant&) const = default;
};

enum class OnWinner : std::uint8_t { Hold, Promote };

struct AbTest {
  std::vector<Variant> variants;
  std::string control;          ///< empty: the first variant; gets everyone outside the audience
  std::vector<Match> audience;  ///< empty: everyone
  std::string primary_metric;   ///< empty: a plain split with nothing to decide
  std::vector<Check> guardrails;
  std::optional<Ratio> minimum_effect;
  Ratio confidence = 95_pct;  ///< that nothing false is said of anyone, in the whole test
  std::optional<Duration> max_duration;
  OnWinner on_winner = OnWinner::Hold;
  bool eliminate_losers = true;
  bool parachute = true;  ///< a request that a variant fails is answered by the control

  bool operator==(const AbTest&) const = default;
};

// ---- bandit: traffic follows what earns most

enum class BanditAlgorithm : std::uint8_t {
  ThompsonSampling,
  TopTwoThompson,
  KlUcb,
  Ucb1,
  EpsilonGreedy,
  LinearThompson
};

enum class ContextSource : std::uint8_t { Header, Cookie, QueryParam, JsonPointer };
enum class ContextType : std::uint8_t { Number, Category };

/// One feature of a request that LinearThompson may learn from.
struct ContextFeature {
  ContextSource source = ContextSource::Header;
  std::string name;  ///< of the header, cookie or query parameter, or the JSON pointer
  ContextType type = ContextType::Number;
  std::vector<std::string> values;  ///< the known categories; others count as "none of them"
  Position position;

  bool operator==(const ContextFeature&) const = default;
};

struct BanditStop {
  Ratio probability_best = 95_pct;
  Ratio value_remaining = 1_pct;
  bool certified = false;                ///< and an e-value has to say so, too
  Duration min_duration{0};              ///< and never before the reward's attribution window has passed
  std::optional<Duration> max_duration;  ///< none: no end without a winner

  bool operator==(const BanditStop&) const = default;
};

struct Bandit {
  std::vector<std::string> arms;  ///< versions
  std::string reward;             ///< an outcome; empty: success and latency
  BanditAlgorithm algorithm = BanditAlgorithm::ThompsonSampling;
  Ratio minimum_share = 1_pct;
  Duration update_interval = std::chrono::seconds(1);
  std::optional<Duration> half_life;
  std::vector<ContextFeature> context;
  std::vector<Check> guardrails;
  std::optional<BanditStop> stop_when;
  bool parachute = true;  ///< a request that an arm fails is answered by the first arm

  bool operator==(const Bandit&) const = default;
};

// ---- canary: the candidate takes over step by step

enum class StepKind : std::uint8_t { SetWeight, Pause };

struct Pause {
  std::optional<Duration> duration;  ///< none: until `sluice promote`

  bool operator==(const Pause&) const = default;
};

struct Step {
  StepKind kind = StepKind::SetWeight;
  double weight = 0;  ///< percent, only with SetWeight
  Pause pause;        ///< only with Pause
  Position position;

  bool operator==(const Step&) const = default;
};

enum class Pace : std::uint8_t { Steps, Evidence };
enum class OnFailure : std::uint8_t { Rollback, Hold };

/// What follows where a candidate is worse in one segment of the route.
enum class OnSegmentFailure : std::uint8_t { Rollback, ExcludeSegment };

struct Canary {
  std::string stable;
  std::string candidate;
  std::vector<Step> steps;
  Pace pace = Pace::Steps;
  double max_weight = 50;  ///< percent, at most 50
  std::vector<Match> audience;
  std::optional<Analysis> analysis;
  std::optional<std::uint64_t> harm_budget;  ///< expected extra failed requests the whole rollout may cost
  bool parachute = true;                     ///< a failed first attempt at the candidate is answered by stable
  OnFailure on_failure = OnFailure::Rollback;
  OnSegmentFailure on_segment_failure = OnSegmentFailure::Rollback;
  Duration progress_deadline = std::chrono::minutes(10);
  Duration keep_warm = std::chrono::minutes(10);  ///< stable stays ready for an undo after the promotion
  std::vector<Webhook> webhooks;

  bool operator==(const Canary&) const = default;
};

// ---- rolling: instances are replaced one by one

/// `2` or `25%`, as in a Deployment. Of the version's endpoints.
struct CountOrRatio {
  std::uint32_t count = 0;
  std::optional<Ratio> ratio;  ///< when set, `count` means nothing

  bool operator==(const CountOrRatio&) const = default;
};

enum class Replace : std::uint8_t { Endpoints, ModelRepository, Webhook };

/// How the model of a server is exchanged with the repository API of the V2 protocol.
struct Repository {
  std::string model;                                     ///< name in the repository
  std::map<std::string, std::string> stable_parameters;  ///< of the request that loads the stable version again
  std::map<std::string, std::string> candidate_parameters;
  bool unload = true;  ///< unload before load

  bool operator==(const Repository&) const = default;
};

struct Rolling {
  std::string stable;
  std::string candidate;
  CountOrRatio max_unavailable{1, {}};
  CountOrRatio max_surge{0, {}};
  Duration min_ready = std::chrono::seconds(10);
  Replace replace = Replace::Endpoints;
  std::optional<Repository> repository;                ///< with Replace::ModelRepository
  Duration replace_timeout = std::chrono::minutes(5);  ///< drain, replacement and readiness of one instance
  std::optional<Analysis> analysis;
  Ratio rollback_batch = 100_pct;
  bool parachute = true;  ///< a request that the candidate fails is answered by stable
  Duration progress_deadline = std::chrono::minutes(10);
  std::vector<Webhook> webhooks;

  bool operator==(const Rolling&) const = default;
};

// ---- blue-green: all traffic flips at once

struct PrePromotion {
  std::optional<Analysis> analysis;
  Ratio mirror;  ///< share of active's requests that preview gets a copy of

  bool operator==(const PrePromotion&) const = default;
};

struct AutoPromote {
  bool enabled = false;
  Duration after{};

  bool operator==(const AutoPromote&) const = default;
};

struct PostPromotion {
  std::optional<Analysis> analysis;

  bool operator==(const PostPromotion&) const = default;
};

struct BlueGreen {
  std::string active;
  std::string preview;
  std::optional<Match> preview_match;
  PrePromotion pre_promotion;
  AutoPromote auto_promote;
  PostPromotion post_promotion;
  Duration keep_warm = std::chrono::minutes(10);
  std::vector<Webhook> webhooks;

  bool operator==(const BlueGreen&) const = default;
};

// ---- stages: several of the above in a row

/// When a stage hands over to the next: when its own strategy is satisfied, or when a person also says so.
enum class StageEnd : std::uint8_t { Passed, Approved };

using StageStrategy = std::variant<std::monostate, Shadow, AbTest, Bandit, Canary, Rolling, BlueGreen>;

struct Stage {
  StageStrategy strategy;  ///< never monostate in a valid policy
  StageEnd until = StageEnd::Passed;
  Duration at_least{};
  Position position;

  bool operator==(const Stage&) const = default;
};

struct Stages {
  std::vector<Stage> stages;

  bool operator==(const Stages&) const = default;
};

/// The one strategy of a route; monostate: none, all traffic goes to the only version.
using Strategy = std::variant<std::monostate, Shadow, AbTest, Bandit, Canary, Rolling, BlueGreen, Stages>;

/// The key of a strategy as it stands in a policy: `canary`, `abTest`…; empty for monostate.
std::string_view strategy_name(const Strategy& strategy) noexcept;
std::string_view strategy_name(const StageStrategy& strategy) noexcept;

}  // namespace sluice::policy
