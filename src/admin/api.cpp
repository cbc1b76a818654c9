#include "sluice/admin/api.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "sluice/admin/access.hpp"
#include "sluice/admin/api_json.hpp"
#include "sluice/admin/assets.hpp"
#include "sluice/admin/disagreement_json.hpp"
#include "sluice/admin/rollout_json.hpp"
#include "sluice/base/log.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRoutes = "/api/v1/routes";
constexpr std::string_view kConfig = "/api/v1/config";
constexpr std::string_view kDrain = "/api/v1/drain";
constexpr std::string_view kReload = "/api/v1/reload";
constexpr std::string_view kJournal = "/api/v1/journal";
constexpr std::string_view kEvents = "/api/v1/events";
constexpr std::string_view kLive = "/api/v1/live";
constexpr std::string_view kPolicy = "/api/v1/policy";
constexpr std::string_view kAccess = "/api/v1/access";
constexpr const char* kOtherPaths =
    "not found; there are /, /api/v1/routes, /api/v1/routes/ROUTE, /api/v1/routes/ROUTE/journal, "
    "/api/v1/routes/ROUTE/history, /api/v1/routes/ROUTE/disagreements, /api/v1/routes/ROUTE/VERB, /api/v1/journal, "
    "/api/v1/events, /api/v1/live, /api/v1/policy, /api/v1/access, /api/v1/config, /api/v1/drain and /api/v1/reload";
constexpr std::size_t kMissedEvents = 1000;

Page json_page(const Json& json) {
  Page page;
  page.content_type = "application/json";
  page.body = text_of(json);
  return page;
}

/// `/api/v1/routes/ROUTE` or `/api/v1/routes/ROUTE/WORD`; an empty route for anything else.
struct RoutePath {
  std::string route;
  std::string word;
};
RoutePath route_path(std::string_view path) {
  if (!path.starts_with(kRoutes) || path.size() <= kRoutes.size() + 1 || path[kRoutes.size()] != '/') return {};
  path.remove_prefix(kRoutes.size() + 1);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {std::string(path), {}};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

/// The methods that a path knows; none when there is no such path.
std::string_view methods_of(std::string_view path) {
  constexpr std::array readable{kRoutes, kConfig, kJournal, kEvents, kLive, kPolicy, kAccess};
  if (std::find(readable.begin(), readable.end(), path) != readable.end()) return "GET, HEAD";
  if (path == kDrain) return "GET, HEAD, POST";
  if (path == kReload) return "POST";
  const RoutePath parts = route_path(path);
  if (parts.route.empty()) return {};
  constexpr std::array<std::string_view, 4> words{"", "journal", "disagreements", "history"};
  const bool is_read = std::find(words.begin(), words.end(), parts.word) != words.end();
  if (is_read) return path.ends_with('/') ? "" : "GET, HEAD";
  return strategy::parse_verb(parts.word) ? "POST" : "";
}

Need need_of(std::string_view method, std::string_view path) {
  if (method != "GET" && method != "HEAD") return Need::Token;
  return path == kPolicy || route_path(path).word == "disagreements" ? Need::Token : Need::Reading;
}

/// What a page is to know before it offers a change. A token that is wrong is here as good as none: it is asked about.
Page access_page(const Request& request, const Lock& lock) {
  Request asking = request;
  if (!is_authorized(request, lock)) asking.authorization = {};
  if (auto refused = refuse_reader(asking, lock, Need::Reading)) return std::move(*refused);
  Json out;
  out["tokenNeeded"] = !lock.token.empty();
  out["authorized"] = is_authorized(request, lock);
  out["anonymousRead"] = lock.anonymous_read;
  return json_page(out);
}

/// At a level that only `log.level: Error` silences: who changed what is asked when it is too late to raise it.
void audit(const std::string& actor, std::string_view action, const DrainOrder& order, const std::string& result) {
  log::warn("audit", {{"actor", actor},
                      {"action", action},
                      {"route", order.route},
                      {"version", order.version},
                      {"endpoint", order.endpoint},
                      {"result", result}});
}

void audit(const std::string& actor, std::string_view action, const std::string& result) {
  log::warn("audit", {{"actor", actor}, {"action", action}, {"result", result}});
}

Json with_rollout(const RouteView& route, const std::vector<rollout::RolloutView>& rollouts) {
  Json out = to_json(route);
  const auto found = std::find_if(rollouts.begin(), rollouts.end(),
                                  [&](const rollout::RolloutView& rollout) { return rollout.route == route.route; });
  if (found != rollouts.end()) out["rollout"] = to_json(*found);
  return out;
}

Page journal_page(const std::vector<state::JournalEntry>& entries, std::size_t limit) {
  Json out;
  out["entries"] = Json::array();
  for (const state::JournalEntry& entry : entries) out["entries"].push_back(to_json(entry));
  const bool more = entries.size() >= limit && entries.back().sequence > 1;
  out["before"] = more ? Json(entries.back().sequence) : Json();
  return json_page(out);
}

void log_refused(const Request& request, const Page& page) {
  static constinit log::Site site;
  log::warn(site, "admin request refused",
            {{"peer", request.peer}, {"method", request.method}, {"status", page.status}});
}

/// Asked about there, it is no refusal, but who tries one after the other shall be seen.
void log_wrong_token(const Request& request) {
  static constinit log::Site site;
  log::warn(site, "a wrong token was shown", {{"peer", request.peer}});
}

bool concerns(const DrainOrder& order, const RouteView& route, const VersionView& version,
              const EndpointView& endpoint) {
  return order.route == route.route && (order.version.empty() || order.version == version.version) &&
         (order.endpoint.empty() || order.endpoint == endpoint.endpoint);
}

}  // namespace

void Api::set_lock(Lock lock) {
  const std::lock_guard guard(mutex_);
  lock_ = std::move(lock);
}

Lock Api::lock() const {
  const std::lock_guard guard(mutex_);
  return lock_;
}

Page Api::answer(const Request& request) const {
  const Lock lock = this->lock();
  const std::string path(request.target.substr(0, request.target.find('?')));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads && path == kAccess) {
    if (!request.authorization.empty() && !is_authorized(request, lock)) log_wrong_token(request);
    return access_page(request, lock);
  }
  const Asset* const asset = reads ? asset_of(path) : nullptr;
  if (auto refused = refuse_reader(request, lock, asset != nullptr ? Need::Nothing : need_of(request.method, path))) {
    log_refused(request, *refused);
    return std::move(*refused);
  }
  if (asset != nullptr) return asset_page(*asset, request);
  const std::string_view methods = methods_of(path);
  if (methods.empty()) return error_page(404, kOtherPaths);
  const bool writes = request.method == "POST";
  if ((reads && methods.starts_with("GET")) || (writes && methods.ends_with("POST"))) {
    if (reads) {
      Page page = read(request, path, actor_of(request, lock));
      if (page.live || page.events_after) page.still_allowed = still_lets_in(request);
      return page;
    }
    if (auto refused = refuse_writer(request)) {
      log_refused(request, *refused);
      return std::move(*refused);
    }
    return change(request, path, actor_of(request, lock));
  }
  Page page = error_page(405, "the method does not fit; there is " + std::string(methods));
  page.allow = methods;
  return page;
}

/// A token that leaked and was exchanged, or reading without one that was ended, must not go on by a stream that was
/// opened before: whoever reads it is asked again what they were asked at its begin.
std::function<bool()> Api::still_lets_in(const Request& request) const {
  return [this, host = std::string(request.host), authorization = std::string(request.authorization)] {
    Request asking;
    asking.host = host;
    asking.authorization = authorization;
    return !refuse_reader(asking, lock(), Need::Reading);
  };
}

Page Api::read(const Request& request, const std::string& path, const std::string& actor) const {
  if (path == kConfig) return json_page(to_json(ports_.config()));
  if (path == kDrain) return json_page(to_json(ports_.drain_state()));
  if (path == kRoutes) return read_all_routes();
  if (path == kEvents) return read_events(request.last_event_id);
  if (path == kPolicy) return read_policy();
  if (path == kLive) {
    Page page;
    page.content_type = "text/event-stream";
    page.live = true;
    return page;
  }
  const std::string_view query = request.target.substr(std::min(path.size() + 1, request.target.size()));
  if (path == kJournal) return read_journal({}, query);
  const RoutePath parts = route_path(path);
  if (parts.word == "disagreements") return read_disagreements(parts.route, query, actor);
  if (parts.word == "history") return read_history(parts.route, query);
  return parts.word.empty() ? read_route(parts.route) : read_journal(parts.route, query);
}

Page Api::read_all_routes() const {
  const auto rollouts = ports_.rollouts();
  Json out;
  out["routes"] = Json::array();
  for (const RouteView& route : ports_.routes()) out["routes"].push_back(with_rollout(route, rollouts));
  return json_page(out);
}

Page Api::read_route(const std::string& name) const {
  for (const RouteView& route : ports_.routes()) {
    if (route.route == name) return json_page(with_rollout(route, ports_.rollouts()));
  }
  return error_page(404, "there is no route " + name);
}

/// Also of a route that is no more.
Page Api::read_journal(const std::string& route, std::string_view query) const {
  auto wanted = parse_journal_query(query);
  if (!wanted) return error_page(400, wanted.error().message);
  wanted->route = route;
  const auto entries = ports_.journal(*wanted);
  if (!entries) return error_page(503, entries.error().message);
  return journal_page(*entries, wanted->limit);
}

/// Parts of what clients sent and got: who looked at it stands in the log.
Page Api::read_disagreements(const std::string& route, std::string_view query, const std::string& actor) const {
  const auto wanted = parse_disagreement_query(query);
  if (!wanted) return error_page(400, wanted.error().message);
  const auto pairs = ports_.disagreements(route);
  log::info("audit",
            {{"actor", actor},
             {"action", "disagreements"},
             {"route", route},
             {"result", pairs ? std::to_string(pairs->size()) + " pairs" : "refused: " + pairs.error().reason}});
  if (!pairs) return error_page(pairs.error().status, pairs.error().reason);
  return json_page(to_json(route, *pairs, *wanted));
}

Page Api::read_history(const std::string& route, std::string_view query) const {
  const auto after = parse_history_query(query);
  if (!after) return error_page(400, after.error().message);
  const auto points = ports_.history(route, *after);
  if (!points) return error_page(points.error().status, points.error().reason);
  return json_page(to_json(*points));
}

Page Api::read_policy() const {
  Page page;
  page.later = [config = ports_.config(), text = ports_.policy()]() -> std::optional<Page> {
    const auto yaml = text();
    if (!yaml) return std::nullopt;
    Json out;
    out["yaml"] = *yaml;
    out["generation"] = config.generation;
    out["hash"] = config.hash;
    out["policy"] = config.policy;
    out["lastReloadSuccessful"] = config.last_reload_successful;
    out["lastReloadError"] = config.last_reload_error;
    out["reloadsRefused"] = config.reloads_refused;
    return json_page(out);
  };
  return page;
}

/// With the id of the last event that a reader got: those since then come first. What is kept before it is read belongs
/// to these, what is kept later is published later; so that nothing is lost in between, and nothing comes twice.
Page Api::read_events(std::string_view last_event_id) const {
  Page page;
  page.content_type = "text/event-stream";
  page.events_after = 0;
  if (last_event_id.empty()) return page;
  const auto query = parse_journal_query("before=" + std::string(last_event_id));
  if (!query) return error_page(400, "Last-Event-ID is the number of an event");
  const auto entries = ports_.journal({{}, 0, kMissedEvents});
  if (!entries) return error_page(503, entries.error().message);
  // A larger id is of a journal that is lost: this one counts from 1 again.
  page.events_after = entries->empty() ? 0 : std::min(query->before, entries->front().sequence);
  const auto seen = std::find_if(entries->begin(), entries->end(),
                                 [&](const state::JournalEntry& entry) { return entry.sequence <= query->before; });
  if (seen == entries->end() && entries->size() == kMissedEvents) {
    page.body += ": only the last 1000 of what was missed; /api/v1/journal has the others\n\n";
  }
  for (auto entry = std::make_reverse_iterator(seen); entry != entries->rend(); ++entry) {
    page.events_after = entry->sequence;
    page.body += event_of(*entry).text;
  }
  return page;
}

Page Api::change(const Request& request, const std::string& path, const std::string& actor) const {
  if (path == kReload) return reload(actor);
  if (path == kDrain) return drain(std::string(request.body), actor);
  const RoutePath parts = route_path(path);
  return verb(parts.route, parts.word, std::string(request.body), actor);
}

Page Api::verb(const std::string& route, const std::string& word, const std::string& body,
               const std::string& actor) const {
  const auto order = parse_verb_order(body);
  if (!order) return error_page(400, order.error().message);
  strategy::Command command;
  command.verb = *strategy::parse_verb(word);
  command.full = order->full;
  command.actor = order->actor.empty() ? actor : order->actor;
  if (command.full && command.verb != strategy::Verb::Promote) {
    return error_page(400, "full means something only with promote");
  }
  const auto done = ports_.verb(route, command);
  log::warn("audit", {{"actor", order->actor.empty() ? actor : order->actor + " (" + actor + ")"},
                      {"action", word + (command.full ? " --full" : "")},
                      {"route", route},
                      {"result", done ? std::string(to_string(done->phase)) : "refused: " + done.error().reason}});
  if (!done) return error_page(done.error().status, done.error().reason);
  return json_page(to_json(*done));
}

Page Api::reload(const std::string& actor) const {
  Page page;
  page.later = [outcome = ports_.reload(), actor]() -> std::optional<Page> {
    const auto ended = outcome();
    if (!ended) return std::nullopt;
    const auto& done = *ended;
    audit(actor, "reload", done ? "generation " + std::to_string(done->generation) : "refused: " + done.error().reason);
    if (!done) return error_page(done.error().status, done.error().reason);
    return json_page(to_json(*done));
  };
  return page;
}

Page Api::drain(const std::string& body, const std::string& actor) const {
  const auto order = parse_drain_order(body);
  if (!order) return error_page(400, order.error().message);
  return order->route.empty() ? drain_process(*order, actor) : drain_endpoints(*order, actor);
}

Page Api::drain_process(const DrainOrder& order, const std::string& actor) const {
  const auto done = ports_.drain_process(order.undo);
  audit(actor, order.undo ? "undrain" : "drain", done ? done->phase : "refused: " + done.error().reason);
  if (!done) return error_page(done.error().status, done.error().reason);
  return json_page(to_json(*done));
}

Page Api::drain_endpoints(const DrainOrder& order, const std::string& actor) const {
  const auto done = ports_.drain_endpoints(order);
  audit(actor, order.undo ? "undrain" : "drain", order,
        done ? std::to_string(*done) + " changed" : "refused: " + done.error().reason);
  if (!done) return error_page(done.error().status, done.error().reason);
  Json out;
  out["changed"] = *done;
  out["endpoints"] = Json::array();
  for (const RouteView& route : ports_.routes()) {
    for (const VersionView& version : route.versions) {
      for (const EndpointView& endpoint : version.endpoints) {
        if (!concerns(order, route, version, endpoint)) continue;
        Json one = to_json(endpoint);
        one["version"] = version.version;
        out["endpoints"].push_back(std::move(one));
      }
    }
  }
  return json_page(out);
}

}  // namespace sluice::admin
