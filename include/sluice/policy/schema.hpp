#pragma once

#include <map>
#include <span>
#include <string>

#include "sluice/policy/declare.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::policy {

// The declarations of every struct and word of a policy. To add a field: the member in its struct, and one block in the
// schema_*.cpp that declares the struct. The reader, docs/policy-reference.md and the JSON Schema follow.

enum class ApiVersion : std::uint8_t { V1 };
enum class GatewayKind : std::uint8_t { Gateway };
enum class ModelRouteKind : std::uint8_t { ModelRoute };

struct Metadata {
  std::string name;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  bool operator==(const Metadata&) const = default;
};

struct GatewayDocument {
  ApiVersion api_version = ApiVersion::V1;
  GatewayKind kind = GatewayKind::Gateway;
  Metadata metadata;
  Gateway spec;

  bool operator==(const GatewayDocument&) const = default;
};

struct ModelRouteDocument {
  ApiVersion api_version = ApiVersion::V1;
  ModelRouteKind kind = ModelRouteKind::ModelRoute;
  Metadata metadata;
  ModelRoute spec;

  bool operator==(const ModelRouteDocument&) const = default;
};

// schema_document.cpp
const Type& type_of(Tag<ApiVersion>);
const Type& type_of(Tag<GatewayKind>);
const Type& type_of(Tag<ModelRouteKind>);
const Type& type_of(Tag<Metadata>);
const Type& type_of(Tag<GatewayDocument>);
const Type& type_of(Tag<ModelRouteDocument>);
// schema_gateway.cpp
const Type& type_of(Tag<ListenerTls>);
const Type& type_of(Tag<Listener>);
const Type& type_of(Tag<Admin>);
const Type& type_of(Tag<MetricsListener>);
const Type& type_of(Tag<MemoryState>);
const Type& type_of(Tag<SqliteState>);
const Type& type_of(Tag<RedisState>);
const Type& type_of(Tag<State>);
const Type& type_of(Tag<Limits>);
const Type& type_of(Tag<ClientTimeouts>);
const Type& type_of(Tag<Dns>);
const Type& type_of(Tag<Drain>);
const Type& type_of(Tag<LogLevel>);
const Type& type_of(Tag<LogFormat>);
const Type& type_of(Tag<Log>);
const Type& type_of(Tag<DecisionLog>);
const Type& type_of(Tag<Gateway>);
// schema_match.cpp
const Type& type_of(Tag<PathMatchType>);
const Type& type_of(Tag<ValueMatchType>);
const Type& type_of(Tag<PathMatch>);
const Type& type_of(Tag<ValueMatch>);
const Type& type_of(Tag<Match>);
const Type& type_of(Tag<Unit>);
const Type& type_of(Tag<PinAllow>);
const Type& type_of(Tag<Pinning>);
// schema_segments.cpp
const Type& type_of(Tag<Segment>);
const Type& type_of(Tag<OnSegmentFailure>);
// schema_answers.cpp
const Type& type_of(Tag<FromAnswer>);
const Type& type_of(Tag<Drift>);
// schema_route.cpp
const Type& type_of(Tag<Protocol>);
const Type& type_of(Tag<Rewrite>);
const Type& type_of(Tag<UpstreamTls>);
const Type& type_of(Tag<Pool>);
const Type& type_of(Tag<Version>);
const Type& type_of(Tag<RouteTimeouts>);
const Type& type_of(Tag<OutcomeType>);
const Type& type_of(Tag<Better>);
const Type& type_of(Tag<Outcome>);
const Type& type_of(Tag<ModelRoute>);
// schema_resilience.cpp
const Type& type_of(Tag<RetryOn>);
const Type& type_of(Tag<RetryMethods>);
const Type& type_of(Tag<Backoff>);
const Type& type_of(Tag<Retry>);
const Type& type_of(Tag<Hedge>);
const Type& type_of(Tag<Health>);
const Type& type_of(Tag<Ejection>);
const Type& type_of(Tag<SlowStart>);
const Type& type_of(Tag<WarmUpRequest>);
const Type& type_of(Tag<Recorded>);
const Type& type_of(Tag<WarmUp>);
const Type& type_of(Tag<RequestLimits>);
const Type& type_of(Tag<AdaptiveConcurrency>);
// schema_analysis.cpp
const Type& type_of(Tag<ThresholdRange>);
const Type& type_of(Tag<VersusStable>);
const Type& type_of(Tag<PrometheusQuery>);
const Type& type_of(Tag<Check>);
const Type& type_of(Tag<OnNoData>);
const Type& type_of(Tag<Analysis>);
const Type& type_of(Tag<WebhookType>);
const Type& type_of(Tag<Webhook>);
// schema_shadow.cpp
const Type& type_of(Tag<ShadowCandidate>);
const Type& type_of(Tag<Oversample>);
const Type& type_of(Tag<ShadowSelection>);
const Type& type_of(Tag<ShadowIdle>);
const Type& type_of(Tag<ShadowBudget>);
const Type& type_of(Tag<Agreement>);
const Type& type_of(Tag<TensorRule>);
const Type& type_of(Tag<KeepPairs>);
const Type& type_of(Tag<Compare>);
const Type& type_of(Tag<RouteMirror>);
const Type& type_of(Tag<ShadowStop>);
const Type& type_of(Tag<Weekday>);
const Type& type_of(Tag<ShadowHours>);
const Type& type_of(Tag<Shadow>);
// schema_experiment.cpp: abTest, bandit
const Type& type_of(Tag<Variant>);
const Type& type_of(Tag<OnWinner>);
const Type& type_of(Tag<AbTest>);
const Type& type_of(Tag<BanditAlgorithm>);
const Type& type_of(Tag<ContextType>);
const Type& type_of(Tag<ContextFeature>);
const Type& type_of(Tag<BanditStop>);
const Type& type_of(Tag<Bandit>);
// schema_rollout.cpp: canary, rolling, blueGreen, stages and the choice among all
const Type& type_of(Tag<Pause>);
const Type& type_of(Tag<Step>);
const Type& type_of(Tag<Pace>);
const Type& type_of(Tag<OnFailure>);
const Type& type_of(Tag<Canary>);
const Type& type_of(Tag<Replace>);
const Type& type_of(Tag<Repository>);
const Type& type_of(Tag<Rolling>);
const Type& type_of(Tag<PrePromotion>);
const Type& type_of(Tag<AutoPromote>);
const Type& type_of(Tag<PostPromotion>);
const Type& type_of(Tag<BlueGreen>);
const Type& type_of(Tag<StageEnd>);
const Type& type_of(Tag<Stage>);
const Type& type_of(Tag<Stages>);
const Type& type_of(Tag<Strategy>);

/// The two kinds of document, for whatever walks the whole schema.
std::span<const Type* const> document_types();

}  // namespace sluice::policy
