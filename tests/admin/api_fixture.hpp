#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/admin/api.hpp"

namespace sluice::admin {

inline EndpointView endpoint_in(std::string address, std::string state) {
  EndpointView view;
  view.endpoint = std::move(address);
  view.state = std::move(state);
  return view;
}

/// An Api over a gateway that a test writes down.
class ApiTest : public ::testing::Test {
 protected:
  using Json = nlohmann::json;

  ApiTest() {
    VersionView v1;
    v1.version = "v1";
    v1.endpoints = {endpoint_in("127.0.0.1:9001", "draining"), endpoint_in("127.0.0.1:9002", "admitted")};
    VersionView v2;
    v2.version = "v2";
    v2.endpoints = {endpoint_in("127.0.0.1:9003", "admitted")};
    rollout_.route = "fraud";
    rollout_.phase = strategy::Phase::Paused;
    routes_ = {{"fraud", "canary", {v1, v2}}, {"other", "none", {v2}}};
  }

  Page ask(std::string_view method, std::string_view target, std::string_view body = {}) {
    Request request;
    request.method = method;
    request.target = target;
    request.host = "127.0.0.1:9901";
    request.peer = "127.0.0.1:4242";
    request.body = body;
    request.authorization = authorization_;
    request.last_event_id = last_event_id_;
    if (method == "POST") request.content_type = content_type_;
    return api_.answer(request);
  }
  Page reload() {
    const Page page = ask("POST", "/api/v1/reload", "{}");
    return page.later ? page.later().value_or(page) : page;
  }
  Json get(std::string_view target) { return Json::parse(ask("GET", target).body); }
  std::string error(const Page& page) { return Json::parse(page.body).value("error", ""); }

  std::vector<RouteView> routes_;
  std::vector<bool> process_orders_;
  std::vector<DrainOrder> endpoint_orders_;
  std::optional<Refusal> refusal_;
  rollout::RolloutView rollout_;
  std::vector<strategy::Command> commands_;
  std::vector<state::JournalQuery> queries_;
  std::vector<state::JournalEntry> journal_;  // newest first
  bool store_is_down_ = false;
  std::string last_event_id_;
  int reloads_ = 0;
  bool reload_is_under_way_ = false;
  std::string content_type_ = "application/json";
  std::string authorization_;
  Api api_{ApiPorts{
      [this] { return routes_; },
      [] {
        ConfigView config;
        config.generation = 7;
        return config;
      },
      [] {
        return DrainView{"serving", false, 3, 2};
      },
      [this](bool undo) -> Result<DrainView, Refusal> {
        process_orders_.push_back(undo);
        if (refusal_) return fail(*refusal_);
        return DrainView{undo ? "serving" : "announced", false, 3, 2};
      },
      [this](const DrainOrder& order) -> Result<std::size_t, Refusal> {
        endpoint_orders_.push_back(order);
        if (refusal_) return fail(*refusal_);
        return std::size_t{1};
      },
      [this] {
        ++reloads_;
        return [this]() -> std::optional<Result<ConfigView, Refusal>> {
          if (reload_is_under_way_) return std::nullopt;
          if (refusal_) return fail(*refusal_);
          return ConfigView{};
        };
      },
      [this] { return std::vector<rollout::RolloutView>{rollout_}; },
      [this](const std::string& route, const strategy::Command& command) -> Result<rollout::RolloutView, Refusal> {
        commands_.push_back(command);
        if (route != "fraud") return fail(Refusal{404, "there is no route " + route});
        if (refusal_) return fail(*refusal_);
        return rollout_;
      },
      [this](const state::JournalQuery& query) -> Result<std::vector<state::JournalEntry>> {
        queries_.push_back(query);
        if (store_is_down_) return fail(Error::internal("the disk is full"));
        return journal_;
      },
      [this](const std::string& route) -> Result<std::vector<DisagreementView>, Refusal> {
        if (route != "fraud") return fail(Refusal{404, "there is no route " + route});
        if (refusal_) return fail(*refusal_);
        return std::vector<DisagreementView>(3);
      },
  }};
};

}  // namespace sluice::admin
