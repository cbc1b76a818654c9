#include "sample_model/repository.hpp"

#include <nlohmann/json.hpp>

#include "sample_model/quantities.hpp"

namespace sluice::sample_model {
namespace {

using Json = nlohmann::json;

Failure<Error> refuse_setting(std::string why) {
  return fail(Error::client(std::move(why)));
}

/// Takes one parameter; nothing on success.
Result<void> take(const std::string& name, const std::string& text, LoadRequest& request) {
  if (name == "variant") {
    request.variant = text;
    return {};
  }
  if (name == "latency") {
    const auto latency = parse_duration(text);
    if (!latency) return refuse_setting("\"latency\" must be a duration, for example 80ms");
    request.faults.latency = *latency;
    return {};
  }
  if (name == "noise") {
    const auto noise = parse_noise(text);
    if (!noise) return refuse_setting("\"noise\" names id, timestamp, sampling");
    request.faults.noise = *noise;
    return {};
  }
  if (name != "error-rate" && name != "drift") {
    return refuse_setting("unknown parameter \"" + name.substr(0, 64) +
                          "\"; there are \"variant\", \"error-rate\", \"latency\", \"drift\" and \"noise\"");
  }
  const auto share = parse_percent(text);
  if (!share) return refuse_setting("\"" + name + "\" must be 0% to 100%");
  (name == "drift" ? request.faults.drift : request.faults.error_rate) = *share;
  return {};
}

}  // namespace

Result<LoadRequest> read_load_request(std::string_view body, LoadRequest usual) {
  if (body.empty()) return usual;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return refuse_setting("the body must be a JSON object");
  const auto parameters = json.find("parameters");
  if (parameters == json.end()) return usual;
  if (!parameters->is_object()) return refuse_setting("\"parameters\" must be an object");
  for (const auto& [name, value] : parameters->items()) {
    if (!value.is_string()) return refuse_setting("parameter \"" + name.substr(0, 64) + "\" must be a string");
    if (auto taken = take(name, value.get<std::string>(), usual); !taken) return fail(taken.error());
  }
  return usual;
}

Repository::Repository(Variants variants, LoadRequest usual)
    : variants_(std::move(variants)), usual_(std::move(usual)) {
  begin_load(usual_)();
}

std::function<void()> Repository::begin_load(const LoadRequest& request) {
  loading_ = true;
  auto model = std::make_shared<LoadedModel>(
      LoadedModel{request.variant, variants_.at(request.variant), FaultInjector(request.faults)});
  return [this, model = std::move(model), change = ++changes_]() mutable {
    if (change != changes_) return;
    current_ = std::move(model);
    loading_ = false;
  };
}

void Repository::unload() noexcept {
  ++changes_;
  loading_ = false;
  current_.reset();
}

}  // namespace sluice::sample_model
