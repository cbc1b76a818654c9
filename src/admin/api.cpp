#include "sluice/admin/api.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "sluice/admin/access.hpp"
#include "sluice/admin/api_json.hpp"
#include "sluice/base/log.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRoutes = "/api/v1/routes";
constexpr std::string_view kConfig = "/api/v1/config";
constexpr std::string_view kDrain = "/api/v1/drain";
constexpr std::string_view kReload = "/api/v1/reload";
constexpr const char* kOtherPaths =
    "not found; there are /api/v1/routes, /api/v1/routes/ROUTE, /api/v1/config, /api/v1/drain and /api/v1/reload";

Page json_page(const Json& json) {
  Page page;
  page.content_type = "application/json";
  page.body = text_of(json);
  return page;
}

/// The methods that a path knows; none when there is no such path.
std::string_view methods_of(std::string_view path) noexcept {
  if (path == kRoutes || path == kConfig || path.starts_with("/api/v1/routes/")) return "GET, HEAD";
  if (path == kDrain) return "GET, HEAD, POST";
  if (path == kReload) return "POST";
  return {};
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

void log_refused(const Request& request, const Page& page) {
  static constinit log::Site site;
  log::warn(site, "admin request refused",
            {{"peer", request.peer}, {"method", request.method}, {"status", page.status}});
}

bool concerns(const DrainOrder& order, const RouteView& route, const VersionView& version,
              const EndpointView& endpoint) {
  return order.route == route.route && (order.version.empty() || order.version == version.version) &&
         (order.endpoint.empty() || order.endpoint == endpoint.endpoint);
}

}  // namespace

void Api::set_token(std::string token) {
  const std::lock_guard lock(mutex_);
  token_ = std::move(token);
}

Page Api::answer(const Request& request) const {
  const std::string token = [&] {
    const std::lock_guard lock(mutex_);
    return token_;
  }();
  if (auto refused = refuse_reader(request, token)) {
    log_refused(request, *refused);
    return std::move(*refused);
  }
  const std::string path(request.target.substr(0, request.target.find('?')));
  const std::string_view methods = methods_of(path);
  if (methods.empty()) return error_page(404, kOtherPaths);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool writes = request.method == "POST";
  if ((reads && methods.starts_with("GET")) || (writes && methods.ends_with("POST"))) {
    if (reads) return read(path);
    if (auto refused = refuse_writer(request)) {
      log_refused(request, *refused);
      return std::move(*refused);
    }
    return change(request, path, actor_of(request, token));
  }
  Page page = error_page(405, "the method does not fit; there is " + std::string(methods));
  page.allow = methods;
  return page;
}

Page Api::read(const std::string& path) const {
  if (path == kConfig) return json_page(to_json(ports_.config()));
  if (path == kDrain) return json_page(to_json(ports_.drain_state()));
  if (path == kRoutes) return json_page(to_json(ports_.routes()));
  return read_routes(path.substr(kRoutes.size() + 1));
}

Page Api::read_routes(const std::string& name) const {
  for (const RouteView& route : ports_.routes()) {
    if (route.route == name) return json_page(to_json(route));
  }
  return error_page(404, "there is no route " + name);
}

Page Api::change(const Request& request, const std::string& path, const std::string& actor) const {
  return path == kReload ? reload(actor) : drain(std::string(request.body), actor);
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
