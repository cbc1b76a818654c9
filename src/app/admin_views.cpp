#include "sluice/app/admin_views.hpp"

#include <algorithm>
#include <fstream>

namespace sluice::app {

namespace {

constexpr std::size_t kTokenBytes = 4096;
constexpr int kFirstServerError = 500;

void add_answers(admin::VersionView& view, const metrics::StatusTotals& answers) {
  for (std::size_t slot = 0; slot < answers.size(); ++slot) {
    view.answered += answers[slot];
    if (metrics::status_of_slot(slot) >= kFirstServerError) view.failed += answers[slot];
  }
}

/// Nothing for one that is no shadow and never was, as in the metrics.
std::optional<admin::CopiesView> copies_of(const metrics::VersionTotals& totals) {
  admin::CopiesView copies;
  for (const std::uint64_t answers : totals.shadow_responses) copies.answered += answers;
  for (std::size_t i = 0; i < totals.shadow_dropped.size(); ++i) {
    if (totals.shadow_dropped[i] == 0) continue;
    copies.dropped.emplace_back(metrics::to_string(static_cast<metrics::ShadowDropReason>(i)),
                                totals.shadow_dropped[i]);
  }
  if (copies.answered == 0 && copies.dropped.empty()) return std::nullopt;
  return copies;
}

/// A version gets requests of clients or copies of them, rarely both; percentiles are of what there is more of.
admin::VersionView view_of(const metrics::VersionSnapshot& version) {
  const metrics::VersionTotals& totals = version.totals;
  admin::VersionView view;
  view.version = version.name;
  view.role = version.role;
  view.target_weight = version.target_weight;
  view.observed_weight = version.observed_weight;
  view.observed_decisions = version.observed_decisions;
  for (const std::uint64_t calls : totals.fallbacks) view.rescued += calls;
  add_answers(view, totals.responses);
  add_answers(view, totals.shadow_responses);
  view.in_flight = totals.in_flight + totals.shadow_in_flight;
  const bool mostly_copies = totals.shadow_duration.count() > totals.request_duration.count();
  const stats::Histogram& durations = mostly_copies ? totals.shadow_duration : totals.request_duration;
  view.p50 = durations.quantile(0.50);
  view.p95 = durations.quantile(0.95);
  view.p99 = durations.quantile(0.99);
  view.copies = copies_of(totals);
  return view;
}

admin::EndpointView view_of(const upstream::EndpointReport& report, Duration wall_offset) {
  admin::EndpointView view;
  view.endpoint = report.authority;
  view.state = metrics::to_string(report.state);
  view.share = report.share;
  view.reason = report.reason;
  view.seconds_in_state = report.seconds_in_state;
  if (wall_offset != Duration::zero()) view.state_since = WallTime(report.since.time_since_epoch() + wall_offset);
  view.last_check = report.last_check;
  view.in_flight = report.in_flight;
  view.ejections = report.ejections;
  return view;
}

/// The entry whose `member` is `name`, made when there is none.
template <typename T>
T& find_or_add(std::vector<T>& list, std::string T::*member, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const T& entry) { return entry.*member == name; });
  if (found != list.end()) return *found;
  list.emplace_back().*member = name;
  return list.back();
}

admin::Refusal not_there(std::string reason) {
  return {404, std::move(reason)};
}

}  // namespace

std::vector<admin::RouteView> route_views(const metrics::Snapshot& snapshot,
                                          const std::vector<upstream::EndpointReport>& reports, Duration wall_offset) {
  std::vector<admin::RouteView> routes;
  for (const metrics::RouteSnapshot& route : snapshot.routes) {
    admin::RouteView& view = routes.emplace_back();
    view.route = route.name;
    if (!route.versions.empty()) view.strategy = route.versions.front().strategy;
    for (const metrics::VersionSnapshot& version : route.versions) view.versions.push_back(view_of(version));
  }
  for (const upstream::EndpointReport& report : reports) {
    admin::RouteView& route = find_or_add(routes, &admin::RouteView::route, report.route);
    find_or_add(route.versions, &admin::VersionView::version, report.version)
        .endpoints.push_back(view_of(report, wall_offset));
  }
  return routes;
}

void fill_from_rollouts(std::vector<admin::RouteView>& routes, const std::vector<rollout::RolloutView>& rollouts) {
  for (const rollout::RolloutView& rollout : rollouts) {
    admin::RouteView& route = find_or_add(routes, &admin::RouteView::route, rollout.route);
    if (route.strategy.empty()) route.strategy = rollout.strategy;
    for (const rollout::VersionShare& share : rollout.versions) {
      admin::VersionView& version = find_or_add(route.versions, &admin::VersionView::version, share.version);
      if (!version.role.empty()) continue;
      version.role = share.role;
      version.target_weight = share.target;
    }
  }
}

std::optional<admin::Refusal> unknown_name(const admin::DrainOrder& order,
                                           const std::vector<admin::RouteView>& routes) {
  const auto route = std::find_if(routes.begin(), routes.end(), [&](const auto& r) { return r.route == order.route; });
  if (route == routes.end()) return not_there("there is no route " + order.route);
  bool version_found = false;
  bool endpoint_found = false;
  for (const admin::VersionView& version : route->versions) {
    if (!order.version.empty() && version.version != order.version) continue;
    version_found = true;
    endpoint_found = endpoint_found || std::any_of(version.endpoints.begin(), version.endpoints.end(), [&](auto& e) {
                       return order.endpoint.empty() || e.endpoint == order.endpoint;
                     });
  }
  if (!version_found) return not_there("route " + order.route + " has no version " + order.version);
  if (endpoint_found) return std::nullopt;
  const std::string where = order.version.empty() ? order.route : order.version + " of " + order.route;
  return not_there(where + " has no endpoint" + (order.endpoint.empty() ? "" : " " + order.endpoint));
}

std::int64_t requests_in_flight(const metrics::Snapshot& snapshot) {
  std::int64_t total = 0;
  for (const metrics::RouteSnapshot& route : snapshot.routes) {
    for (const metrics::VersionSnapshot& version : route.versions) {
      total += version.totals.in_flight + version.totals.shadow_in_flight;
    }
  }
  return total;
}

Result<std::string> token_of(const policy::Admin& admin) {
  if (admin.token_file.empty()) return std::string();
  const auto wrong = [&](const char* what) {
    return fail(Error::internal("spec.admin.tokenFile " + admin.token_file + ": " + what));
  };
  std::ifstream in(admin.token_file, std::ios::binary);
  std::string text(kTokenBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) return wrong("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kTokenBytes) return wrong("holds more than a token");
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return wrong("is empty");
  text = text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!visible) return wrong("holds more than one word of ASCII");
  return text;
}

}  // namespace sluice::app
