#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/address.hpp"
#include "sluice/policy/match.hpp"
#include "sluice/policy/resilience.hpp"
#include "sluice/policy/strategy.hpp"

namespace sluice::policy {

/// What the clients of a route speak: decides error bodies, what is read from a body, and the warm-up request.
enum class Protocol : std::uint8_t { OpenInference, KServeV1, OpenAi, SageMaker, Vertex, Raw };

/// The name as it stands in a policy.
std::string_view to_string(Protocol protocol) noexcept;

enum class UnitSource : std::uint8_t { Header, Cookie, QueryParam, JsonPointer, ClientAddress, Request };

/// Who is bucketed and sticks. Without a unit every request is drawn on its own.
struct Unit {
  UnitSource source = UnitSource::Request;
  std::string name;  ///< of the header, cookie or query parameter, or the JSON pointer; else empty
  std::string salt;  ///< another salt is another, independent assignment

  bool operator==(const Unit&) const = default;
};

struct Rewrite {
  std::string model;  ///< model name that the endpoints get to see; empty: unchanged
  std::string host;   ///< value of Host towards the endpoints; empty: unchanged

  bool operator==(const Rewrite&) const = default;
};

/// How `https://` endpoints are checked and how we introduce ourselves.
struct UpstreamTls {
  std::string ca_file;           ///< PEM; empty: the system's authorities
  std::string server_name;       ///< SNI and the name in the certificate; empty: the endpoint's host
  std::string certificate_file;  ///< PEM, shown to the endpoint
  std::string key_file;
  bool insecure_skip_verify = false;

  bool operator==(const UpstreamTls&) const = default;
};

/// Connections towards one endpoint, for each worker thread on its own.
struct Pool {
  std::uint32_t max_connections = 1024;
  std::uint32_t max_pending = 1024;                    ///< requests that wait for a connection
  Duration pending_timeout = std::chrono::seconds(1);  ///< how long one of them waits
  Duration idle_timeout = std::chrono::seconds(60);    ///< an unused connection is closed after this
  Duration max_age = std::chrono::minutes(10);         ///< and any connection after this, between two requests
  std::uint32_t prewarm = 1;                           ///< connections dialled before the first request

  bool operator==(const Pool&) const = default;
};

struct Version {
  std::string name;
  std::vector<Endpoint> endpoints;  ///< at least one
  std::optional<Rewrite> rewrite;
  std::optional<UpstreamTls> tls;
  std::optional<Pool> pool;  ///< replaces the route's pool as a whole, and so do the next four with theirs
  std::optional<Health> health;
  std::optional<Ejection> ejection;
  std::optional<SlowStart> slow_start;
  std::optional<WarmUp> warm_up;
  std::optional<RequestLimits> limits;          ///< besides the route's
  std::optional<AdaptiveConcurrency> adaptive;  ///< replaces the route's
  Position position;

  bool operator==(const Version&) const = default;
};

struct RouteTimeouts {
  Duration request =
      std::chrono::seconds(30);  ///< first byte of the request to the last of the answer; streams excepted
  Duration backend_request = std::chrono::seconds(10);  ///< one attempt, until its response head is there
  Duration connect = std::chrono::seconds(2);
  Duration stream_idle = std::chrono::seconds(60);  ///< between two pieces of a response body

  bool operator==(const RouteTimeouts&) const = default;
};

enum class OutcomeType : std::uint8_t { Binary, Value };
enum class Better : std::uint8_t { Higher, Lower };

/// Where in an answer a value is read.
enum class AnswerPart : std::uint8_t {
  Header,
  JsonPointer,
  Tensor,
  Tokens,           ///< output tokens, as an OpenAI answer tells them
  TokensPerSecond,  ///< of these, from the request's head to the answer's last byte
};

/// An outcome that nobody has to report: it stands in the answer itself.
struct FromAnswer {
  AnswerPart part = AnswerPart::JsonPointer;
  std::string name;           ///< of the header or the output tensor, or the JSON pointer; else empty
  Ratio sample = 100_pct;     ///< share of the answers that are read
  Bytes body_bytes = 64_KiB;  ///< larger bodies are not read

  bool operator==(const FromAnswer&) const = default;
};

/// Something that an application reports later about a decision, or that is read from its answer.
struct Outcome {
  std::string name;
  OutcomeType type = OutcomeType::Binary;
  Better better = Better::Higher;  ///< click: Higher; chargeback: Lower
  Duration attribution_window = std::chrono::minutes(30);
  std::optional<FromAnswer> from;  ///< none: reported by an application
  Position position;

  bool operator==(const Outcome&) const = default;
};

/// What of the answers is watched for a change of its distribution: for `score-drift`. At least one of the two.
struct Drift {
  std::optional<FromAnswer> score;  ///< a number
  std::optional<FromAnswer> label;  ///< the predicted class: text, or a whole number; a JSON pointer, header or tensor
  std::uint64_t reference = 2000;   ///< stable's first so many values are the frozen reference window
  Position position;

  bool operator==(const Drift&) const = default;
};

/// Requests that are also looked at by themselves: a kind of device, a region.
struct Segment {
  std::string name;
  std::vector<Match> matches;  ///< any one is enough
  Position position;

  bool operator==(const Segment&) const = default;
};

enum class PinAllow : std::uint8_t { Nobody, Everyone, Matching };

/// Who may choose a version with `x-sluice-version`. For anyone else the header is stripped.
struct Pinning {
  PinAllow allow = PinAllow::Nobody;
  std::vector<Match> when;  ///< only with Matching; any one is enough

  bool operator==(const Pinning&) const = default;
};

/// One model behind one set of matches.
struct ModelRoute {
  std::string name;
  std::vector<Match> matches;  ///< any one is enough; empty: every request
  Protocol protocol = Protocol::OpenInference;
  Unit unit;
  std::vector<Version> versions;  ///< at least one
  RouteTimeouts timeouts;
  Pool pool;
  Retry retry;
  std::optional<Hedge> hedge;    ///< none: off
  std::optional<Health> health;  ///< none: an endpoint is ready as soon as it is named
  Ejection ejection;
  SlowStart slow_start;
  Ratio panic_threshold = 50_pct;  ///< with a smaller share of usable endpoints all are used
  std::optional<WarmUp> warm_up;
  std::optional<RequestLimits> limits;          ///< of all versions together; none: only the gateway's
  std::optional<AdaptiveConcurrency> adaptive;  ///< of each version on its own; none: off
  std::vector<Outcome> outcomes;
  std::vector<Segment> segments;  ///< a request is of the first that matches
  std::optional<Drift> drift;     ///< none: no distribution is watched
  std::optional<RouteMirror> mirror;
  Pinning pinning;
  Strategy strategy;
  Position position;

  bool operator==(const ModelRoute&) const = default;
};

/// Whether copies are made at some time: by a shadow, by blueGreen with `prePromotion.mirror`, by a stage of one, or by
/// the route's mirror beside another strategy.
bool makes_copies(const ModelRoute& route) noexcept;

/// How a route's answers to copies are compared: as its shadow says or, with stages, the shadows among them, which say
/// the same; else as its mirror says. Null: by status alone.
const Compare* compare_of(const ModelRoute& route) noexcept;

/// Whether versions of this strategy (with stages: of one of them) answer requests of their own beside stable, so that
/// the route's mirror copies between them.
bool splits_requests(const Strategy& strategy) noexcept;

}  // namespace sluice::policy
