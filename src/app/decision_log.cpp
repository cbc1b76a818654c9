#include "sluice/app/decision_log.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

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
