#include <algorithm>
#include <variant>

#include "sluice/policy/rules.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

bool is_zero(const CountOrRatio& value) {
  return value.ratio ? value.ratio->fraction == 0 : value.count == 0;
}

/// What each way to replace an instance needs, and what it cannot have.
void check_replace(const Rolling& rolling, const Cursor& at) {
  const bool by_repository = rolling.replace == Replace::ModelRepository;
  const Cursor repository = at.at("repository");
  if (repository.written() && !by_repository) {
    repository.error(Code::NeedsAnother, "means something only with replace: ModelRepository");
  }
  if (by_repository && !repository.meant()) {
    at.at("replace").error(Code::NeedsAnother, "replace: ModelRepository needs repository with the model's name");
  }
  if (by_repository && rolling.repository && !rolling.repository->model.empty() &&
      rolling.repository->stable_parameters == rolling.repository->candidate_parameters) {
    repository.warning(Code::NoEffect,
                       "stable and candidate load with the same parameters, so a rollback loads the same model again");
  }
  if (by_repository && !is_zero(rolling.max_surge)) {
    at.at("maxSurge").error(Code::NotTogether, "replace: ModelRepository uses the servers that are there, none beyond");
  }
  const bool hook = std::any_of(rolling.webhooks.begin(), rolling.webhooks.end(),
                                [](const Webhook& webhook) { return webhook.type == WebhookType::Rollout; });
  if (rolling.replace == Replace::Webhook && !hook) {
    at.at("replace").error(Code::NeedsAnother, "replace: Webhook needs a webhook of type rollout");
  }
}

/// A part of every rollout that always lasts longer than what counts as stuck.
void check_progress(const Rolling& rolling, const Cursor& at) {
  const Duration deadline = rolling.progress_deadline;
  if (rolling.min_ready >= deadline) {
    at.at(at.at("minReady").written() ? "minReady" : "progressDeadline")
        .error(Code::DeadlineOrder, "minReady (" + format_duration(rolling.min_ready) +
                                        ") is not less than progressDeadline (" + format_duration(deadline) +
                                        "), so every rollout would fail");
  }
  if (at.at("replaceTimeout").written() && rolling.replace_timeout > deadline) {
    at.at("replaceTimeout")
        .warning(Code::LateDeadline, "progressDeadline (" + format_duration(deadline) + ") always comes first");
  }
}

const Version* find_version(const ModelRoute& route, const std::string& name) {
  const auto found = std::find_if(route.versions.begin(), route.versions.end(),
                                  [&](const Version& version) { return version.name == name; });
  return found == route.versions.end() ? nullptr : &*found;
}

/// What is judged before the flip are copies: without a mirror there are none.
void check_pre_promotion(const PrePromotion& before, const Cursor& at) {
  if (!before.analysis || before.mirror.fraction > 0 || at.at("mirror").meant()) return;
  const std::vector<Check>& checks = before.analysis->checks;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].prometheus || checks[i].metric.empty()) continue;
    at.at("analysis")
        .at("checks")
        .at(i)
        .at("metric")
        .error(Code::NeedsAnother, "preview gets no requests to be judged by; this needs prePromotion.mirror");
    return;
  }
}

/// After the flip nobody serves beside the new version.
void check_post_promotion(const PostPromotion& after, const Cursor& at) {
  if (!after.analysis) return;
  for (std::size_t i = 0; i < after.analysis->checks.size(); ++i) {
    const Cursor versus = at.at("analysis").at("checks").at(i).at("versusStable");
    if (versus.written()) {
      versus.error(Code::Unreachable, "after the flip no other version serves to compare with; use thresholdRange");
    }
  }
}

}  // namespace

void check_different(const std::string& first, std::string_view first_role, const std::string& second,
                     std::string_view second_role, const Cursor& at) {
  if (first.empty() || first != second) return;
  at.at(second_role).error(Code::SameVersion, in_quotes(second) + " is already " + std::string(first_role));
}

void check_rolling(const Rolling& rolling, const Cursor& at) {
  check_different(rolling.stable, "stable", rolling.candidate, "candidate", at);
  if (is_zero(rolling.max_unavailable) && is_zero(rolling.max_surge)) {
    at.at("maxUnavailable").error(Code::NothingMoves, "with maxSurge 0 as well no instance can be replaced");
  }
  check_replace(rolling, at);
  check_progress(rolling, at);
}

void check_blue_green(const BlueGreen& blue_green, const Cursor& at) {
  check_different(blue_green.active, "active", blue_green.preview, "preview", at);
  const Cursor promote = at.at("autoPromote");
  if (promote.at("after").written() && !blue_green.auto_promote.enabled) {
    promote.at("after").error(Code::NeedsAnother, "after needs enabled: true");
  }
  check_pre_promotion(blue_green.pre_promotion, at.at("prePromotion"));
  check_post_promotion(blue_green.post_promotion, at.at("postPromotion"));
}

void check_stages(const Strategy& strategy, const Cursor& at) {
  const auto* list = std::get_if<Stages>(&strategy);
  if (list == nullptr) return;
  check_compared_alike(*list, at.at("stages"));
  for (std::size_t i = 0; i + 1 < list->stages.size(); ++i) {
    const auto* test = std::get_if<AbTest>(&list->stages[i].strategy);
    const Cursor stage = at.at("stages").at(i).at("abTest");
    const bool lasts = list->stages[i].until == StageEnd::Approved || list->stages[i].at_least > Duration::zero();
    if (test != nullptr && test->primary_metric.empty() && !lasts && !stage.at("primaryMetric").meant()) {
      stage.error(Code::Unreachable,
                  "without primaryMetric there is nothing to decide, so this stage ends at once: "
                  "say how long it lasts with atLeast, or until: Approved");
    }
  }
}

bool replaced_in_place(const std::vector<const Rolling*>& rollings, const std::string& one, const std::string& other) {
  return std::any_of(rollings.begin(), rollings.end(), [&](const Rolling* rolling) {
    const bool both = (rolling->stable == one && rolling->candidate == other) ||
                      (rolling->stable == other && rolling->candidate == one);
    return both && rolling->replace != Replace::Endpoints;
  });
}

void check_same_servers(const ModelRoute& route, const Rolling& rolling, const Cursor& versions) {
  const Version* stable = find_version(route, rolling.stable);
  const Version* candidate = find_version(route, rolling.candidate);
  if (rolling.replace != Replace::ModelRepository || stable == nullptr || candidate == nullptr || stable == candidate) {
    return;
  }
  const Cursor endpoints = versions.at(static_cast<std::size_t>(candidate - route.versions.data())).at("endpoints");
  if (stable->endpoints.size() != candidate->endpoints.size()) {
    endpoints.error(Code::OtherServers, "has " + std::to_string(candidate->endpoints.size()) + " where " +
                                            in_quotes(stable->name) + " has " +
                                            std::to_string(stable->endpoints.size()) +
                                            "; replace: ModelRepository needs the same servers in both");
    return;
  }
  for (std::size_t i = 0; i < candidate->endpoints.size(); ++i) {
    const Endpoint& mine = candidate->endpoints[i];
    const Endpoint& other = stable->endpoints[i];
    if (mine.host.empty() || other.host.empty() || (mine.host == other.host && mine.port == other.port)) continue;
    endpoints.at(i).error(Code::OtherServers, in_quotes(stable->name) + " has " + other.url +
                                                  " here; replace: ModelRepository needs the same servers in both");
    return;
  }
}

}  // namespace sluice::policy
