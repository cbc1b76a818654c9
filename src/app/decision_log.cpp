#include "sluice/app/decision_log.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "sluice/traffic/from_policy.hpp"

namespace sluice::app {

namespace {

/// What `old` alone knows is added to `routes`.
void keep_known(std::vector<outcomes::LoggedRoute>& routes, const outcomes::LoggedRoute& old) {
  const auto same =
      std::find_if(routes.begin(), routes.end(), [&](const auto& route) { return route.name == old.name; });
  if (same == routes.end()) {
    routes.push_back(old);
    return;
  }
  for (const std::string& version : old.versions) {
    auto& known = same->versions;
    if (std::find(known.begin(), known.end(), version) == known.end()) known.push_back(version);
  }
}

/// Every bandit of the route that goes by a context: stages may have several.
std::vector<const policy::Bandit*> contextual_bandits(const policy::Strategy& strategy) {
  std::vector<const policy::Bandit*> found;
  const auto note = [&](const auto& some) {
    const auto* bandit = std::get_if<policy::Bandit>(&some);
    if (bandit != nullptr && bandit->algorithm == policy::BanditAlgorithm::LinearThompson) found.push_back(bandit);
  };
  note(strategy);
  if (const auto* stages = std::get_if<policy::Stages>(&strategy)) {
    for (const policy::Stage& stage : stages->stages) note(stage.strategy);
  }
  return found;
}

/// What a record's values stand for, in the order of the plan's fields. Of stages with different contexts nobody could
/// say whose a value is.
std::vector<outcomes::LoggedRoute::Context> context_of(const policy::ModelRoute& route) {
  const auto bandits = contextual_bandits(route.strategy);
  if (bandits.empty()) return {};
  const auto& features = bandits.front()->context;
  const auto same = [&](const policy::Bandit* other) { return other->context == features; };
  const auto fields = traffic::context_fields(*bandits.front());
  if (!fields || !std::all_of(bandits.begin(), bandits.end(), same)) return {};
  std::vector<outcomes::LoggedRoute::Context> context;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    auto& known = context.emplace_back();
    known.name = features[i].name;
    known.categories = (*fields)[i].values;
    for (int bucket = 0; bucket < (*fields)[i].buckets; ++bucket) {
      known.categories.push_back("#" + std::to_string(bucket));
    }
  }
  return context;
}

}  // namespace

Result<void> DecisionLog::open(const policy::DecisionLog& wished, std::size_t workers) {
  const auto directory = std::filesystem::path(wished.path).parent_path();
  std::error_code problem;
  if (!directory.empty() && !std::filesystem::is_directory(directory, problem)) {
    return fail(Error::internal("the decision log cannot be opened: there is no directory " + directory.string()));
  }
  outcomes::DecisionLogger::Options options;
  options.path = wished.path;
  options.limits.bytes = wished.file_bytes.count;
  options.limits.files = wished.files;
  options.workers = workers;
  auto started = outcomes::DecisionLogger::start(options);
  if (!started) return fail(Error::internal("the decision log cannot be opened: " + started.error().message));
  logger_ = std::move(*started);
  ratio_ = wished.sample.fraction;
  return {};
}

void DecisionLog::expect(const std::vector<policy::ModelRoute>& routes) {
  if (!logger_) return;
  expected_.clear();
  for (const policy::ModelRoute& route : routes) {
    outcomes::LoggedRoute& known = expected_.emplace_back();
    known.name = route.name;
    known.ratio = ratio_;
    known.context = context_of(route);
    for (const policy::Version& version : route.versions) known.versions.push_back(version.name);
  }
  auto all = expected_;
  for (const outcomes::LoggedRoute& old : in_force_) keep_known(all, old);
  logger_->set_routes(std::move(all));
}

void DecisionLog::settle() {
  in_force_ = std::move(expected_);
  expected_.clear();
}

}  // namespace sluice::app
